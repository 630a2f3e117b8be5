package emergency

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"filippo.io/age"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/vault"
)

// DocumentView is an original document as a keeper sees it: what came in, byte for byte.
type DocumentView struct {
	ID        DocumentID `json:"-"`
	Name      string     `json:"name"`
	MediaType string     `json:"media_type"`
	Size      int        `json:"size"`
	SHA256    string     `json:"sha256"`
	CreatedAt time.Time  `json:"-"`
}

// ImportPreview is what an import would bring, before anything of it is saved.
type ImportPreview struct {
	Token    string // for ConfirmImport, within the hour
	Imported summary.Imported
}

// pendingImport is what waits between the preview and the confirmation: one for an account, a new one replaces it.
type pendingImport struct {
	Patient  PatientID `json:"patient"`
	Name     string    `json:"name"`
	Document []byte    `json:"-"`
}

const (
	maxDocumentBytes  = 16 << 20 // what an import reads at most
	maxOriginalsBytes = 64 << 20 // what is kept of a patient's originals
)

// PreviewImport reads a FHIR document for a patient and shows what is understood, what is kept as text and what is not understood. Nothing is saved
// but the sealed document itself, for an hour, so that it need not be sent twice.
func (s *Service) PreviewImport(ctx context.Context, c Caller, id PatientID, document []byte, name string) (ImportPreview, error) {
	if _, err := s.kept(ctx, c, id); err != nil {
		return ImportPreview{}, err
	}
	if len(document) > maxDocumentBytes {
		return ImportPreview{}, ErrTooLarge.with("limit_mb", maxDocumentBytes>>20)
	}
	imported, err := summary.Import(document)
	if err != nil {
		return ImportPreview{}, ErrInvalid.because(err)
	}
	about, err := json.Marshal(pendingImport{Patient: id, Name: fileName(name)})
	if err != nil {
		return ImportPreview{}, err
	}
	imported.Record = asClaimed(imported.Record, s.now())
	token, err := s.remember(ctx, c, ceremonyImport, importLife, waiting{State: about, Body: document})
	return ImportPreview{Token: token, Imported: imported}, err
}

// ConfirmImport adds what the preview showed to the record and keeps the original document, sealed.
func (s *Service) ConfirmImport(ctx context.Context, c Caller, id PatientID, token string) error {
	if _, err := s.kept(ctx, c, id); err != nil {
		return err
	}
	pending, err := s.pendingImport(ctx, c, token)
	if err != nil {
		return err
	}
	if pending.Patient != id {
		return ErrCeremony
	}
	imported, err := summary.Import(pending.Document)
	if err != nil {
		return ErrInvalid.because(err)
	}
	row, err := s.sealDocument(id, pending.Name, pending.Document)
	if err != nil {
		return err
	}
	// The original, the record and the end of the preview are one change: when it fails, the preview is still there to be confirmed again.
	return s.changeRecord(ctx, c, id, audit.RecordImported, func(record *summary.Record) error {
		*record = summary.Merge(*record, asClaimed(imported.Record, s.now()))
		return nil
	}, func(tx Tx) error {
		if err := s.roomFor(tx, id, len(pending.Document)); err != nil {
			return err
		}
		if _, err := tx.TakeCeremony(hashToken(token)); err != nil {
			return ErrCeremony.because(err)
		}
		return tx.PutDocument(row)
	})
}

