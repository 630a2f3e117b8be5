package storagetest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/emergency"
)

// equal compares what was not read through shows.
func equal[T any](t *testing.T, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got (+), want (-):\n%s", diff)
	}
}

func testPatients(t *testing.T, s Store) {
	one, two := account(1).ID, account(2).ID
	child, born := patient(4), patient(3)
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error {
		return errors.Join(tx.PutPatient(child), tx.PutPatient(born), tx.PutKeeper(one, child.ID), tx.PutKeeper(one, born.ID),
			tx.PutKeeper(two, child.ID), tx.PutKeeper(two, child.ID))
	})
	kept := func(by emergency.AccountID) func(r emergency.Reader) ([]emergency.Patient, error) {
		return func(r emergency.Reader) ([]emergency.Patient, error) { return r.Kept(by) }
	}
	shows(t, s, []emergency.Patient{patient(1), born, child}, kept(one))
	shows(t, s, []emergency.Patient{patient(2), child}, kept(two))
	shows(t, s, []emergency.AccountID{one, two}, func(r emergency.Reader) ([]emergency.AccountID, error) { return r.Keepers(child.ID) })
	shows(t, s, true, func(r emergency.Reader) (bool, error) { return r.Keeps(two, child.ID) })
	shows(t, s, false, func(r emergency.Reader) (bool, error) { return r.Keeps(two, born.ID) })

	child.SealedName, child.SeenSeq, child.DeletedAt = nil, 12, later(50)
	puts(t, s, func(tx emergency.Tx) error { return tx.PutPatient(child) })
	shows(t, s, child, func(r emergency.Reader) (emergency.Patient, error) { return r.Patient(child.ID) })
	shows(t, s, []emergency.Patient{patient(1), born}, kept(one))
	shows(t, s, true, func(r emergency.Reader) (bool, error) { return r.Keeps(two, child.ID) })
}

func testRecord(t *testing.T, s Store) {
	p := patient(1).ID
	get := func(r emergency.Reader) (emergency.SealedRecord, error) { return r.Record(p) }
	version := func(want int64) {
		t.Helper()
		got, err := read(t, s, func(r emergency.Reader) (emergency.Patient, error) { return r.Patient(p) })
		if err != nil || got.RecordVersion != want {
			t.Errorf("RecordVersion: got %d, %v; want %d", got.RecordVersion, err, want)
		}
	}
	puts(t, s, household(1))
	version(0)
	for _, early := range []int64{-1, 0, 2} {
		refused(t, s, emergency.ErrConflict, func(tx emergency.Tx) error { return tx.PutRecord(record(p, early)) })
	}
	puts(t, s, func(tx emergency.Tx) error { return tx.PutRecord(record(p, 1)) })
	puts(t, s, func(tx emergency.Tx) error { return tx.PutRecord(record(p, 2)) })
	for _, stale := range []int64{1, 2, 4} {
		refused(t, s, emergency.ErrConflict, func(tx emergency.Tx) error { return tx.PutRecord(record(p, stale)) })
	}
	shows(t, s, record(p, 2), get)
	version(2)

	resealed := record(p, 2)
	resealed.Sealed = []byte("the same to one recipient less")
	puts(t, s, func(tx emergency.Tx) error { return tx.ReplaceSealing(resealed) })
	shows(t, s, resealed, get)
	version(2)
	for _, other := range []int64{1, 3} {
		refused(t, s, emergency.ErrConflict, func(tx emergency.Tx) error { return tx.ReplaceSealing(record(p, other)) })
	}
	refused(t, s, emergency.ErrConflict, func(tx emergency.Tx) error { return tx.ReplaceSealing(record("nobody", 1)) })
}

func testRecordRace(t *testing.T, s Store) {
	p := patient(1).ID
	puts(t, s, household(1), func(tx emergency.Tx) error { return tx.PutRecord(record(p, 1)) })
	won := 0
	for _, err := range inParallel(t.Context(), 16, func(ctx context.Context, _ int) error {
		return s.Update(ctx, func(tx emergency.Tx) error { return tx.PutRecord(record(p, 2)) })
	}) {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, emergency.ErrConflict):
			t.Errorf("a loser got %v, want ErrConflict", err)
		}
	}
	if won != 1 {
		t.Errorf("%d wrote version 2, want 1", won)
	}
}

