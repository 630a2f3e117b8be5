package emergency

import (
	"archive/zip"
	"context"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/auditevent"
	"github.com/locket-health/locket/emergency/rules"
)

// LogQuery picks entries of the log. Zero fields pick all.
type LogQuery struct {
	Patient      PatientID
	Since, Until time.Time // Until exclusive
}

// picks reports whether an entry was made within the time that is asked for.
func (q LogQuery) picks(e *audit.Entry) bool {
	return !e.At.Before(q.Since) && (q.Until.IsZero() || e.At.Before(q.Until))
}

// ExportLog writes what the log says about a patient as a zip, for a keeper: as it stands there, as AuditEvents of FHIR, as an accounting of disclosures, and
// with the proof of each entry. It needs a passkey touched just now, and is an entry before the first byte leaves.
func (s *Service) ExportLog(ctx context.Context, c Caller, id PatientID, w io.Writer) error {
	hides, err := s.hidden(ctx, c, id)
	if err != nil {
		return err
	}
	if !c.fresh(s.now()) {
		return ErrFreshPasskey
	}
	event := s.event(c, audit.DataExported, string(id))
	event.Details = map[string]string{"what": "log_file"}
	began, err := s.intend(ctx, func(tx Tx) error {
		_, err := s.keptIn(tx, c, id)
		return err
	}, event)
	if err != nil {
		return err
	}
	return s.Conclude(ctx, began, s.writeLog(ctx, w, hides.source(s.logOf(string(id), nil)), true))
}

// ExportDisclosures writes the entries about the openings that a search finds, likewise, for a privacy officer. Every patient among them reads in the log
// that it was done. Who a contact of a patient is stays out of it, as on the officer's pages.
func (s *Service) ExportDisclosures(ctx context.Context, c Caller, query OfficerQuery, w io.Writer) error {
	found, began, err := s.beginOfficerExport(ctx, c, query)
	if err != nil {
		return err
	}
	return s.Conclude(ctx, began, s.writeLog(ctx, w, s.logOfOpenings(found), true))
}

// ExportHouse writes the log of the whole house, or what a query picks of it, for its operator. The proofs of a whole log stand in one file.
func (s *Service) ExportHouse(ctx context.Context, c Caller, query LogQuery, w io.Writer) error {
	if !c.Operator {
		return ErrSignIn
	}
	if query.Patient != "" {
		if err := s.Store.View(ctx, func(r Reader) error {
			_, err := r.Patient(query.Patient) // a deleted one too: what was logged of them stays
			return err
		}); err != nil {
			return err
		}
	}
	event := s.event(c, audit.DataExported, string(query.Patient))
	event.Details = map[string]string{"what": "log_file"}
	began, err := s.intend(ctx, nil, event)
	if err != nil {
		return err
	}
	source := s.logOf(string(query.Patient), query.picks)
	return s.Conclude(ctx, began, s.writeLog(ctx, w, source, query.Patient != ""))
}

// logSource goes through the entries of an export in order, and again for each of its files. It opens and proves only those of the types that are asked
// for, of all when none is.
type logSource func(ctx context.Context, shot *audit.Snapshot, types []audit.Type, visit func(audit.Proved) error) error

// logOf are the entries about a subject, of the whole log when it is "".
func (s *Service) logOf(subject string, picks func(*audit.Entry) bool) logSource {
	return func(ctx context.Context, shot *audit.Snapshot, types []audit.Type, visit func(audit.Proved) error) error {
		pick := func(e *audit.Entry) bool {
			return (picks == nil || picks(e)) && (len(types) == 0 || slices.Contains(types, e.Type))
		}
		if subject == "" {
			return shot.All(ctx, pick, visit)
		}
		return shot.Subject(ctx, subject, pick, visit)
	}
}

// aboutOpenings are the types of entries that name an opening.
var aboutOpenings = []audit.Type{audit.GlassOpened, audit.GlassReopened, audit.GrantEnded, audit.HandoverMade, audit.MessageSent, audit.ReviewGiven, audit.ReviewAnswered}

// logOfOpenings are the entries that name one of some openings.
func (s *Service) logOfOpenings(openings []OpeningView) logSource {
	found := make(map[GrantID]bool)
	began := make(map[PatientID]time.Time) // the first opening of each
	for _, o := range openings {
		found[o.Grant] = true
		if first, known := began[o.Patient]; !known || o.From.Before(first) {
			began[o.Patient] = o.From
		}
	}
	return func(ctx context.Context, shot *audit.Snapshot, types []audit.Type, visit func(audit.Proved) error) error {
		if len(types) == 0 {
			types = aboutOpenings
		}
		for _, patient := range slices.Sorted(maps.Keys(began)) {
			// The entry is made a moment before or after the opening counts.
			since := began[patient].Add(-time.Minute)
			pick := func(e *audit.Entry) bool { return slices.Contains(types, e.Type) && !e.At.Before(since) }
			if err := shot.Subject(ctx, string(patient), pick, func(p audit.Proved) error {
				if !found[GrantID(p.Payload.Grant)] {
					return nil
				}
				return visit(withoutContact(p))
			}); err != nil {
				return err
			}
		}
		return nil
	}
}

