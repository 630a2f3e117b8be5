package emergency

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/vault"
)

// MinPassphrase is the fewest characters that an export is sealed with: it leaves the house and can be tried at leisure.
const MinPassphrase = 12

// Export writes everything that the caller's account keeps as a zip: a folder a patient with the record as an International Patient Summary and as it
// is kept here, the original documents, the rules with their approvals, the cards, and the log with its proofs. With a passphrase the
// zip is an age file that the stock age tool opens. The export is an entry before the first byte leaves.
func (s *Service) Export(ctx context.Context, c Caller, w io.Writer, passphrase string) error {
	if !c.SignedIn() {
		return ErrSignIn
	}
	if !c.fresh(s.now()) {
		return ErrFreshPasskey
	}
	if passphrase != "" && len([]rune(passphrase)) < MinPassphrase {
		return ErrInvalid.with("field", "passphrase")
	}
	patients, err := s.Patients(ctx, c)
	if err != nil {
		return err
	}
	event := s.event(c, audit.DataExported, string(c.Account))
	event.Details = map[string]string{"sealed": fmt.Sprint(passphrase != "")}
	events := []audit.Event{event}
	for _, patient := range patients {
		event.Subject = string(patient.ID)
		events = append(events, event)
	}
	began, err := s.intend(ctx, nil, events...)
	if err != nil {
		return err
	}
	return s.Conclude(ctx, began, s.export(ctx, c, w, passphrase, patients))
}

// export writes the archive, sealed unless the passphrase is empty.
func (s *Service) export(ctx context.Context, c Caller, w io.Writer, passphrase string, patients []PatientView) error {
	s.provable(ctx)
	if passphrase == "" {
		return s.writeExport(ctx, c, w, patients)
	}
	sealed, err := vault.EncryptExport(w, passphrase)
	if err != nil {
		return err
	}
	if err := s.writeExport(ctx, c, sealed, patients); err != nil {
		return err
	}
	return sealed.Close()
}

// exporter writes files into a zip and remembers the first error.
type exporter struct {
	*zip.Writer
	err error
}

