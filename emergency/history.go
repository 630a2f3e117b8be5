package emergency

import (
	"context"

	"github.com/locket-health/locket/audit"
)

// HistoryView is what the log says about a patient, with what is needed to check it without trusting this server.
type HistoryView struct {
	Checkpoint string // the signed note that the proofs lead to; "" while none is published
	VKey       string
	Last       uint64         // number of the last entry there is; 0 when there is none
	Entries    []HistoryEntry // in order of Seq
}

// HistoryEntry is one entry with its proof. Salt and Payload are nil once they were erased, Proof while no checkpoint covers the entry yet.
type HistoryEntry struct {
	Index   int64
	Seq     uint64
	Salt    []byte
	Payload []byte
	Event   audit.Event
	Proof   *audit.Proof
}

// maxHistory is the longest page of a history.
const maxHistory = 500

// History returns at most limit entries about a patient whom the caller keeps, after the one with number after. That an operator read them is an entry among them.
func (s *Service) History(ctx context.Context, c Caller, id PatientID, after uint64, limit int) (HistoryView, error) {
	if _, err := s.kept(ctx, c, id); err != nil {
		return HistoryView{}, err
	}
	if c.Operator {
		event := s.event(c, audit.DataExported, string(id))
		event.Details = map[string]string{"what": "log"}
		if err := s.Store.Update(ctx, func(tx Tx) error {
			tx.Append(event)
			return nil
		}); err != nil {
			return HistoryView{}, noLogNoData(err)
		}
	}
	return s.history(ctx, string(id), after, limit)
}

// AccountHistory returns what the log says about the caller's own account: sign-ins, passkeys, recovery, exports.
func (s *Service) AccountHistory(ctx context.Context, c Caller, after uint64, limit int) (HistoryView, error) {
	if !c.SignedIn() {
		return HistoryView{}, ErrSignIn
	}
	return s.history(ctx, string(c.Account), after, limit)
}

func (s *Service) history(ctx context.Context, subject string, after uint64, limit int) (HistoryView, error) {
	view := HistoryView{VKey: s.Log.VKey()}
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		view.Last, err = r.LastEntry(subject)
		return err
	}); err != nil {
		return view, err
	}
	proved, err := s.Log.History(ctx, subject, after, min(max(limit, 1), maxHistory))
	if err != nil {
		return view, err
	}
	for _, p := range proved {
		entry := HistoryEntry{Index: p.Entry.Index, Seq: p.Entry.Seq, Payload: p.Raw, Event: p.Payload.Event, Proof: p.Proof}
		if p.Raw != nil {
			entry.Salt = p.Salt[:]
		}
		if p.Proof != nil {
			view.Checkpoint = string(p.Proof.Checkpoint)
		}
		view.Entries = append(view.Entries, entry)
	}
	return view, nil
}

// MarkSeen remembers that a keeper has looked at a patient's entries up to seq. It makes no entry silent that comes later, and none for another keeper, and goes
// never back.
func (s *Service) MarkSeen(ctx context.Context, c Caller, id PatientID, seq uint64) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		patient, err := s.keptIn(tx, c, id)
		if err != nil {
			return err
		}
		if c.Operator {
			patient.SeenSeq = max(patient.SeenSeq, seq)
			return tx.PutPatient(patient)
		}
		me, err := tx.Keeper(c.Account, id)
		if err != nil || seq <= me.SeenSeq {
			return err
		}
		me.SeenSeq = seq
		return tx.PutKeeper(me)
	})
}
