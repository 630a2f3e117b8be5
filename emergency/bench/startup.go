package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
)

// startUp measures the time from running the program to its first good answer, on a store that many people are in.
func (r *run) startUp(ctx context.Context) error {
	dir := r.path("many")
	r.say("start-up: making %d patients", r.Patients)
	if err := r.populate(ctx, dir); err != nil {
		return err
	}
	var took []float64
	for i := range r.Rounds {
		r.say("start-up: %d of %d", i+1, r.Rounds)
		begun := time.Now()
		house, err := r.start(ctx, roleHouse, 0, setup{Dir: dir, Document: r.Document})
		if err != nil {
			return err
		}
		_, _, err = house.probe(ctx, []byte("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"))
		took = append(took, time.Since(begun).Seconds())
		if err := errors.Join(err, house.stop()); err != nil {
			return err
		}
	}
	r.report.fact("start_up", fmt.Sprintf("start-up with %d patients, median of %d", r.Patients, r.Rounds), spread(took).Median, "s", startUpGoal)
	return nil
}

// populate fills a store with copies of one patient's rows.
func (r *run) populate(ctx context.Context, dir string) (err error) {
	house, err := r.newHouse(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close(context.WithoutCancel(ctx))) }()
	_, err = fill(ctx, house, r.Document, r.Patients)
	return err
}

// patient is a copy of a patient, with one card.
type patient struct {
	ID   emergency.PatientID `json:"id"`
	Card cards.ID            `json:"card"`
}

// fill adds copies of the patient of a document: as many and as large rows as real ones, with an entry in the log for each.
func fill(ctx context.Context, house *datadir.House, document []byte, patients int) ([]patient, error) {
	issued, _, err := house.Service.IssueFromDocument(ctx, emergency.Caller{Operator: true}, document, "bench.json", emergency.CardChoices{})
	if err != nil {
		return nil, err
	}
	var one emergency.Opening
	if err := house.Store.View(ctx, func(read emergency.Reader) (err error) {
		one, err = read.Opening(issued.ID)
		return err
	}); err != nil {
		return nil, err
	}
	filled := make([]patient, patients)
	return filled, each(ctx, patients, writers, func(i int) (err error) {
		filled[i], err = copyOf(ctx, house, one)
		return err
	})
}

func copyOf(ctx context.Context, house *datadir.House, one emergency.Opening) (patient, error) {
	card, err := cards.NewID(rand.Reader)
	if err != nil {
		return patient{}, err
	}
	name, err := cards.NewID(rand.Reader) // an identifier of the form that patients have: rows of one after another lie anywhere in an index
	if err != nil {
		return patient{}, err
	}
	made := patient{emergency.PatientID(name.String()), card}
	one.Patient.ID, one.Card.ID = made.ID, made.Card
	one.Card.Patient, one.Rules.Patient, one.Record.Patient = one.Patient.ID, one.Patient.ID, one.Patient.ID
	one.Rules.Version, one.Record.Version = 1, 1
	return made, house.Store.Update(ctx, func(tx emergency.Tx) error {
		tx.Append(audit.Event{Type: audit.PatientCreated, At: time.Now().UTC().Truncate(time.Millisecond), Subject: string(one.Patient.ID),
			Actor: audit.Actor{Kind: audit.ByOperator}})
		return errors.Join(tx.PutPatient(one.Patient), tx.PutRules(one.Rules), tx.PutRecord(one.Record), tx.PutCard(one.Card))
	})
}
