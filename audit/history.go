package audit

import (
	"context"
	"errors"
	"fmt"
)

// Proved is an entry with what it says and the proof that it was said: all that somebody needs to check it without trusting the
// server.
type Proved struct {
	Entry   Entry   // Sealed is left out
	Salt    Salt    // zero once erased
	Raw     []byte  // the payload as committed to; nil once erased
	Payload Payload // what Raw says
	Proof   *Proof  // nil while no published checkpoint covers the entry
}

// History returns at most limit entries of a patient with numbers above afterSeq, in order, opened and proved, each against the
// published checkpoint of its epoch. Numbers are left out only where rows of erased entries may have been pruned; a later entry speaks for each. It is for
// the patient's eyes: the caller decides who that is. Damage in the store is a [*VerifyError].
func (l *Log) History(ctx context.Context, subject string, afterSeq uint64, limit int) ([]Proved, error) {
	if subject == "" || limit < 1 {
		return nil, errors.New("audit: a history needs a subject and a limit")
	}
	entries, err := l.store.SubjectEntries(ctx, subject, afterSeq, limit)
	if err != nil {
		return nil, fmt.Errorf("audit: reading the entries of a subject: %w", err)
	}
	provers := make(map[int]prover)
	history := make([]Proved, len(entries))
	for i := range entries {
		e := &entries[i]
		if e.Subject != subject || e.Seq <= afterSeq {
			return nil, broken(e.Index, "it is not the next entry of its subject")
		}
		if e.Seq != afterSeq+1 {
			if pruned, err := l.pruned(ctx); err != nil || !pruned {
				return nil, errors.Join(err, broken(e.Index, "it is not the next entry of its subject"))
			}
		}
		afterSeq = e.Seq
		by, ok := provers[e.Epoch]
		if !ok {
			if by, err = l.proverOf(ctx, e.Epoch); err != nil {
				return nil, err
			}
			provers[e.Epoch] = by
		}
		if history[i], err = by.proved(ctx, e); err != nil {
			return nil, err
		}
	}
	return history, nil
}

// pruned reports whether rows of any epoch may be gone.
func (l *Log) pruned(ctx context.Context) (bool, error) {
	epochs, err := l.store.Epochs(ctx)
	if err != nil {
		return false, fmt.Errorf("audit: reading the epochs: %w", err)
	}
	for _, e := range epochs {
		state, err := l.store.Epoch(e.Number).LogState(ctx)
		if err != nil {
			return false, fmt.Errorf("audit: reading the state: %w", err)
		}
		if state.Minimum > 0 {
			return true, nil
		}
	}
	return false, nil
}

// Recoveries returns the first entry of each epoch but the log's first, in order, opened and proved: they say what became of the epochs before (see [Recovery]).
func (l *Log) Recoveries(ctx context.Context) ([]Proved, error) {
	epochs, err := l.store.Epochs(ctx)
	if err != nil {
		return nil, fmt.Errorf("audit: reading the epochs: %w", err)
	}
	var list []Proved
	for _, e := range epochs {
		if e.Number == 1 {
			continue
		}
		by, err := l.proverOf(ctx, e.Number)
		if err != nil {
			return nil, err
		}
		entries, err := by.reader.Entries(ctx, 0, 1)
		if err != nil {
			return nil, fmt.Errorf("audit: reading entries: %w", err)
		}
		if len(entries) != 1 {
			return nil, broken(0, "the row of the first entry of epoch %d is missing", e.Number)
		}
		first, err := by.proved(ctx, &entries[0])
		if err != nil {
			return nil, err
		}
		list = append(list, first)
	}
	return list, nil
}

// prover proves the entries of one epoch against one checkpoint, the zero Checkpoint when none is published.
type prover struct {
	*Published
	signed Signed
	c      Checkpoint
}

// proved opens an entry unless it was erased, and proves it if the checkpoint covers it.
func (by prover) proved(ctx context.Context, e *Entry) (p Proved, err error) {
	if e.ErasedAt.IsZero() {
		if p.Salt, p.Raw, p.Payload, err = openEntry(by.opener, e); err != nil {
			return Proved{}, err
		}
	}
	if e.Index < by.c.Size {
		proof, err := by.prove(ctx, by.signed, by.c, e)
		if err != nil {
			return Proved{}, err
		}
		p.Proof = &proof
	}
	p.Entry = *e
	p.Entry.Sealed = nil
	return p, nil
}

func (l *Log) proverOf(ctx context.Context, number int) (prover, error) {
	epoch, err := l.Epoch(ctx, number)
	if err != nil {
		return prover{}, err
	}
	signed, c, err := epoch.published(ctx)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return prover{}, err
	}
	return prover{epoch, signed, c}, nil
}
