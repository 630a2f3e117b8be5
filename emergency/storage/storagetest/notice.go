package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency"
)

func testNotices(t *testing.T, s Store) {
	p := patient(1).ID
	second, first, other := notice(2, p), notice(1, p), notice(3, patient(2).ID)
	other.Patient, other.Contact = "", "" // to an organization
	first.DueAt, second.DueAt, other.DueAt = later(20), later(10), later(10)
	due := func(now, limit int) func(r emergency.Reader) ([]emergency.Notice, error) {
		return func(r emergency.Reader) ([]emergency.Notice, error) { return r.DueNotices(later(now), limit) }
	}
	next := func(r emergency.Reader) (time.Time, error) { return r.NextNotice() }
	dead := func(r emergency.Reader) ([]emergency.Notice, error) { return r.DeadNotices(2) }
	missing(t, s, func(r emergency.Reader) (any, error) { return next(r) })
	puts(t, s, func(tx emergency.Tx) error {
		return errors.Join(tx.PutNotice(other), tx.PutNotice(first), tx.PutNotice(second))
	})
	shows(t, s, nil, due(9, 10))
	shows(t, s, []emergency.Notice{second, other}, due(10, 10))
	shows(t, s, []emergency.Notice{second, other, first}, due(20, 10))
	shows(t, s, []emergency.Notice{second}, due(20, 1))
	shows(t, s, later(10), next)
	shows(t, s, []emergency.Notice{first, second}, func(r emergency.Reader) ([]emergency.Notice, error) { return r.Notices(p) })
	shows(t, s, first, func(r emergency.Reader) (emergency.Notice, error) { return r.Notice(first.ID) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Notice("none") })
	shows(t, s, nil, dead)

	first.Attempts, first.DueAt = 3, later(30)
	second.State, second.Attempts, second.EndedAt, second.Sealed = emergency.NoticeSent, 1, later(11), nil
	other.State, other.EndedAt = emergency.NoticeDead, later(12)
	puts(t, s, func(tx emergency.Tx) error {
		return errors.Join(tx.PutNotice(first), tx.PutNotice(second), tx.PutNotice(other))
	})
	shows(t, s, []emergency.Notice{first}, due(60, 10))
	shows(t, s, later(30), next)
	shows(t, s, []emergency.Notice{other}, dead)

	t.Run("what was given up last is first", func(t *testing.T) {
		gaveUp := []emergency.Notice{notice(14, p), notice(15, p)}
		for i := range gaveUp {
			gaveUp[i].State, gaveUp[i].EndedAt = emergency.NoticeDead, later(14+i)
		}
		puts(t, s, func(tx emergency.Tx) error { return errors.Join(tx.PutNotice(gaveUp[0]), tx.PutNotice(gaveUp[1])) })
		shows(t, s, []emergency.Notice{gaveUp[1], gaveUp[0]}, dead)
	})
	t.Run("for thirty days", func(t *testing.T) {
		month := 30 * 24 * time.Hour
		update(t, s, func(tx emergency.Tx) error { _, err := tx.Sweep(second.EndedAt.Add(month)); return err })
		shows(t, s, 4, func(r emergency.Reader) (int, error) { return kept(r, p) })
		update(t, s, func(tx emergency.Tx) error { _, err := tx.Sweep(later(15).Add(month)); return err })
		shows(t, s, 2, func(r emergency.Reader) (int, error) { return kept(r, p) }) // the one that waits however long, and the last
		shows(t, s, []emergency.Notice{first}, due(60, 10))
	})
}

// kept counts the notices about a patient.
func kept(r emergency.Reader, p emergency.PatientID) (int, error) {
	list, err := r.Notices(p)
	return len(list), err
}
