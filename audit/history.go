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

// History returns at most limit entries of a patient with numbers above afterSeq, in order, opened and proved against the
// published checkpoint. It is for the patient's eyes: the caller decides who that is. Damage in the store is a [*VerifyError].
func (l *Log) History(ctx context.Context, subject string, afterSeq uint64, limit int) ([]Proved, error) {
	if subject == "" || limit < 1 {
		return nil, errors.New("audit: a history needs a subject and a limit")
	}
	signed, c, err := l.published(ctx)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	entries, err := l.store.SubjectEntries(ctx, subject, afterSeq, limit)
	if err != nil {
		return nil, fmt.Errorf("audit: reading the entries of a subject: %w", err)
	}
	history := make([]Proved, len(entries))
	for i := range entries {
		e := &entries[i]
		if e.Subject != subject || e.Seq != afterSeq+1+uint64(i) {
			return nil, broken(e.Index, "it is not the next entry of its subject")
		}
		h := &history[i]
		if e.ErasedAt.IsZero() {
			if h.Salt, h.Raw, h.Payload, err = openEntry(l.opener, e); err != nil {
				return nil, err
			}
		}
		if e.Index < c.Size {
			p, err := l.prove(ctx, signed, c, e)
			if err != nil {
				return nil, err
			}
			h.Proof = &p
		}
		h.Entry = *e
		h.Entry.Sealed = nil
	}
	return history, nil
}
