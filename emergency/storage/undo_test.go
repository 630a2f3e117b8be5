package storage

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/locket-health/locket/audit/audittest"
	"github.com/locket-health/locket/emergency"
)

// A change that fails is undone alone, whatever it did and in whatever order, and what shares its commit is kept.
func TestAChangeIsUndoneAlone(t *testing.T) {
	path := withCard(t)
	s := openTest(t, Config{Path: path})
	failed, at := errors.New("no"), audittest.Epoch()
	receipt := func(i int) (token emergency.Token) { copy(token[:], fmt.Sprint("receipt ", i)); return token }
	person := func(i int) emergency.Patient {
		return emergency.Patient{ID: emergency.PatientID(fmt.Sprint("person ", i))}
	}
	ended := numbered(0)
	ended.EndedAt = at.Add(time.Minute)
	ceremony := emergency.Ceremony{Token: receipt(99), Purpose: "test", Sealed: []byte("sealed"), ExpiresAt: at}
	if err := s.Update(t.Context(), func(tx emergency.Tx) error {
		return errors.Join(tx.PutGrant(numbered(0)), tx.PutCeremony(ceremony))
	}); err != nil {
		t.Fatal(err)
	}
	message := emergency.Message{Grant: numbered(0).ID, Sender: "patient", Sealed: []byte("words"), At: at}
	changes := map[string]func(tx emergency.Tx, i int) error{
		"only adds": func(tx emergency.Tx, i int) error {
			return errors.Join(tx.PutReceipt(receipt(i), at), tx.PutGrant(numbered(i)))
		},
		"adds, then changes": func(tx emergency.Tx, i int) error {
			return errors.Join(tx.PutGrant(numbered(i)), tx.PutPatient(person(i)))
		},
		"changes, then adds": func(tx emergency.Tx, i int) error {
			return errors.Join(tx.PutPatient(person(i)), tx.PutReceipt(receipt(i), at))
		},
		"adds, changes, adds": func(tx emergency.Tx, i int) error {
			return errors.Join(tx.PutReceipt(receipt(i), at), tx.PutPatient(person(i)), tx.PutGrant(numbered(i)))
		},
		"changes what was added": func(tx emergency.Tx, i int) error {
			return errors.Join(tx.PutGrant(numbered(i)), tx.EndGrants("patient", at))
		},
		"changes what was there": func(tx emergency.Tx, _ int) error { return tx.PutGrant(ended) },
		"adds what is there": func(tx emergency.Tx, i int) error {
			return errors.Join(tx.PutReceipt(receipt(i), at), tx.PutGrant(numbered(0)))
		},
		"takes and reads": func(tx emergency.Tx, _ int) error { _, err := tx.TakeCeremony(ceremony.Token); return err },
		"adds, then adds and reads": func(tx emergency.Tx, i int) error {
			_, err := tx.AddMessage(message)
			return errors.Join(tx.PutReceipt(receipt(i), at), err)
		},
	}
	names := slices.Sorted(maps.Keys(changes))
	const kept = 50
	together(t, s, len(names)+1, func(i int) {
		if i == len(names) {
			if err := s.Update(t.Context(), func(tx emergency.Tx) error {
				tx.Append(audittest.Event(0))
				return errors.Join(tx.PutReceipt(receipt(kept), at), tx.PutGrant(numbered(kept)))
			}); err != nil {
				t.Error(err)
			}
			return
		}
		err := s.Update(t.Context(), func(tx emergency.Tx) error {
			tx.Append(audittest.Event(0))
			return errors.Join(changes[names[i]](tx, i+1), failed)
		})
		if !errors.Is(err, failed) || errors.Is(err, emergency.ErrInvalid) || errors.Is(err, emergency.ErrLogUnavailable) {
			t.Errorf("%s: %v", names[i], err)
		}
	})

	err := s.View(t.Context(), func(r emergency.Reader) error {
		grants, err := r.Grants(emergency.GrantFilter{Patient: "patient"})
		if len(grants) != 2 {
			t.Errorf("%d grants are there, want the first and the one that was kept", len(grants))
		}
		for _, g := range grants {
			if !g.EndedAt.IsZero() {
				t.Errorf("%s has ended", g.ID)
			}
		}
		messages, messageErr := r.Messages(numbered(0).ID, 0)
		if len(messages) != 0 {
			t.Errorf("%d messages are there", len(messages))
		}
		counts, countErr := r.Counts()
		if counts["patients"] != 1 {
			t.Errorf("%d patients are there", counts["patients"])
		}
		return errors.Join(err, messageErr, countErr)
	})
	if err != nil {
		t.Error(err)
	}
	err = s.Update(t.Context(), func(tx emergency.Tx) error {
		for i := range len(names) + 1 {
			if err := tx.PutReceipt(receipt(i), at); err != nil {
				t.Errorf("receipt %d: %v", i, err)
			}
		}
		if err := tx.PutReceipt(receipt(kept), at); !errors.Is(err, emergency.ErrConflict) {
			t.Errorf("the receipt that was kept: %v", err)
		}
		_, err := tx.TakeCeremony(ceremony.Token)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if size := verifies(t, s); size != 1 {
		t.Errorf("the log has %d entries, want 1", size)
	}
}