// withoutContact takes away who a contact of the patient is: whoever is near to somebody says who that is. The entry then stands without its content, and its
// proof is that of its leaf.
func withoutContact(p audit.Proved) audit.Proved {
	if p.Payload.Actor.Kind == audit.ByContact {
		p.Salt, p.Raw = audit.Salt{}, nil
		p.Payload.Actor.Name, p.Payload.Actor.CallBack = "", ""
	}
	return p
}

// auditHouse is this house as AuditEvents name it.
func (s *Service) auditHouse(ctx context.Context) auditevent.House {
	known := make(map[string]bool)
	return auditevent.House{URL: s.URL, Name: s.Issuer(), Test: len(s.welcome) > 0,
		Purpose: func(reason string) string { return rules.Reason(reason).ActReason() },
		IsPatient: func(subject string) bool {
			is, asked := known[subject]
			if !asked {
				is = s.Store.View(ctx, func(r Reader) error {
					_, err := r.Patient(PatientID(subject))
					return err
				}) == nil
				if len(known) < 10_000 {
					known[subject] = is
				}
			}
			return is
		}}
}

// writeLog writes an export of the log that is a zip of its own.
func (s *Service) writeLog(ctx context.Context, w io.Writer, source logSource, files bool) error {
	s.provable(ctx)
	out := &exporter{Writer: zip.NewWriter(w)}
	if err := s.exportLog(ctx, out, "", source, files); err != nil {
		return err
	}
	return out.Close()
}

// provable publishes, so that what is exported comes with its proofs. When that fails the export goes on, for it is then that somebody needs it: what no
// checkpoint covers yet has no proof, and the rest has.
func (s *Service) provable(ctx context.Context) {
	if _, err := s.Log.Publish(ctx); err != nil {
		s.Logger.WarnContext(ctx, "an export holds entries without a proof: no checkpoint was published", "err", err)
	}
}

// exportLog writes entries into a folder of an export, with what is needed to check them; files says whether each proof is a file too.
func (s *Service) exportLog(ctx context.Context, out *exporter, folder string, source logSource, files bool) error {
	shot, err := s.Log.Snapshot(ctx)
	if err != nil {
		return err
	}
	e := logExport{exporter: out, house: s.auditHouse(ctx), shot: shot, at: s.now(), folder: folder,
		each: func(visit func(loggedEntry) error, types ...audit.Type) error {
			return source(ctx, shot, types, func(p audit.Proved) error {
				entry, err := logged(shot, p)
				if err != nil {
					return err
				}
				return visit(entry)
			})
		}}
	return e.write(files)
}

// loggedEntry is an entry in the forms in which it is exported.
type loggedEntry struct {
	audit.Proved
	event auditevent.Entry // with the proof as a receipt, nil while there is none
}

func logged(shot *audit.Snapshot, p audit.Proved) (loggedEntry, error) {
	entry := loggedEntry{p, auditevent.Entry{Origin: shot.Origin(p.Entry.Epoch), Epoch: p.Entry.Epoch, Index: p.Entry.Index, Leaf: p.Entry.Leaf.LeafHash(),
		Event: p.Payload.Event, ErasedAt: p.Entry.ErasedAt}}
	if !p.Entry.ErasedAt.IsZero() {
		entry.event.Event = audit.Event{Type: p.Entry.Type, At: p.Entry.At, Subject: p.Entry.Subject}
	}
	if p.Proof == nil {
		return entry, nil
	}
	var err error
	entry.event.Proof, err = p.Receipt()
	return entry, err
}

// logExport writes the files of the log into an export. Each is a pass over the entries: nothing of them is kept.
type logExport struct {
	*exporter
	house  auditevent.House
	shot   *audit.Snapshot
	at     time.Time
	folder string // with a slash at its end, or ""
	each   func(visit func(loggedEntry) error, types ...audit.Type) error
}

