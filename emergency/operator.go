package emergency

import (
	"context"
	"errors"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/summary"
)

// IssueFromDocument makes a new patient from a FHIR document and issues a card, as a clinic does for the people whom it looks after: no
// account keeps the patient, the Balanced rules hold. Patient, record, original, card and their entries are one transaction: after a crash all of it is there or nothing.
func (s *Service) IssueFromDocument(ctx context.Context, c Caller, document []byte, name string, choices CardChoices) (Issued, summary.Imported, error) {
	if !c.Operator {
		return Issued{}, summary.Imported{}, ErrSignIn
	}
	if len(document) > maxDocumentBytes {
		return Issued{}, summary.Imported{}, ErrTooLarge.with("limit_mb", maxDocumentBytes>>20)
	}
	imported, err := summary.Import(document)
	if err != nil {
		return Issued{}, imported, ErrInvalid.because(err)
	}
	original := &pendingImport{Name: fileName(name), Document: document}
	issued, err := s.issueNew(ctx, c, asClaimed(imported.Record, s.now()), original, choices)
	return issued, imported, err
}

// issueNew stores a new patient with a first record and a first card.
func (s *Service) issueNew(ctx context.Context, c Caller, record summary.Record, original *pendingImport, choices CardChoices) (Issued, error) {
	key, err := newID(s.Rand)
	if err != nil {
		return Issued{}, err
	}
	id := PatientID(key)
	record.Patient, record.Version = key, 1
	record = summary.Settle(record)
	if err := summary.Validate(record); err != nil {
		return Issued{}, ErrInvalid.because(err)
	}
	record = record.Sorted()
	issued, err := s.draft(record, choices)
	if err != nil {
		return Issued{}, err
	}
	rows, err := s.cardRows(ctx, id, &issued, cardWords{})
	if err != nil {
		return Issued{}, err
	}
	if err := issued.measure(); err != nil {
		return Issued{}, err
	}
	sealed := SealedRecord{Patient: id, Version: 1, UpdatedAt: s.now()}
	if sealed.Sealed, err = s.sealRecord(record, []Card{rows.card}); err != nil {
		return Issued{}, err
	}
	var kept Document
	if original != nil {
		if kept, err = s.sealDocument(id, original.Name, original.Document); err != nil {
			return Issued{}, err
		}
	}
	return issued, s.Store.Update(ctx, func(tx Tx) error {
		if err := s.addPatient(tx, c, id, patientName(record)); err != nil {
			return err
		}
		if original != nil {
			if err := tx.PutDocument(kept); err != nil {
				return err
			}
		}
		if err := s.storeRecord(tx, c, sealed, record, audit.RecordImported); err != nil {
			return err
		}
		return s.putCard(tx, c, rows, issued)
	})
}

// patientName is what a patient is listed under when the document names nobody.
func patientName(record summary.Record) string {
	if name, err := cleanName("name", record.Identity.Name.String()); err == nil {
		return name
	}
	return "—"
}

// DeletePatient deletes a patient whom nobody but the house keeps, as the people themselves do with a passkey.
func (s *Service) DeletePatient(ctx context.Context, c Caller, id PatientID) error {
	if !c.Operator {
		return ErrSignIn
	}
	if err := s.Store.Update(ctx, func(tx Tx) error { return s.deletePatient(tx, c, id, nil) }); err != nil {
		return err
	}
	_ = s.scrub(ctx)
	return nil
}

var errNoOperator = errors.New("emergency: only an operator's act is recorded as one")

// RecordOperator writes down what an operator did outside the domain: a backup, a restore, a key.
func (s *Service) RecordOperator(ctx context.Context, c Caller, kind audit.Type, details map[string]string) error {
	if !c.Operator {
		return errNoOperator
	}
	event := s.event(c, kind, "")
	event.Details = details
	return s.Store.Update(ctx, func(tx Tx) error {
		tx.Append(event)
		return nil
	})
}

// Sweep deletes sessions, ceremonies, requests, receipts and guess counts that have ended, takes deleted records out of the files of the store, and lists what is
// gone where that was not possible before. The server calls it now and then.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	n := 0
	err := s.Store.Update(ctx, func(tx Tx) (err error) {
		n, err = tx.Sweep(s.now())
		return err
	})
	if s.scrubbed.Load() < s.deleted.Load() {
		err = errors.Join(err, s.scrub(ctx))
	}
	s.list(ctx)
	return n, err
}