func (e *exporter) file(name string, content []byte) {
	e.stream(name, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// stream writes a file piece by piece.
func (e *exporter) stream(name string, write func(io.Writer) error) {
	if e.err != nil {
		return
	}
	w, err := e.Create(name)
	if err == nil {
		err = write(w)
	}
	e.err = err
}

func (e *exporter) json(name string, value any) {
	content, err := json.MarshalIndent(value, "", "  ")
	if e.err == nil {
		e.err = err
	}
	e.file(name, append(content, '\n'))
}

func (s *Service) writeExport(ctx context.Context, c Caller, w io.Writer, patients []PatientView) error {
	out := &exporter{Writer: zip.NewWriter(w)}
	account, err := s.Account(ctx, c)
	if err != nil {
		return err
	}
	out.file("README.txt", []byte(exportReadme))
	out.json("account.json", account)
	if err := s.exportLog(ctx, out, "account-log/", s.logOf(string(c.Account), nil), true); err != nil {
		return err
	}
	for i, patient := range patients {
		if err := s.exportPatient(ctx, c, out, fmt.Sprintf("patient-%d", i+1), patient); err != nil {
			return err
		}
	}
	if out.err != nil {
		return out.err
	}
	return out.Close()
}

const exportReadme = `This is everything that Locket keeps for this account.

patient-N/ips.json          the record as a FHIR R4 International Patient Summary
patient-N/record.json       the record as it is kept here, private notes included
patient-N/documents/        the original documents as they came in, byte for byte
patient-N/rules.json        every version of the break-glass rules with the passkey's approval, and the one that waits
patient-N/consent.json      the rules in force as a FHIR R4 Consent
patient-N/cards.json        the cards, without their secrets
patient-N/contacts.json     whom you have named as contacts
patient-N/openings.json     who opened the record, as stated, and what was written meanwhile
patient-N/reviews.json      what was said of openings, and what was answered
patient-N/log/              who looked, as it stands in the log, as FHIR AuditEvents and as a table, with proofs: see README.txt in there
account-log/                likewise, what the log says about the account itself
`

// rulesExport is one version of the rules in an export.
type rulesExport struct {
	Version     int             `json:"version"`
	Policy      json.RawMessage `json:"policy"`
	Approved    *Approved       `json:"approved,omitempty"`
	EffectiveAt time.Time       `json:"effective_at,omitzero"` // of rules that wait
}

func (s *Service) exportPatient(ctx context.Context, c Caller, out *exporter, folder string, patient PatientView) error {
	record, err := s.Record(ctx, c, patient.ID)
	if err != nil {
		return err
	}
	bundle, err := s.exportIPS(record)
	if err != nil {
		return err
	}
	out.file(folder+"/ips.json", bundle)
	out.json(folder+"/record.json", record)
	documents, err := s.Documents(ctx, c, patient.ID)
	if err != nil {
		return err
	}
	for i, view := range documents {
		_, content, err := s.Document(ctx, c, patient.ID, view.ID)
		if err != nil {
			return err
		}
		out.file(fmt.Sprintf("%s/documents/%d-%s", folder, i+1, view.Name), content)
	}
	consent, _, err := s.consent(ctx, c, patient.ID)
	if err != nil {
		return err
	}
	out.file(folder+"/consent.json", consent)
	versions, err := s.exportRules(ctx, patient.ID)
	if err != nil {
		return err
	}
	out.json(folder+"/rules.json", versions)
	cards, err := s.Cards(ctx, c, patient.ID)
	if err != nil {
		return err
	}
	out.json(folder+"/cards.json", cards)
	contacts, err := s.Contacts(ctx, c, patient.ID)
	if err != nil {
		return err
	}
	out.json(folder+"/contacts.json", contacts)
	openings, err := s.grants(ctx, c, patient.ID)
	if err != nil {
		return err
	}
	out.json(folder+"/openings.json", openings)
	reviews, err := s.exportReviews(ctx, c, patient.ID)
	if err != nil {
		return err
	}
	out.json(folder+"/reviews.json", reviews)
	hides, err := s.hidden(ctx, c, patient.ID)
	if err != nil {
		return err
	}
	return s.exportLog(ctx, out, folder+"/log/", hides.source(s.logOf(string(patient.ID), nil)), true)
}

// ExportRecord returns a patient's record for a keeper who takes it elsewhere, as a document for hospital software. That is an entry in the log.
func (s *Service) ExportRecord(ctx context.Context, c Caller, id PatientID) (summary.Record, error) {
	record, err := s.Record(ctx, c, id)
	if err != nil {
		return summary.Record{}, err
	}
	event := s.event(c, audit.DataExported, string(id))
	event.Details = map[string]string{"what": "record"}
	if err := s.Store.Update(ctx, func(tx Tx) error {
		patient, err := s.keptIn(tx, c, id)
		if err != nil {
			return err
		}
		said := hides{sections: patient.Confidential}.rest(record) // guardians read the log too
		event.Sections, event.Items = sectionsOf(said).Names(), len(said.Items)
		tx.Append(event)
		return nil
	}); err != nil {
		return summary.Record{}, noLogNoData(err)
	}
	return record, nil
}

func (s *Service) exportIPS(record summary.Record) ([]byte, error) {
	return summary.Export(record, summary.ExportOptions{Now: s.now(), Author: s.Issuer()})
}

func (s *Service) exportRules(ctx context.Context, id PatientID) ([]rulesExport, error) {
	var rows []Rules
	var waiting *rulesExport
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		if rows, err = r.RulesHistory(id); err != nil {
			return err
		}
		waiting, err = s.exportPendingRules(r, id)
		return err
	}); err != nil {
		return nil, err
	}
	var versions []rulesExport
	for _, row := range rows {
		policy, err := s.openRules(row)
		if err != nil {
			return nil, err
		}
		version := rulesExport{Version: row.Version, Policy: rules.Canonical(policy)}
		plain, err := s.unseal("rules", "approval", rulesRow(row), row.SealedApproval)
		if err != nil {
			return nil, err
		}
		if plain != nil {
			version.Approved = new(Approved)
			if err := json.Unmarshal(plain, version.Approved); err != nil {
				return nil, err
			}
		}
		versions = append(versions, version)
	}
	if waiting != nil {
		versions = append(versions, *waiting)
	}
	return versions, nil
}

// exportPendingRules is the version of the rules that waits, nil for none.
func (s *Service) exportPendingRules(r Reader, id PatientID) (*rulesExport, error) {
	row, err := r.PendingRules(id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	policy, err := s.openPendingRules(row)
	if err != nil {
		return nil, err
	}
	approved, err := s.openPendingApproval(row)
	return &rulesExport{Version: row.Base + 1, Policy: rules.Canonical(policy), Approved: &approved, EffectiveAt: row.EffectiveAt}, err
}
