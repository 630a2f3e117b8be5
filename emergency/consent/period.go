package consent

import (
	"strings"
	"time"
)

// Where on Earth a day begins first and ends last: UTC+14 and UTC-12.
const (
	earliestZone = 14 * time.Hour
	latestZone   = -12 * time.Hour
)

// readPeriod reads a period. A day, a month or a year without a zone begins where it begins last and ends where it ends first, so that it is never longer
// than what was meant.
func readPeriod(value any) (from, until time.Time, ok bool) {
	o, ok := value.(object)
	if !ok || len(o) == 0 || !only(o, "start", "end", "id") {
		return from, until, false
	}
	if start, given := o["start"]; given {
		if from, ok = readStart(start); !ok {
			return from, until, false
		}
	}
	if end, given := o["end"]; given {
		if until, ok = readEnd(end); !ok {
			return from, until, false
		}
	}
	return from, until, from.IsZero() || until.IsZero() || from.Before(until)
}

func readStart(value any) (time.Time, bool) {
	moment, _, whole, ok := readTime(value)
	switch {
	case !ok:
		return moment, false
	case whole:
		return moment.Add(-latestZone), true
	case moment.Nanosecond() != 0:
		return moment.Truncate(time.Second).Add(time.Second), true
	}
	return moment, true
}

func readEnd(value any) (time.Time, bool) {
	moment, next, whole, ok := readTime(value)
	switch {
	case !ok:
		return moment, false
	case whole:
		return next.Add(-earliestZone), true
	case moment.Nanosecond() != 0:
		return moment.Truncate(time.Second), true
	}
	return moment.Add(time.Second), true // the second itself is within
}

// readTime reads a FHIR dateTime. Of a whole day, month or year it returns the first moment, in UTC, and that of the next one.
func readTime(value any) (moment, next time.Time, whole, ok bool) {
	s, ok := value.(string)
	if !ok || len(s) > len("2006-01-02T15:04:05.000000000+00:00") {
		return moment, next, false, false
	}
	if strings.Contains(s, "T") {
		moment, err := time.Parse(time.RFC3339, s)
		return moment.UTC(), next, false, err == nil
	}
	for _, unit := range []struct {
		layout              string
		years, months, days int
	}{{"2006", 1, 0, 0}, {"2006-01", 0, 1, 0}, {"2006-01-02", 0, 0, 1}} {
		if moment, err := time.Parse(unit.layout, s); err == nil {
			return moment, moment.AddDate(unit.years, unit.months, unit.days), true, true
		}
	}
	return moment, next, false, false
}
