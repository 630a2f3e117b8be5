package emergency

import (
	"context"
	"errors"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
)

// HistoryView is what the log says about a patient, with what is needed to check it without trusting this server.
type HistoryView struct {
	Checkpoint  string             // the signed note of the present epoch, which the proofs of its entries lead to; "" while none is published
	VKey        string             // the key that signs it
	VKeys       []string           // every key that signs it: two while one takes the place of another
	Epoch       int                // number of the present epoch, from 1
	Successions []audit.Succession // how keys that have ended were followed by others, of all epochs
	Earlier     []EarlierEpoch     // of the log, in order; none unless it was begun anew
	Last        uint64             // number of the last entry there is; 0 when there is none
	Recoveries  []audit.Proved     // the first entries of all epochs but the first: what became of the ones before
	Entries     []HistoryEntry     // in order of Seq
}

// EarlierEpoch is a closed epoch of the log: what the proofs of its entries lead to.
type EarlierEpoch struct {
	Epoch      int
	Origin     string
	VKey       string
	VKeys      []string // every key that has signed it, in order
	Checkpoint string   // its last signed note; "" when it has none
}

// HistoryEntry is one entry with its proof. Salt and Payload are nil once they were erased, and Event says its type, time and subject alone then. They are nil too
// where the caller is not told what was released, which Event does not say then. Proof is nil while no checkpoint covers the entry yet.
type HistoryEntry struct {
	Epoch    int   // number of the epoch of the log, from 1
	Withheld bool  // Salt and Payload are not for the caller
	Index    int64 // in its epoch
	Seq      uint64
	Leaf     tlog.Hash // its leaf hash, all that is left of an erased one
	Salt     []byte
	Payload  []byte
	Event    audit.Event
	Proof    *audit.Proof
}

// maxHistory is the longest page of a history.
const maxHistory = 500

// History returns at most limit entries about a patient whom the caller keeps, after the one with number after. That an operator read them is an entry among them.
func (s *Service) History(ctx context.Context, c Caller, id PatientID, after uint64, limit int) (HistoryView, error) {
	hides, err := s.hidden(ctx, c, id)
	if err != nil {
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
	return s.history(ctx, string(id), hides, after, limit)
}

// AccountHistory returns what the log says about the caller's own account: sign-ins, passkeys, recovery, exports.
func (s *Service) AccountHistory(ctx context.Context, c Caller, after uint64, limit int) (HistoryView, error) {
	if !c.SignedIn() {
		return HistoryView{}, ErrSignIn
	}
	return s.history(ctx, string(c.Account), hides{}, after, limit)
}

func (s *Service) history(ctx context.Context, subject string, hides hides, after uint64, limit int) (HistoryView, error) {
	view := HistoryView{VKey: s.Log.VKey(), VKeys: s.Log.VKeys(), Epoch: s.Log.Number()}
	earlier, err := s.earlierEpochs(ctx)
	if err != nil {
		return view, err
	}
	view.Earlier = earlier
	if view.Recoveries, err = s.Log.Recoveries(ctx); err != nil {
		return view, err
	}
	if view.Successions, err = s.Log.Successions(ctx); err != nil {
		return view, err
	}
	signed, err := s.Log.Checkpoint(ctx)
	if err != nil && !errors.Is(err, audit.ErrNotFound) {
		return view, err
	}
	view.Checkpoint = string(signed.Note) // unless the entries are proved by a newer one
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
		p, withheld := hides.entry(p)
		entry := HistoryEntry{Withheld: withheld, Epoch: p.Entry.Epoch, Index: p.Entry.Index, Seq: p.Entry.Seq, Leaf: p.Entry.Leaf.LeafHash(), Payload: p.Raw,
			Event: p.Payload.Event, Proof: p.Proof}
		if p.Raw != nil {
			entry.Salt = p.Salt[:]
		} else if !withheld {
			entry.Event = audit.Event{Type: p.Entry.Type, At: p.Entry.At, Subject: p.Entry.Subject}
		}
		if p.Proof != nil && p.Entry.Epoch == view.Epoch {
			view.Checkpoint = string(p.Proof.Checkpoint)
		}
		view.Entries = append(view.Entries, entry)
	}
	return view, nil
}

// earlierEpochs are the closed epochs of the log.
func (s *Service) earlierEpochs(ctx context.Context) ([]EarlierEpoch, error) {
	epochs, err := s.Log.Epochs(ctx)
	if err != nil {
		return nil, err
	}
	var list []EarlierEpoch
	for _, e := range epochs[:len(epochs)-1] {
		closed, err := s.Log.Epoch(ctx, e.Number)
		if err != nil {
			return nil, err
		}
		signed, err := closed.Checkpoint(ctx)
		if err != nil && !errors.Is(err, audit.ErrNotFound) {
			return nil, err
		}
		list = append(list, EarlierEpoch{Epoch: e.Number, Origin: closed.Origin(), VKey: closed.VKey(), VKeys: closed.VKeys(), Checkpoint: string(signed.Note)})
	}
	return list, nil
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
