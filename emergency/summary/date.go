package summary

import (
	"errors"
	"time"
)

// Date is a calendar date as far as it is known: "yyyy", "yyyy-mm" or "yyyy-mm-dd" (FHIR date). "" is no date.
type Date string

// ErrDate is returned for text that is no date of the calendar between the years 1 and 9999.
var ErrDate = errors.New("summary: not a date of the form yyyy, yyyy-mm or yyyy-mm-dd")

var layouts = map[int]string{4: "2006", 7: "2006-01", 10: time.DateOnly}

// ParseDate checks that text is a partial date that exists.
func ParseDate(text string) (Date, error) {
	layout, known := layouts[len(text)]
	if !known {
		return "", ErrDate
	}
	if t, err := time.Parse(layout, text); err != nil || t.Year() < 1 {
		return "", ErrDate
	}
	return Date(text), nil
}

// DateOf returns the day of t in t's own zone.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// Valid reports whether d is empty or a date that exists.
func (d Date) Valid() bool {
	if d == "" {
		return true
	}
	_, err := ParseDate(string(d))
	return err == nil
}

// Parts returns year, month and day; month and day are 0 where they are not known. A date that is not valid is 0, 0, 0.
func (d Date) Parts() (year, month, day int) {
	layout, known := layouts[len(d)]
	if !known {
		return 0, 0, 0
	}
	t, err := time.Parse(layout, string(d))
	if err != nil || t.Year() < 1 {
		return 0, 0, 0
	}
	year = t.Year()
	if len(d) >= len("2006-01") {
		month = int(t.Month())
	}
	if len(d) == len(time.DateOnly) {
		day = t.Day()
	}
	return year, month, day
}