func (e logExport) write(files bool) error {
	e.file(e.folder+"README.txt", []byte(logReadme))
	e.stream(e.folder+"entries.ndjson", e.entries)
	e.stream(e.folder+"events.ndjson", e.events)
	e.stream(e.folder+"bundle.json", e.bundle)
	e.stream(e.folder+"disclosures.csv", e.disclosures)
	if files {
		if err := e.each(func(entry loggedEntry) error {
			if entry.event.Proof != nil {
				e.file(e.folder+"proofs/"+entry.event.Name()+".tlog-proof", entry.event.Proof)
			}
			return e.err
		}); err != nil {
			return err
		}
	}
	notes, vkeys := e.shot.Checkpoints(), e.shot.VKeys()
	for _, epoch := range slices.Sorted(maps.Keys(notes)) {
		e.file(fmt.Sprintf("%scheckpoints/%d.txt", e.folder, epoch), notes[epoch])
	}
	for _, epoch := range slices.Sorted(maps.Keys(vkeys)) {
		e.file(fmt.Sprintf("%svkeys/%d.txt", e.folder, epoch), []byte(vkeys[epoch]+"\n"))
	}
	return e.err
}

// entries are what the log itself says. Salt and payload are null once they were erased, or are not for whoever gets this; receipt is while there is no proof.
func (e logExport) entries(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return e.each(func(entry loggedEntry) error {
		line := struct {
			Epoch   int     `json:"epoch"`
			Index   int64   `json:"index"`
			Seq     uint64  `json:"seq"` // among those of its subject
			Leaf    []byte  `json:"leaf"`
			Salt    *string `json:"salt"`
			Payload *string `json:"payload"`
			Receipt *string `json:"receipt"`
		}{Epoch: entry.Entry.Epoch, Index: entry.Entry.Index, Seq: entry.Entry.Seq, Leaf: entry.event.Leaf[:]}
		if entry.Raw != nil {
			salt, payload := base64.RawURLEncoding.EncodeToString(entry.Salt[:]), string(entry.Raw)
			line.Salt, line.Payload = &salt, &payload
		}
		if entry.event.Proof != nil {
			receipt := string(entry.event.Proof)
			line.Receipt = &receipt
		}
		return encoder.Encode(line)
	})
}

func (e logExport) events(w io.Writer) error {
	return e.each(func(entry loggedEntry) error {
		for _, resource := range e.house.Resources(entry.event) {
			if _, err := w.Write(append(resource.JSON, '\n')); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e logExport) bundle(w io.Writer) error {
	bundle := auditevent.NewBundle(w, e.at)
	err := e.each(func(entry loggedEntry) error {
		for _, resource := range e.house.Resources(entry.event) {
			if err := bundle.Add(resource); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, bundle.Close())
}

// byteOrderMark lets spreadsheets read names in any script.
const byteOrderMark = "\ufeff"

func (e logExport) disclosures(w io.Writer) error {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return err
	}
	table := csv.NewWriter(w)
	table.UseCRLF = true
	err := table.Write(auditevent.Columns)
	if err != nil {
		return err
	}
	err = e.each(func(entry loggedEntry) error {
		line, disclosed := e.house.Accounting(entry.event)
		if !disclosed {
			return nil
		}
		return table.Write(line)
	}, audit.GlassOpened, audit.GlassReopened)
	table.Flush()
	return errors.Join(err, table.Error())
}

const logReadme = `This is an extract of an audit log that nobody can quietly change.

entries.ndjson     what the log itself says, one entry a line: the exact payload, its salt, and its receipt
events.ndjson      the same as FHIR R4 AuditEvents, by the profiles of IHE BALP where one fits
bundle.json        the same AuditEvents as one Bundle
disclosures.csv    who was shown what, when and why: an accounting of disclosures (UTF-8 with a byte order mark)
proofs/N-M.tlog-proof   the receipt of entry M of epoch N of the log (c2sp.org/tlog-proof@v1)
checkpoints/N.txt  the signed checkpoint of epoch N that the proofs lead to
vkeys/N.txt        the key that it is signed with

How to check a receipt, without a network and without trusting whoever gave it to you:
  1. Get the key of the log from somewhere else too: /audit/log/vkey of the service, a friend, an old file like this one. Compare it with vkeys/N.txt.
  2. locket-verify --vkey vkeys/1.txt proofs/1-17.tlog-proof
     or: locket audit prove --vkey vkeys/1.txt --check proofs/1-17.tlog-proof
     It says whether the proof holds, and what the entry says.
  3. Any other program for c2sp.org/tlog-proof@v1 can do the same. The entry is "locket-audit/v1" and a newline, followed by
     SHA-256("locket-audit/commit/v1" || salt || 32-bit big-endian length || payload); salt and payload stand in the extra line of the receipt.

What is proved is the payload. An AuditEvent is a translation of it: meta.source names the epoch and the index of its entry. An opening is
up to three AuditEvents: the glass was broken, the rules decided, something was shown. The table of disclosures counts it once, and leaves
out what is printed on a card: whoever holds the card can read that. A disclosure whose content was erased stands there by its time alone, and
one of which what was shown is not for you to see without it.
An entry without a receipt is newer than the last checkpoint. An entry without a payload was erased, or its content is not for you to see: its
receipt then proves its place alone.
`
