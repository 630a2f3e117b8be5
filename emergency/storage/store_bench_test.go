package storage

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/locket-health/locket/audit/audittest"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

// callers are how many wait at once: one person, and a disaster.
var callers = []int{1, 256}

// BenchmarkUpdate is what an opening writes: a grant of one of many patients and its entry, durable. Beside it stands the floor, the same bytes without the log.
func BenchmarkUpdate(b *testing.B) {
	const patients = 20_000
	for _, n := range callers {
		b.Run(fmt.Sprintf("callers=%d", n), func(b *testing.B) {
			s := openTest(b, Config{})
			fill(b, s)
			crowd := make([]emergency.Card, patients)
			err := s.Update(b.Context(), func(tx emergency.Tx) error {
				for i := range crowd {
					crowd[i] = benchCard()
					rand.Read(crowd[i].ID[:])
					crowd[i].Patient = emergency.PatientID(crowd[i].ID.String())
					if err := errors.Join(tx.PutPatient(emergency.Patient{ID: crowd[i].Patient, SealedName: make([]byte, 60)}), tx.PutCard(crowd[i])); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			spread(b, n, func(i int) error {
				event, grant := audittest.Event(1), emergency.Grant{Card: crowd[i%patients].ID, Patient: crowd[i%patients].Patient, Step: "critical", Sections: 1, From: time.Now()}
				event.Subject, grant.Until, grant.SealedStated = string(grant.Patient), grant.From.Add(time.Hour), make([]byte, 200)
				var err error
				if grant.ID, _, grant.Token, err = emergency.DrawGrant(rand.Reader, grant.From); err != nil {
					return err
				}
				return s.Update(b.Context(), func(tx emergency.Tx) error {
					tx.Append(event)
					return tx.PutGrant(grant)
				})
			})
		})
	}
}

// BenchmarkFloor appends rows of the same size to one table, by the plainest group commit there is.
func BenchmarkFloor(b *testing.B) {
	for _, n := range callers {
		b.Run(fmt.Sprintf("callers=%d", n), func(b *testing.B) { spread(b, n, newFloor(b)) })
	}
}

// newFloor returns an append of a row with the bytes of a grant and a sealed entry.
func newFloor(b *testing.B) func(i int) error {
	path := filepath.Join(b.TempDir(), "floor.db")
	db, err := sql.Open("sqlite3", path+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate&_stmt_cache_size=8")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	if _, err := db.Exec(`CREATE TABLE row (id INTEGER PRIMARY KEY, bytes BLOB)`); err != nil {
		b.Fatal(err)
	}
	type job struct {
		id   int
		done chan error
	}
	jobs := make(chan job, maxQueued)
	b.Cleanup(func() { close(jobs) })
	row := make([]byte, 700)
	go func() {
		for first := range jobs {
			batch := []job{first}
			for len(batch) < maxShared && len(jobs) > 0 {
				batch = append(batch, <-jobs)
			}
			tx, err := db.Begin()
			for _, j := range batch {
				if err == nil {
					_, err = tx.Exec(`INSERT INTO row (id, bytes) VALUES (?, ?)`, j.id, row)
				}
			}
			if err == nil {
				err = tx.Commit()
			}
			for _, j := range batch {
				j.done <- err
			}
		}
	}()
	return func(i int) error {
		j := job{i, make(chan error, 1)}
		jobs <- j
		return <-j.done
	}
}

// BenchmarkOpening is what a decision reads.
func BenchmarkOpening(b *testing.B) {
	s := openTest(b, Config{})
	fill(b, s)
	for b.Loop() {
		if err := s.View(b.Context(), func(r emergency.Reader) error {
			_, err := r.Opening(benchCard().ID)
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
}

// spread runs b.N operations on n callers, with different numbers.
func spread(b *testing.B, n int, run func(i int) error) {
	b.Helper()
	var all sync.WaitGroup
	b.ResetTimer()
	for caller := range n {
		all.Go(func() {
			for i := caller; i < b.N; i += n {
				if err := run(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
}

func fill(b *testing.B, s *Store) {
	b.Helper()
	err := s.Update(b.Context(), func(tx emergency.Tx) error {
		if err := tx.PutPatient(emergency.Patient{ID: "patient", SealedName: make([]byte, 60)}); err != nil {
			return err
		}
		if err := tx.PutRules(emergency.Rules{Patient: "patient", Version: 1, Sealed: make([]byte, 900)}); err != nil {
			return err
		}
		if err := tx.PutRecord(emergency.SealedRecord{Patient: "patient", Version: 1, Sealed: make([]byte, 3500)}); err != nil {
			return err
		}
		return tx.PutCard(benchCard())
	})
	if err != nil {
		b.Fatal(err)
	}
}

func benchCard() emergency.Card {
	return emergency.Card{ID: cards.ID{1}, Patient: "patient", SealedAddress: make([]byte, 600), SealedLabel: make([]byte, 400)}
}
