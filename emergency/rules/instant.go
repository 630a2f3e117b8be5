package rules

import (
	"math"
	"math/bits"
	"time"

	"github.com/locket-health/locket/emergency/section"
)

// instants are milliseconds since 1970 UTC, one for each section; zero is none.
type instants [section.PrivateNotes + 1]int64

// earliest is the first instant of the sections in the set, the zero time for an empty set.
func earliest(set section.Set, at *instants) time.Time {
	first := int64(math.MaxInt64)
	for rest := uint32(set); rest != 0; rest &= rest - 1 {
		first = min(first, at[bits.TrailingZeros32(rest)])
	}
	if first == math.MaxInt64 {
		return time.Time{}
	}
	return instant(first)
}

// group gathers the sections of a set that share an instant, the earliest first.
func group(set section.Set, at *instants) []Grant {
	var grants []Grant
	for _, s := range set.Sections() {
		moment := instant(at[s])
		i := 0
		for i < len(grants) && grants[i].Until.Before(moment) {
			i++
		}
		if i == len(grants) || !grants[i].Until.Equal(moment) {
			grants = append(grants[:i], append([]Grant{{Until: moment}}, grants[i:]...)...)
		}
		grants[i].Sections = grants[i].Sections.Add(s)
	}
	return grants
}

// endOfTime is the last millisecond of the year 9999. Instants are held between 1970 and there, so that sums cannot overflow.
const endOfTime = 253402300799999

func milliseconds(t time.Time) int64 {
	switch year := t.Year(); {
	case year < 1970:
		return 0
	case year > 9999:
		return endOfTime
	default:
		return t.UnixMilli()
	}
}

func limit(t time.Time, none int64) int64 {
	if t.IsZero() {
		return none
	}
	return milliseconds(t)
}

func instant(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