// pendingImport reads what PreviewImport has put aside, for the same account and browser session, and leaves it there.
func (s *Service) pendingImport(ctx context.Context, c Caller, token string) (pendingImport, error) {
	hash := hashToken(token)
	var ceremony Ceremony
	err := s.Store.View(ctx, func(r Reader) (err error) {
		ceremony, err = r.Ceremony(hash)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return pendingImport{}, ErrCeremony
	}
	if err != nil {
		return pendingImport{}, err
	}
	about, document, err := s.openCeremony(c, ceremonyImport, ceremony)
	if err != nil {
		return pendingImport{}, err
	}
	pending := pendingImport{Document: document}
	return pending, json.Unmarshal(about, &pending)
}

// roomFor refuses an original that would make a patient's originals larger than is kept.
func (s *Service) roomFor(r Reader, id PatientID, size int) error {
	rows, err := r.Documents(id)
	if err != nil {
		return err
	}
	for _, row := range rows {
		view, err := s.viewDocument(row)
		if err != nil {
			return err
		}
		size += view.Size
	}
	if size > maxOriginalsBytes {
		return ErrTooLarge.with("limit_mb", maxOriginalsBytes>>20)
	}
	return nil
}

// asClaimed marks what a document says as what it is: the word of a document that somebody has brought, not of the clinic that it names. What is dated
// in the future was not confirmed then.
func asClaimed(record summary.Record, now time.Time) summary.Record {
	today := summary.DateOf(now)
	record.Items = slices.Clone(record.Items)
	for i := range record.Items {
		item := &record.Items[i]
		if item.Source.Kind == summary.SourceClinician || item.Source.Kind == summary.SourceOrganization {
			item.Source.Kind = summary.SourceImported
		}
		if item.Confirmed > today {
			item.Confirmed = today
		}
	}
	return record
}

func (s *Service) sealDocument(id PatientID, name string, content []byte) (Document, error) {
	key, err := newID(s.Rand)
	if err != nil {
		return Document{}, err
	}
	row := Document{ID: DocumentID(key), Patient: id, CreatedAt: s.now()}
	sum := sha256.Sum256(content)
	info, err := json.Marshal(DocumentView{Name: name, MediaType: "application/fhir+json", Size: len(content), SHA256: hex.EncodeToString(sum[:])})
	if err != nil {
		return Document{}, err
	}
	if row.SealedInfo, err = s.seal("document", "info", key, info); err != nil {
		return Document{}, err
	}
	row.Sealed, err = vault.SealRecord(documentPlace(row.ID), []age.Recipient{s.Identity.Recipient()}, content)
	return row, err
}

// Documents lists the originals kept for a patient. A guardian from whom something is hidden has none.
func (s *Service) Documents(ctx context.Context, c Caller, id PatientID) ([]DocumentView, error) {
	var views []DocumentView
	err := s.Store.View(ctx, func(r Reader) error {
		patient, err := s.keptIn(r, c, id)
		if err != nil {
			return err
		}
		if hides, err := s.hiddenFrom(r, c, patient); err != nil || hides.any() {
			return err // an original may hold what is hidden
		}
		rows, err := r.Documents(id)
		if err != nil {
			return err
		}
		for _, row := range rows {
			view, err := s.viewDocument(row)
			if err != nil {
				return err
			}
			views = append(views, view)
		}
		return nil
	})
	return views, err
}

// Document returns an original, byte for byte, to a keeper of its patient. It may hold what the patient has moved to the floor since, so it needs a
// fresh passkey.
func (s *Service) Document(ctx context.Context, c Caller, id PatientID, document DocumentID) (DocumentView, []byte, error) {
	if c.SignedIn() && !c.fresh(s.now()) {
		return DocumentView{}, nil, ErrFreshPasskey
	}
	var view DocumentView
	var content []byte
	err := s.Store.View(ctx, func(r Reader) error {
		patient, err := s.keptIn(r, c, id)
		if err != nil {
			return err
		}
		if hides, err := s.hiddenFrom(r, c, patient); err != nil {
			return err
		} else if hides.any() {
			return ErrNotFound // it may hold what is hidden
		}
		row, err := r.Document(id, document)
		if err != nil {
			return err
		}
		if view, err = s.viewDocument(row); err != nil {
			return err
		}
		content, err = vault.OpenRecord(documentPlace(row.ID), s.Identity, row.Sealed, maxDocumentBytes)
		return err
	})
	return view, content, err
}

func (s *Service) viewDocument(row Document) (DocumentView, error) {
	var view DocumentView
	plain, err := s.unseal("document", "info", string(row.ID), row.SealedInfo)
	if err != nil {
		return view, err
	}
	err = json.Unmarshal(plain, &view)
	view.ID, view.CreatedAt = row.ID, row.CreatedAt
	return view, err
}

// documentPlace is where an original stands in the store.
func documentPlace(id DocumentID) vault.AAD {
	return vault.AAD{Table: "document", Column: "sealed", Row: string(id)}
}

// fileName keeps the last part of a name from outside, without control characters and not too long.
func fileName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, name)
	if len(name) > maxNameBytes {
		name = strings.ToValidUTF8(name[:maxNameBytes], "")
	}
	if name == "" {
		name = "summary.json"
	}
	return name
}
