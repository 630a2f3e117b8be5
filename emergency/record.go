package emergency

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"filippo.io/age"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/vault"
)

// This file and open.go are the only ones that unseal a record: here for those who keep the patient, there for a responder, after the log.

// maxRecordBytes bounds a record in its JSON form; 10,000 medications with their codes stay below it.
const maxRecordBytes = 16 << 20

// Record returns the record of a patient whom the caller keeps. Without a fresh passkey the floor is left out: private notes and what was moved there.
func (s *Service) Record(ctx context.Context, c Caller, id PatientID) (summary.Record, error) {
	var record summary.Record
	err := s.Store.View(ctx, func(r Reader) error {
		own, err := s.ownRecord(r, c, id)
		record = own.shown
		return err
	})
	if err == nil && !c.Operator && !c.fresh(s.now()) {
		record = aboveFloor(record)
	}
	return record, err
}

// aboveFloor is a record without its floor.
func aboveFloor(record summary.Record) summary.Record {
	record.Items = slices.DeleteFunc(slices.Clone(record.Items), onFloor)
	return record
}

func onFloor(item summary.Item) bool { return item.Hidden || item.Section.Layer() == section.Floor }

// owned is a record as one of its keepers has it.
type owned struct {
	shown   summary.Record // what the keeper sees
	whole   summary.Record // all of it, to be sealed again and never to be returned
	patient Patient
	hides   hides
}

// ownRecord unseals a record for a keeper of its patient, with the server's identity. A patient without a record has an empty one. This is the one place where
// what a patient keeps from guardians is left out.
func (s *Service) ownRecord(r Reader, c Caller, id PatientID) (owned, error) {
	patient, err := s.keptIn(r, c, id)
	if err != nil {
		return owned{}, err
	}
	own := owned{patient: patient, whole: summary.Record{Patient: string(id)}}
	if own.hides, err = s.hiddenFrom(r, c, patient); err != nil {
		return owned{}, err
	}
	sealed, err := r.Record(id)
	if err == nil {
		own.whole, err = readRecord(s.Identity, sealed)
	} else if errors.Is(err, ErrNotFound) {
		err = nil
	}
	if err != nil {
		return owned{}, err
	}
	own.shown = own.hides.rest(own.whole)
	return own, nil
}

// unsealRecord opens a sealed record as it was written.
func unsealRecord(identity age.Identity, sealed SealedRecord) ([]byte, error) {
	return vault.OpenRecord(recordPlace(sealed.Patient), identity, sealed.Sealed, maxRecordBytes)
}

// errOtherRow says that a sealed record is not the one that its row says.
var errOtherRow = errors.New("emergency: a sealed record stands in the row of another")

// readRecord opens a sealed record for its keeper and checks that it is the one that its row says.
func readRecord(identity age.Identity, sealed SealedRecord) (summary.Record, error) {
	var record summary.Record
	plain, err := unsealRecord(identity, sealed)
	if err != nil {
		return record, err
	}
	if err := json.Unmarshal(plain, &record); err != nil {
		return record, fmt.Errorf("emergency: a sealed record is not readable: %w", err)
	}
	if record.Patient != string(sealed.Patient) || record.Version != sealed.Version {
		return summary.Record{}, errOtherRow
	}
	return record, nil
}

// recordPlace is where a patient's record stands in the store.
func recordPlace(id PatientID) vault.AAD {
	return vault.AAD{Table: "record", Column: "sealed", Row: string(id)}
}

// sealRecord seals a record to the server's identity and to the cards. The cards come first: a responder's opening tries them first.
func (s *Service) sealRecord(record summary.Record, cards []Card) ([]byte, error) {
	plain, err := json.Marshal(record)
	if err != nil {
		return nil, err
	}
	if len(plain) > maxRecordBytes {
		return nil, ErrTooLarge
	}
	recipients := make([]age.Recipient, 0, len(cards)+1)
	for _, card := range cards {
		recipient, err := vault.ParseRecipient(card.Recipient)
		if err != nil {
			return nil, err
		}
		recipients = append(recipients, recipient)
	}
	return vault.SealRecord(recordPlace(PatientID(record.Patient)), append(recipients, s.Identity.Recipient()), plain)
}

// activeCards are the cards that a patient's record is sealed to.
func (s *Service) activeCards(r Reader, id PatientID) ([]Card, error) {
	all, err := r.Cards(id)
	if err != nil {
		return nil, err
	}
	var active []Card
	for _, card := range all {
		if card.Active(s.now()) {
			active = append(active, card)
		}
	}
	return active, nil
}

