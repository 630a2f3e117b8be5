package summary

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var exportNow = time.Date(2026, 10, 1, 9, 0, 0, 0, time.UTC)

// What was imported is exported and imported again as the same record, whatever the document was like.
func TestExportRoundTripOfEveryBundle(t *testing.T) {
	for name, document := range bundles(t) {
		t.Run(name, func(t *testing.T) {
			imported, err := Import(document)
			if err != nil {
				t.Fatal(err)
			}
			if err := Validate(imported.Record); err != nil {
				t.Errorf("what was imported is not valid: %v", err)
			}
			exported, err := Export(imported.Record, ExportOptions{Now: exportNow, Author: "Locket"})
			if err != nil {
				t.Fatal(err)
			}
			again, err := Import(exported)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(imported.Record, again.Record); diff != "" {
				t.Errorf("record differs after export and import (-first +second):\n%s", diff)
			}
			for _, line := range again.NotUnderstood {
				t.Errorf("not understood of our own export: %s: %s (%s)", line.Path, line.Words, line.Why)
			}
		})
	}
}
