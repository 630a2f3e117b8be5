package floor_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/storage"
	"github.com/locket-health/locket/emergency/storage/floor"
)

// The floor of the log writes the house's own rows, under all that the house's tables ask for.
func TestALedgerWritesTheRowsOfTheHouse(t *testing.T) {
	config := storage.Config{Path: filepath.Join(t.TempDir(), "house.db"), Create: true, Sealer: audittest.Sealer()}
	store, err := storage.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	card := emergency.Card{ID: cards.ID{1}, Patient: "patient", SealedAddress: []byte("address"), SealedLabel: []byte("label")}
	err = store.Update(t.Context(), func(tx emergency.Tx) error {
		tx.Append(audittest.Event(1))
		return errors.Join(tx.PutPatient(emergency.Patient{ID: "patient", SealedName: []byte("name")}), tx.PutCard(card))
	})
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}

	ledger, err := floor.OpenLedger(t.Context(), config.Path, floor.Ready)
	if err != nil {
		t.Fatal(err)
	}
	opening := func(i int) floor.Decision {
		return floor.Decision{Grant: fmt.Sprint(i), Token: fmt.Appendf(nil, "%032d", i), Card: card.ID[:], Patient: "patient", Step: "critical", From: 1, Until: 2,
			Leaf: make([]byte, audit.CommitmentSize), Sealed: []byte("sealed"), Type: string(audit.GlassOpened)}
	}
	const callers, each = 8, 10
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for i := range each {
				decision := opening(1 + caller*each + i)
				if i%2 == 1 {
					decision.Receipt, decision.Token = decision.Token, nil
				}
				if err := ledger.Append(decision); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n, err := ledger.Rows(t.Context()); n != 1+callers*each || err != nil {
		t.Errorf("got %d rows, %v; want %d", n, err, 1+callers*each)
	}
	if err := errors.Join(ledger.Close(), ledger.Close()); err != nil {
		t.Fatal(err)
	}
	if err := ledger.Append(opening(0)); !errors.Is(err, floor.ErrClosed) {
		t.Errorf("Append after Close: got %v, want ErrClosed", err)
	}

	if store, err = storage.Open(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	entries, err := store.SubjectEntries(t.Context(), "patient", 0, 1000)
	if err != nil || len(entries) != callers*each {
		t.Errorf("the house reads %d entries, %v; want %d", len(entries), err, callers*each)
	}
}