// Edit changes one item of a record, adds one or removes one.
type Edit struct {
	Item   summary.Item
	Before string // ItemTag of the item as the editor saw it, "" for a new one
	Remove bool
}

// ConflictError says that the item was changed by somebody else after the editor saw it. Nothing was saved; both versions are here.
type ConflictError struct {
	Theirs summary.Item // as it now stands; its ID is "" when it was removed
	Mine   summary.Item
}

func (e *ConflictError) Error() string { return ErrConflict.Error() }

// Is makes a ConflictError an ErrConflict.
func (e *ConflictError) Is(target error) bool { return target == error(ErrConflict) }

// ItemTag is a short name of an item's exact content.
func ItemTag(item summary.Item) string { return tagOf(item) }

// IdentityTag is the same for who the person is and the record's language.
func IdentityTag(record summary.Record) string { return tagOf([]any{record.Identity, record.Lang}) }

func tagOf(value any) string {
	plain, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(plain)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// EditItem changes one item. When somebody else changed that item meanwhile the error is a *ConflictError; changes of other items do not matter.
func (s *Service) EditItem(ctx context.Context, c Caller, id PatientID, edit Edit) (summary.Item, error) {
	item := edit.Item
	if item.ID == "" {
		var err error
		if item.ID, err = summary.NewItemID(s.Rand); err != nil {
			return item, err
		}
	}
	var kept summary.Item
	fresh := c.fresh(s.now())
	if hides, err := s.hidden(ctx, c, id); err != nil {
		return item, err
	} else if hides.sections.Has(item.Section) {
		return item, ErrConfidential
	}
	err := s.changeRecord(ctx, c, id, audit.RecordChanged, func(record *summary.Record) error {
		current, found := record.Item(item.ID)
		switch {
		case found && onFloor(current) && !fresh:
			return ErrFreshPasskey
		case !found && edit.Before != "", found && ItemTag(current) != edit.Before:
			return &ConflictError{Theirs: current, Mine: edit.Item}
		case edit.Remove:
			record.Items = without(record.Items, item.ID)
			return nil
		case found:
			// The codes that came with an item stay while its words do. So does who stated it, whatever the editor sent along.
			item.Codings = current.Codings
			if item.Term != current.Term || item.Text != current.Text {
				item.Codings = nil
			}
			if sameStatement(item, current) {
				item.Source, item.Confirmed = current.Source, current.Confirmed
			}
		}
		if !found || !sameStatement(item, current) {
			// Whoever writes the words has stated them, today. Where an item is shown is no statement about it.
			item.Source, item.Confirmed = statedBy(item.Source), summary.DateOf(s.now())
		}
		kept = item
		if !found {
			record.Items = append(record.Items, item)
			return nil
		}
		for i := range record.Items {
			if record.Items[i].ID == item.ID {
				record.Items[i] = item
			}
		}
		return nil
	})
	return kept, err
}

// sameStatement reports whether two versions of an item say the same: they differ at most in what the patient decided about showing it.
func sameStatement(a, b summary.Item) bool {
	a.Front, a.Hidden, a.Codings, a.Source, a.Confirmed = b.Front, b.Hidden, b.Codings, b.Source, b.Confirmed
	return ItemTag(a) == ItemTag(b)
}

// statedBy is who states what is written in the console: the patient, or the guardian when the writer says so.
func statedBy(source summary.Source) summary.Source {
	if source.Kind == summary.SourceGuardian {
		return source
	}
	return summary.Source{Kind: summary.SourceSelf}
}

func without(items []summary.Item, id string) []summary.Item {
	var rest []summary.Item
	for _, item := range items {
		if item.ID != id {
			rest = append(rest, item)
		}
	}
	return rest
}

// EditIdentity changes who the person is and the language of their words. before is IdentityTag of the record as the editor saw it.
func (s *Service) EditIdentity(ctx context.Context, c Caller, id PatientID, identity summary.Identity, lang, before string) error {
	hides, err := s.hidden(ctx, c, id)
	if err != nil {
		return err
	}
	return s.changeRecord(ctx, c, id, audit.RecordChanged, func(record *summary.Record) error {
		if IdentityTag(*record) != before {
			return ErrConflict
		}
		if hides.floor && identity.Birth != record.Identity.Birth {
			return ErrGuardian // how old the patient is says who decides
		}
		record.Identity, record.Lang = identity, lang
		return nil
	})
}

// ConfirmItem says of an item that it is still so, as of today. tag is ItemTag of the item as it was seen: what somebody else has changed meanwhile is
// a *ConflictError and not confirmed unseen.
func (s *Service) ConfirmItem(ctx context.Context, c Caller, id PatientID, item, tag string) error {
	return s.ConfirmItems(ctx, c, id, map[string]string{item: tag})
}

// ConfirmItems is ConfirmItem for several items at once, by their tags: all of them or none.
func (s *Service) ConfirmItems(ctx context.Context, c Caller, id PatientID, tags map[string]string) error {
	return s.changeRecord(ctx, c, id, audit.RecordChanged, func(record *summary.Record) error {
		confirmed := 0
		for i, item := range record.Items {
			tag, asked := tags[item.ID]
			if !asked {
				continue
			}
			if ItemTag(item) != tag {
				return &ConflictError{Theirs: item}
			}
			record.Items[i].Confirmed = summary.DateOf(s.now())
			confirmed++
		}
		if confirmed == 0 || confirmed < len(tags) {
			return ErrNotFound
		}
		return nil
	})
}

// attempts bounds how often a change is tried again after somebody else was quicker.
const attempts = 8

// changeRecord reads a record for a keeper, changes it, seals it again and stores it as the next version, with an entry in the log and whatever else
// belongs into the same transaction. When another change came between it starts again from what there is then, so that no change is lost.
func (s *Service) changeRecord(ctx context.Context, c Caller, id PatientID, kind audit.Type, change func(*summary.Record) error, also ...func(Tx) error) error {
	for range attempts {
		var own owned
		var cards []Card
		err := s.Store.View(ctx, func(r Reader) (err error) {
			if own, err = s.ownRecord(r, c, id); err != nil {
				return err
			}
			cards, err = s.activeCards(r, id)
			return err
		})
		if err != nil {
			return err
		}
		record := own.shown
		if err := change(&record); err != nil {
			return err
		}
		record = summary.Settle(own.around(record))
		if err := summary.Validate(record); err != nil {
			return ErrInvalid.because(err)
		}
		record = record.Sorted()
		record.Patient, record.Version = string(id), record.Version+1
		sealed := SealedRecord{Patient: id, Version: record.Version, UpdatedAt: s.now()}
		if sealed.Sealed, err = s.sealRecord(record, cards); err != nil {
			return err
		}
		err = s.Store.Update(ctx, func(tx Tx) error {
			if err := s.sameCards(tx, id, cards); err != nil {
				return err
			}
			for _, act := range also {
				if err := act(tx); err != nil {
					return err
				}
			}
			return s.storeRecord(tx, c, sealed, record, kind)
		})
		if !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return ErrConflict
}

// storeRecord writes a new version of a record with its entry, and the patient's name as the record has it.
func (s *Service) storeRecord(tx Tx, c Caller, sealed SealedRecord, record summary.Record, kind audit.Type) error {
	patient, err := s.keptIn(tx, c, sealed.Patient)
	if err != nil {
		return err
	}
	if err := tx.PutRecord(sealed); err != nil {
		return err
	}
	patient.RecordVersion = sealed.Version
	if name := record.Identity.Name.String(); name != "" {
		if patient.SealedName, err = s.seal("patient", "name", string(patient.ID), []byte(name)); err != nil {
			return err
		}
	}
	event := s.event(c, kind, string(patient.ID))
	said := hides{sections: patient.Confidential}.rest(record) // guardians read the log too
	event.Sections, event.Items = sectionsOf(said).Names(), len(said.Items)
	tx.Append(event)
	return tx.PutPatient(patient)
}

func sectionsOf(record summary.Record) section.Set {
	var set section.Set
	for _, item := range record.Items {
		set = set.Add(item.Section)
	}
	return set
}

// sameCards refuses to store a sealing that was made for other cards than there now are: a revoked card must not get back in.
func (s *Service) sameCards(tx Tx, id PatientID, sealedTo []Card) error {
	now, err := s.activeCards(tx, id)
	if err != nil {
		return err
	}
	if len(now) != len(sealedTo) {
		return ErrConflict
	}
	for i := range now {
		if now[i].ID != sealedTo[i].ID {
			return ErrConflict
		}
	}
	return nil
}
