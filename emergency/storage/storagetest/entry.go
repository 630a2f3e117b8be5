package storagetest

import (
	"slices"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

func testEntriesNear(t *testing.T, s Store) {
	p, other := patient(1).ID, patient(2).ID
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error {
		for _, each := range []struct {
			of   emergency.PatientID
			kind audit.Type
			at   int
		}{{p, audit.GlassOpened, 100}, {other, audit.GlassOpened, 200}, {p, audit.CardScanned, 200}, {p, audit.GlassOpened, 300}, {p, audit.GlassOpened, 210}, {p, audit.GlassOpened, 190}} {
			event := opened(each.of)
			event.Type, event.At = each.kind, later(each.at)
			tx.Append(event)
		}
		return nil
	})
	for _, c := range []struct {
		name  string
		of    emergency.PatientID
		kind  audit.Type
		at    time.Time
		limit int
		want  []uint64
	}{
		{"the nearest first", p, audit.GlassOpened, later(205), 9, []uint64{4, 5, 3, 1}},
		{"of two as near the earlier first", p, audit.GlassOpened, later(200), 2, []uint64{4, 5}},
		{"before all", p, audit.GlassOpened, later(0), 1, []uint64{1}},
		{"of another type", p, audit.CardScanned, later(0), 9, []uint64{2}},
		{"of somebody else", other, audit.GlassOpened, later(0), 9, []uint64{1}},
		{"of nobody", "nobody", audit.GlassOpened, later(0), 9, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := read(t, s, func(r emergency.Reader) ([]uint64, error) { return r.EntriesNear(string(c.of), c.kind, c.at, c.limit) })
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("EntriesNear = %v, %v, want %v", got, err, c.want)
			}
		})
	}
}