func testDocuments(t *testing.T, s Store) {
	mine, theirs := patient(1).ID, patient(2).ID
	second, first, foreign := document(2, mine), document(1, mine), document(3, theirs)
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error {
		return errors.Join(tx.PutDocument(second), tx.PutDocument(first), tx.PutDocument(foreign))
	})
	listed := func(d emergency.Document) emergency.Document { d.Sealed = nil; return d }
	shows(t, s, []emergency.Document{listed(first), listed(second)}, func(r emergency.Reader) ([]emergency.Document, error) { return r.Documents(mine) })
	shows(t, s, first, func(r emergency.Reader) (emergency.Document, error) { return r.Document(mine, first.ID) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Document(mine, foreign.ID) })
	stolen := foreign
	stolen.Patient = mine
	refused(t, s, emergency.ErrInvalid, func(tx emergency.Tx) error { return tx.PutDocument(stolen) })
}

func testRules(t *testing.T, s Store) {
	p := patient(1).ID
	preset := ruleSet(p, 1)
	preset.SealedApproval = nil
	puts(t, s, household(1))
	for _, wrong := range []int{0, 2} {
		refused(t, s, emergency.ErrConflict, func(tx emergency.Tx) error { return tx.PutRules(ruleSet(p, wrong)) })
	}
	puts(t, s, func(tx emergency.Tx) error { return tx.PutRules(preset) })
	puts(t, s, func(tx emergency.Tx) error { return tx.PutRules(ruleSet(p, 2)) })
	for _, wrong := range []int{1, 2, 4} {
		refused(t, s, emergency.ErrConflict, func(tx emergency.Tx) error { return tx.PutRules(ruleSet(p, wrong)) })
	}
	shows(t, s, ruleSet(p, 2), func(r emergency.Reader) (emergency.Rules, error) { return r.Rules(p) })
	shows(t, s, []emergency.Rules{preset, ruleSet(p, 2)}, func(r emergency.Reader) ([]emergency.Rules, error) { return r.RulesHistory(p) })
	got, err := read(t, s, func(r emergency.Reader) (emergency.Patient, error) { return r.Patient(p) })
	if err != nil || got.RulesVersion != 2 {
		t.Errorf("RulesVersion: got %d, %v; want 2", got.RulesVersion, err)
	}
}

func testDeleteRecord(t *testing.T, s Store) {
	fill := func(p emergency.PatientID, n int) func(tx emergency.Tx) error {
		return func(tx emergency.Tx) error {
			return errors.Join(tx.PutRecord(record(p, 1)), tx.PutDocument(document(n, p)), tx.PutRules(ruleSet(p, 1)))
		}
	}
	gone, stays := patient(1).ID, patient(2).ID
	puts(t, s, household(1), household(2), fill(gone, 1), fill(stays, 2))
	puts(t, s, func(tx emergency.Tx) error { return tx.DeleteRecord(gone) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Record(gone) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Document(gone, document(1, gone).ID) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Rules(gone) })
	shows(t, s, patient(1), func(r emergency.Reader) (emergency.Patient, error) { return r.Patient(gone) })
	shows(t, s, record(stays, 1), func(r emergency.Reader) (emergency.SealedRecord, error) { return r.Record(stays) })
	shows(t, s, document(2, stays), func(r emergency.Reader) (emergency.Document, error) { return r.Document(stays, document(2, stays).ID) })
	shows(t, s, ruleSet(stays, 1), func(r emergency.Reader) (emergency.Rules, error) { return r.Rules(stays) })
}

func testLarge(t *testing.T, s Store) {
	d := document(1, patient(1).ID)
	d.Sealed = bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	puts(t, s, household(1), func(tx emergency.Tx) error { return tx.PutDocument(d) })
	got, err := read(t, s, func(r emergency.Reader) (emergency.Document, error) { return r.Document(d.Patient, d.ID) })
	if err != nil || !bytes.Equal(got.Sealed, d.Sealed) {
		t.Errorf("got %d bytes, %v; want the %d bytes that were put", len(got.Sealed), err, len(d.Sealed))
	}
}
