package locale

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time as people say it: "4 hours", "14 days".
type Duration struct {
	Count int
	Unit  string // "minute", "hour", "day", "month" or "year"
}

// DurationOf is the whole number of the largest unit that says d without loss of a minute: 90 minutes stay minutes, 48 hours are 2 days.
func DurationOf(d time.Duration) Duration {
	minutes := int(d.Round(time.Minute) / time.Minute)
	switch {
	case minutes != 0 && minutes%(24*60) == 0:
		return Duration{minutes / (24 * 60), "day"}
	case minutes != 0 && minutes%60 == 0:
		return Duration{minutes / 60, "hour"}
	default:
		return Duration{minutes, "minute"}
	}
}

// Key is a value that is itself a key of the catalogue and is said in the language of the sentence it stands in: Key("section.allergies").
type Key string

// Format writes a value in a language: texts as they are, a [Key] as its words, whole and decimal numbers in Latin digits, a [Duration],
// time.Duration or map with "count" and "unit" as "4 hours", a [Date] or time.Time as a date, a list as "a, b and c".
func (c *Catalog) Format(lang string, value any) string {
	if n, ok := whole(value); ok {
		return strconv.Itoa(n)
	}
	switch v := value.(type) {
	case string:
		return v
	case Key:
		return c.T(lang, string(v))
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case Duration:
		return c.T(lang, "unit."+v.Unit, "count", v.Count)
	case time.Duration:
		return c.Format(lang, DurationOf(v))
	case Date:
		return c.Date(lang, v)
	case time.Time:
		return c.Time(lang, v)
	case []string:
		return c.List(lang, v)
	case []Key:
		return c.List(lang, said(v, func(key Key) string { return c.T(lang, string(key)) }))
	case []any:
		return c.List(lang, said(v, func(each any) string { return c.Format(lang, each) }))
	case map[string]any:
		count, _ := whole(v["count"])
		unit, _ := v["unit"].(string)
		return c.Format(lang, Duration{count, unit})
	default:
		return fmt.Sprint(value)
	}
}

func said[T any](values []T, say func(T) string) []string {
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = say(value)
	}
	return list
}

// List joins words as a language does: "a, b and c".
func (c *Catalog) List(lang string, words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	form := grammar(lang)
	last := len(words) - 1
	return strings.Join(words[:last], form.comma) + form.and + words[last]
}

// whole is a value as a whole number, if it is one. JSON numbers arrive as float64.
func whole(value any) (int, bool) {
	switch n := value.(type) {
	case int:
		return n, true
	case int32:
		return int(n), true
	case int64:
		return int(n), true
	case uint8:
		return int(n), true
	case uint32:
		return int(n), true
	case float64:
		return int(n), n == float64(int(n))
	}
	return 0, false
}
