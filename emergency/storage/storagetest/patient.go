package storagetest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
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
		return errors.Join(tx.PutPatient(child), tx.PutPatient(born), tx.PutKeeper(keeper(one, child.ID)), tx.PutKeeper(keeper(one, born.ID)),
			tx.PutKeeper(keeper(two, child.ID)), tx.PutKeeper(keeper(two, child.ID)))
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
	child.DrilledAt, child.DrillUntil, child.RemindedAt, child.Confidential = later(30), later(40), later(20), section.Critical
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

// around is everything that is kept around one patient's glass.
type around struct {
	Contact     emergency.Contact
	Request     emergency.Request
	Approvals   []emergency.Approval
	Grant       emergency.Grant
	Messages    []emergency.Message
	Review      emergency.Review
	Notices     []emergency.Notice
	Pending     emergency.PendingRules
	Handover    emergency.Handover
	Invitations []emergency.Invitation // to the contact, and to keep the record
}

func newAround(n int) around {
	p := patient(n)
	a := around{
		Contact: contact(n, p.ID), Request: request(n, card(n, p.ID), "sensitive"), Grant: grant(n, card(n, p.ID)), Notices: []emergency.Notice{notice(n, p.ID)},
		Pending: pendingRules(p.ID, 30),
	}
	a.Contact.Account, a.Grant.SealedStated = account(n).ID, []byte("stated")
	a.Approvals = []emergency.Approval{{Request: a.Request.ID, Contact: a.Contact.ID, At: later(5)}}
	a.Messages = []emergency.Message{{Grant: a.Grant.ID, Number: 1, Sender: emergency.SenderContact, Sealed: []byte("insulin at noon"), At: later(6)}}
	a.Review, a.Handover = review(n, a.Grant, 40), handover(n, a.Grant)
	a.Review.SealedAnswer, a.Review.AnsweredAt = []byte("answer"), later(9)
	a.Invitations = []emergency.Invitation{
		invitation(2*n, emergency.InviteContact, string(a.Contact.ID)), invitation(2*n+1, emergency.InviteKeeper, string(p.ID)),
	}
	return a
}

func (a around) put(tx emergency.Tx) error {
	errs := []error{tx.PutContact(a.Contact), tx.PutRequest(a.Request), tx.PutApproval(a.Approvals[0]), tx.PutGrant(a.Grant), tx.PutReview(a.Review),
		tx.PutNotice(a.Notices[0]), tx.PutPendingRules(a.Pending), tx.PutHandover(a.Handover)}
	for _, i := range a.Invitations {
		errs = append(errs, tx.PutInvitation(i))
	}
	_, err := tx.AddMessage(a.Messages[0])
	return errors.Join(append(errs, err)...)
}

// readAround reads what is kept around a patient's glass; of what is not there, nothing.
func readAround(r emergency.Reader, of around) (got around, err error) {
	var errs [10]error
	got.Contact, errs[0] = r.Contact(of.Contact.ID)
	got.Request, errs[1] = r.RequestByID(of.Request.ID)
	got.Approvals, errs[2] = r.Approvals(of.Request.ID)
	got.Grant, errs[3] = r.GrantByID(of.Grant.ID)
	got.Messages, errs[4] = r.Messages(of.Grant.ID, 0)
	got.Review, errs[5] = r.Review(of.Grant.ID)
	got.Notices, errs[6] = r.Notices(of.Contact.Patient)
	got.Pending, errs[7] = r.PendingRules(of.Contact.Patient)
	got.Handover, errs[8] = r.Handover(of.Handover.Finder)
	for _, i := range of.Invitations {
		found, err := r.Invitation(i.Token)
		if err == nil {
			got.Invitations = append(got.Invitations, found)
		} else if !errors.Is(err, emergency.ErrNotFound) {
			return got, err
		}
	}
	for _, err := range errs {
		if err != nil && !errors.Is(err, emergency.ErrNotFound) {
			return got, err
		}
	}
	return got, nil
}

// testForgotten: whoever was named around a deleted record is forgotten, and that something was opened is not.
func testForgotten(t *testing.T, s Store) {
	gone, stays := newAround(1), newAround(2)
	puts(t, s, household(1), household(2), gone.put, stays.put)
	for _, a := range []around{gone, stays} {
		shows(t, s, a, func(r emergency.Reader) (around, error) { return readAround(r, a) })
	}
	puts(t, s, func(tx emergency.Tx) error { return tx.DeleteRecord(patient(1).ID) })

	want := around{Contact: gone.Contact, Grant: gone.Grant, Messages: gone.Messages, Review: gone.Review}
	want.Contact.Account, want.Contact.SealedDetails, want.Contact.SealedCode = "", nil, nil
	want.Grant.SealedStated, want.Messages[0].Sealed = nil, nil
	want.Review.SealedWords, want.Review.SealedAnswer = nil, nil
	got, err := read(t, s, func(r emergency.Reader) (around, error) { return readAround(r, gone) })
	if err != nil {
		t.Fatal(err)
	}
	if got.Contact.StoppedAt.IsZero() {
		t.Error("a forgotten contact was not stopped")
	}
	got.Contact.StoppedAt = want.Contact.StoppedAt
	equal(t, got, want)
	shows(t, s, stays, func(r emergency.Reader) (around, error) { return readAround(r, stays) })
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
