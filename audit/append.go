package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// Placed is what became of an event: its place in the log and all that its proof needs besides the tree.
type Placed struct {
	Index   int64     // in its epoch
	Epoch   int       // number of the epoch, from 1
	Row     int64     // among the entries of all epochs
	Leaf    tlog.Hash // leaf hash
	Salt    Salt
	Payload []byte // the canonical bytes, as committed to
	Seq     uint64 // number among the entries of the subject; 0 without a subject
}

// Append adds events, in order, to the log that tx writes. It reads the end of the log once and writes once each of
// entries, hashes and state, however many events there are: whoever groups commits gives all their events to one call. Salts
// are read from rand, which is crypto/rand.Reader outside of tests.
//
// Nothing counts before the transaction is committed. On any error the caller rolls it back: [ErrInvalid] for an event that breaks a
// bound, [ErrConflict] when somebody else moved the log, [ErrState] when the stored state cannot be one, or what tx, sealer and
// rand return.
func Append(ctx context.Context, tx Tx, sealer Sealer, rand io.Reader, events []Event) ([]Placed, error) {
	if tx == nil || sealer == nil || rand == nil {
		return nil, errors.New("audit: append without a transaction, a sealer or randomness")
	}
	if len(events) == 0 {
		return nil, nil
	}
	for i := range events {
		if err := events[i].Validate(); err != nil {
			return nil, err
		}
	}
	old, err := tx.LogState(ctx)
	if err != nil {
		return nil, fmt.Errorf("audit: reading the state: %w", err)
	}
	if err := old.check(); err != nil {
		return nil, err
	}

	b := batch{
		state:   old.clone(),
		heads:   make(map[string]Head),
		placed:  make([]Placed, 0, len(events)),
		entries: make([]Entry, 0, len(events)),
		hashes:  make([]tlog.Hash, 0, 2*len(events)+len(old.Edge)),
	}
	for i := range events {
		if err := b.add(ctx, tx, rand, &events[i]); err != nil {
			return nil, err
		}
	}
	sealed := b.seal(sealer)
	err = tx.InsertHashes(ctx, tlog.StoredHashIndex(0, old.Size), b.hashes)
	if failed := sealed(); failed != nil {
		return nil, failed
	}
	if err != nil {
		return nil, fmt.Errorf("audit: writing hashes: %w", err)
	}
	if err := tx.InsertEntries(ctx, b.entries); err != nil {
		return nil, fmt.Errorf("audit: writing entries: %w", err)
	}
	if err := tx.SwapState(ctx, old.Size, b.state); err != nil {
		return nil, fmt.Errorf("audit: writing the state: %w", err)
	}
	return b.placed, nil
}

// batch gathers what one append writes.
type batch struct {
	state   State
	heads   map[string]Head // of the subjects met so far, so that events of one batch chain to one another
	placed  []Placed
	entries []Entry
	hashes  []tlog.Hash
}

func (b *batch) add(ctx context.Context, tx Tx, rand io.Reader, e *Event) error {
	head, err := b.head(ctx, tx, e.Subject)
	if err != nil {
		return err
	}
	p := Placed{Index: b.state.Size, Epoch: b.state.Epoch, Row: b.state.First + b.state.Size}
	var previous []byte
	if e.Subject != "" {
		p.Seq = head.Seq + 1
		if head.Seq > 0 {
			previous = head.Leaf[:]
		}
	}
	plain := make([]byte, SaltSize, 512)
	if _, err := io.ReadFull(rand, plain); err != nil {
		return fmt.Errorf("audit: drawing a salt: %w", err)
	}
	p.Salt = Salt(plain)
	plain = appendPayload(plain, e, p.Seq, previous)
	p.Payload = plain[SaltSize:]
	commitment := Commit(p.Salt, p.Payload)
	p.Leaf = commitment.LeafHash()
	b.hashes = b.state.grow(p.Leaf, b.hashes)
	if e.Subject != "" {
		b.heads[e.Subject] = Head{Seq: p.Seq, Leaf: p.Leaf}
	}
	b.placed = append(b.placed, p)
	b.entries = append(b.entries, Entry{
		Index: p.Index, Epoch: p.Epoch, Row: p.Row, Leaf: commitment, Subject: e.Subject, Seq: p.Seq, Type: e.Type, At: e.At.UTC(),
	})
	return nil
}

// sealedTogether is how many entries one goroutine seals: fewer are not worth another.
const sealedTogether = 32

// seal seals the entries, on other processors while the caller goes on, who then calls wait.
func (b *batch) seal(sealer Sealer) (wait func() error) {
	errs := make([]error, (len(b.entries)+sealedTogether-1)/sealedTogether)
	var all sync.WaitGroup
	for part := range errs {
		from := part * sealedTogether
		seal := func() { errs[part] = b.sealPart(sealer, from, min(from+sealedTogether, len(b.entries))) }
		if len(errs) == 1 {
			seal()
			break
		}
		all.Go(seal)
	}
	return func() error {
		all.Wait()
		return errors.Join(errs...)
	}
}

func (b *batch) sealPart(sealer Sealer, from, to int) (err error) {
	var packed []byte // used again for each
	for i := from; i < to; i++ {
		p := &b.placed[i]
		packed = appendPacked(append(packed[:0], p.Salt[:]...), p.Payload)
		if b.entries[i].Sealed, err = sealer.Seal(p.Row, packed); err != nil {
			return fmt.Errorf("audit: sealing entry %d: %w", p.Index, err)
		}
	}
	return nil
}

func (b *batch) head(ctx context.Context, tx Tx, subject string) (Head, error) {
	if subject == "" {
		return Head{}, nil
	}
	if head, ok := b.heads[subject]; ok {
		return head, nil
	}
	head, err := tx.LogHead(ctx, subject)
	if err != nil {
		return Head{}, fmt.Errorf("audit: reading the last entry of a subject: %w", err)
	}
	return head, nil
}
