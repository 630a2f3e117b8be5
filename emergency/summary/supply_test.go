package summary

import (
	"testing"
	"time"
)

func TestDaysLeft(t *testing.T) {
	oslo := time.FixedZone("", 2*60*60)
	tests := []struct {
		name  string
		until Date
		now   time.Time
		want  int
		known bool
	}{
		{"three weeks", "2026-05-24", time.Date(2026, 5, 3, 9, 0, 0, 0, time.UTC), 21, true},
		{"today", "2026-05-03", time.Date(2026, 5, 3, 23, 59, 0, 0, time.UTC), 0, true},
		{"gone", "2026-05-01", time.Date(2026, 5, 3, 0, 0, 0, 0, time.UTC), -2, true},
		{"the day of the zone counts", "2026-05-04", time.Date(2026, 5, 4, 1, 0, 0, 0, oslo), 0, true},
		{"over a leap day", "2028-03-01", time.Date(2028, 2, 28, 12, 0, 0, 0, time.UTC), 2, true},
		{"not said", "", time.Date(2026, 5, 3, 0, 0, 0, 0, time.UTC), 0, false},
		{"some day of a month", "2026-05", time.Date(2026, 5, 3, 0, 0, 0, 0, time.UTC), 0, false},
		{"no date", "soon, maybe", time.Date(2026, 5, 3, 0, 0, 0, 0, time.UTC), 0, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, known := (Item{SupplyUntil: test.until}).DaysLeft(test.now); got != test.want || known != test.known {
				t.Errorf("DaysLeft = %d, %v, want %d, %v", got, known, test.want, test.known)
			}
		})
	}
}
