package summary

import (
	"errors"
	"time"
)

// Date is a calendar date as far as it is known: "yyyy", "yyyy-mm" or "yyyy-mm-dd" (FHIR date). "" is no date.
type Date string

// ErrDate is returned for text that is no date of the calendar between the years 1 and 9999.
var ErrDate = errors.New("summary: not a date of the form yyyy, yyyy-mm or yyyy-mm-dd")

// ParseDate checks that text is a partial date that exists.
func ParseDate(text string) (Date, error) {
	if year, _, _ := Date(text).Parts(); year == 0 {
		return "", ErrDate
	}
	return Date(text), nil
}

// DateOf returns the day of t in t's own zone.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// dateOf returns a date of its parts; month and day are 0 where they are not known. "" stands for what does not exist.
func dateOf(year, month, day int) Date {
	if year < 1 || year > 9999 || month < 0 || day < 0 || month == 0 && day > 0 {
		return ""
	}
	text := [...]byte{digit(year / 1000), digit(year / 100), digit(year / 10), digit(year), '-', digit(month / 10), digit(month), '-', digit(day / 10), digit(day)}
	switch {
	case month == 0:
		return Date(text[:len("2006")])
	case month > 12:
		return ""
	case day == 0:
		return Date(text[:len("2006-01")])
	case day > daysIn(year, month):
		return ""
	}
	return Date(text[:])
}

// digit is the last digit of a number.
func digit(n int) byte { return byte('0' + n%10) }

// Valid reports whether d is empty or a date that exists.
func (d Date) Valid() bool {
	year, _, _ := d.Parts()
	return d == "" || year > 0
}

// whole reports whether d names a day.
func (d Date) whole() bool { return len(d) == len(time.DateOnly) && d.Valid() }

// Parts returns year, month and day; month and day are 0 where they are not known. A date that is not valid is 0, 0, 0.
func (d Date) Parts() (year, month, day int) {
	switch {
	case len(d) == len("2006"):
	case len(d) == len("2006-01") && d[4] == '-':
		if month = number(d[5:]); month < 1 || month > 12 {
			return 0, 0, 0
		}
	case len(d) == len(time.DateOnly) && d[4] == '-' && d[7] == '-':
		if month = number(d[5:7]); month < 1 || month > 12 {
			return 0, 0, 0
		}
		if day = number(d[8:]); day < 1 || day > daysIn(number(d[:4]), month) {
			return 0, 0, 0
		}
	default:
		return 0, 0, 0
	}
	if year = number(d[:4]); year < 1 {
		return 0, 0, 0
	}
	return year, month, day
}

// number reads decimal digits, -1 where there is anything else.
func number(digits Date) int {
	n := 0
	for i := range len(digits) {
		c := digits[i]
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// daysIn is the length of a month in the calendar of FHIR dates (Gregorian, also before 1582).
func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
