package audit_test

import (
	"errors"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

// Below the minimum index bundles are refused. Tiles, proofs and checkpoints are what they were.
func TestAPrunedLogIsServed(t *testing.T) {
	s, l := published(t, 520)
	audittest.Erase(t, s, audit.OnAge, 3, 259)
	publish(t, l)
	audittest.Prune(t, s, 256)
	for path, want := range map[string]error{"tile/entries/000": audit.ErrPruned, "tile/entries/001": nil, "tile/0/000": nil, "tile/1/000.p/2": nil} {
		if _, err := l.Tile(t.Context(), path); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
	for _, index := range []int64{2, 3, 259, 521} {
		proof, err := l.Prove(t.Context(), index)
		if err != nil {
			t.Fatalf("Prove(%d): %v", index, err)
		}
		if index == 3 {
			continue // whoever has its receipt from before has the entry
		}
		rows, err := s.Entries(t.Context(), index, index+1)
		if err != nil {
			t.Fatal(err)
		}
		if err := audit.VerifyProof(l.Verifier(), rows[0].Leaf, proof); err != nil {
			t.Errorf("entry %d: %v", index, err)
		}
	}
	report, err := audit.VerifyRemote(t.Context(), fetch(l), l.Verifier(), nil)
	if err != nil || report.Size != 522 || report.Pruned != 256 {
		t.Errorf("VerifyRemote = %+v, %v", report, err)
	}
	// A row that is missing above the minimum is damage, for whoever asks for it.
	s.Tamper(func(c *audittest.Contents) { c.Entries = append(c.Entries[:300:300], c.Entries[301:]...) })
	if _, err := l.Tile(t.Context(), "tile/entries/001"); !failsAt(err, 301) {
		t.Errorf("a bundle that lost a row: %v", err)
	}
	if _, err := l.Prove(t.Context(), 301); !failsAt(err, 301) {
		t.Errorf("an entry that lost its row: %v", err)
	}
}

// A receipt from before the pruning verifies against every later checkpoint's key, without its row.
func TestAReceiptOutlivesItsRow(t *testing.T) {
	s, l := published(t, 300)
	history, err := l.History(t.Context(), "patient-1", 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := history[0].Receipt()
	if err != nil {
		t.Fatal(err)
	}
	audittest.Erase(t, s, audit.OnRequest, 1)
	audittest.Prune(t, s, 256)
	publish(t, l)
	r, err := audit.VerifyReceipt(l.Verifier(), receipt)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := l.Prove(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := audit.VerifyProof(l.Verifier(), r.Entry, proof); err != nil {
		t.Errorf("what the receipt holds does not stand in the newest checkpoint: %v", err)
	}
}

func TestPruneBelow(t *testing.T) {
	s, l := published(t, 700)
	audittest.Add(t, s, audittest.Events(700, 900)...)
	for row, want := range map[int64]audit.Pruning{
		0: {Epoch: 1}, 255: {Epoch: 1}, 256: {256, 1, 256}, 600: {512, 1, 512}, 899: {512, 1, 512}, 5000: {512, 1, 512},
	} {
		if got, err := l.PruneBelow(t.Context(), row); err != nil || got != want {
			t.Errorf("PruneBelow(%d) = %+v, %v, want %+v", row, got, err, want)
		}
	}
	l = secondEpoch(t, s, audittest.Events(900, 1500)...)
	for row, want := range map[int64]audit.Pruning{899: {768, 1, 768}, 900: {900, 2, 0}, 1400: {900, 2, 0}} {
		if got, err := l.PruneBelow(t.Context(), row); err != nil || got != want {
			t.Errorf("with a second epoch: PruneBelow(%d) = %+v, %v, want %+v", row, got, err, want)
		}
	}
}

func TestRowBefore(t *testing.T) {
	s, _ := published(t, 700)
	l := secondEpoch(t, s, audittest.Events(700, 900)...) // its first row is the one that says so
	audittest.Erase(t, s, audit.OnAge, 300, 301, 302)
	audittest.Prune(t, s, 512)
	for _, want := range []int64{0, 1, 256, 299, 304, 511, 512, 699, 702, 900} {
		event := want
		if want > 700 {
			event--
		}
		if got, err := l.RowBefore(t.Context(), audittest.Event(int(event)).At); err != nil || got != want {
			t.Errorf("RowBefore of the time of row %d = %d, %v", want, got, err)
		}
	}
	if got, err := l.RowBefore(t.Context(), audittest.Epoch().AddDate(9, 0, 0)); err != nil || got != 905 {
		t.Errorf("RowBefore of a time to come = %d, %v", got, err)
	}
}
