package locale

import (
	"strconv"
	"time"
)

// Date is a calendar date of which the day, or the month and the day, may be unknown (zero).
type Date struct {
	Year, Month, Day int
}

// dates is how a language writes one. {m} stands for the name of the month.
type dates struct {
	full   string // day, month and year
	month  string // month and year
	months [12]string
	alone  [12]string // the names without a day, where they differ
}

// Date writes what is known of a date: "6 August 2018", "August 2018", "2018", or nothing. A date that no calendar has is written as it stands.
func (c *Catalog) Date(lang string, date Date) string {
	year := strconv.Itoa(date.Year)
	if date.Year == 0 {
		return ""
	}
	if date.Month < 1 || date.Month > 12 {
		return year
	}
	form := grammar(lang).dates
	pattern, names := form.full, form.months
	if date.Day == 0 {
		pattern = form.month
		if form.alone[0] != "" {
			names = form.alone
		}
	}
	return fill(pattern, func(part string) (string, bool) {
		switch part {
		case "d":
			return strconv.Itoa(date.Day), true
		case "m":
			return names[date.Month-1], true
		default:
			return year, true
		}
	})
}

// Time writes a moment in the time zone it is given in, to the minute, with the zone said.
func (c *Catalog) Time(lang string, at time.Time) string {
	day := c.Date(lang, Date{Year: at.Year(), Month: int(at.Month()), Day: at.Day()})
	return c.T(lang, "unit.moment", "date", day, "time", at.Format("15:04"), "zone", at.Format("MST"))
}

func numbered(suffix string) (months [12]string) {
	for i := range months {
		months[i] = strconv.Itoa(i+1) + suffix
	}
	return months
}
