package audit

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Report says what a verification went through. It is of use only beside a nil error.
type Report struct {
	Size      int64     // entries verified
	Root      tlog.Hash // root of the tree over them
	Published int64     // of these, entries under a verified signed checkpoint; 0 if none was published
	Opened    int64     // payloads opened and compared with their commitments
	Erased    int64     // entries whose payload was erased; they hold by their leaf
	Subjects  int       // chains of patients followed
}

// VerifyStore checks a whole log where it is stored, without trusting whoever runs it: every commitment against its salt
// and payload, every stored hash, the chain of every patient, the edge of the state, the signature of v under the published
// checkpoint, and that the log still begins with what that checkpoint says. With a nil opener no payload is opened, the report
// says so, and the chains hold by their numbers alone.
//
// What does not hold is a [*VerifyError]; other errors are those of the store. progress, if given, is called now and then with the number of
// entries done. Memory grows with the number of patients, not with the number of entries. The log may grow meanwhile: what is
// verified is its state at the start.
func VerifyStore(ctx context.Context, r Reader, v Verifier, opener Opener, progress func(done, total int64)) (Report, error) {
	// The checkpoint is read first: the state read after it can only be newer.
	signed, err := r.Checkpoint(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("audit: reading the checkpoint: %w", err)
	}
	end, err := r.LogState(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("audit: reading the state: %w", err)
	}
	if end.check() != nil {
		return Report{}, broken(wholeLog, "its stored state cannot be one of a log")
	}
	published, err := openPublished(v, signed)
	if err != nil {
		return Report{}, err
	}
	if published.Size > end.Size {
		return Report{}, broken(end.Size, "it is missing: the signed checkpoint covers %d entries, the log holds %d", published.Size, end.Size)
	}

	report := Report{Published: published.Size}
	chains := make(chains)
	visit := func(e *Entry) error { return report.visit(e, opener, chains) }
	advance := func(size int64) {
		if progress != nil {
			progress(size, end.Size)
		}
	}
	state, err := replay(ctx, r, State{}, published.Size, visit, advance)
	if err != nil {
		return report, err
	}
	if signed.Note != nil && state.Root() != published.Root {
		return report, broken(wholeLog, "its first %d entries are not those of the signed checkpoint", published.Size)
	}
	if state, err = replay(ctx, r, state, end.Size, visit, advance); err != nil {
		return report, err
	}
	if !slices.Equal(state.Edge, end.Edge) {
		return report, broken(wholeLog, "the edge of its stored state is not that of its entries")
	}
	if err := checkEnd(ctx, r, end.Size); err != nil {
		return report, err
	}
	report.Size, report.Root, report.Subjects = state.Size, state.Root(), len(chains)
	return report, nil
}

// openPublished verifies the published checkpoint of a store. None at all is the checkpoint of nothing.
func openPublished(v Verifier, signed Signed) (Checkpoint, error) {
	if signed.Note == nil {
		return Checkpoint{Origin: v.Name()}, nil
	}
	c, err := OpenCheckpoint(v, signed.Note)
	if err != nil {
		return Checkpoint{}, broken(wholeLog, "its checkpoint does not verify: %v", err)
	}
	if c.Size != signed.Size {
		return Checkpoint{}, broken(wholeLog, "its checkpoint is stored under another size than its own")
	}
	return c, nil
}

// visit checks an entry by itself and as the next of its subject.
func (r *Report) visit(e *Entry, opener Opener, chains chains) error {
	erased := !e.ErasedAt.IsZero()
	switch {
	case erased && e.Sealed != nil:
		return broken(e.Index, "it is marked as erased and still holds a payload")
	case !erased && e.Sealed == nil:
		return broken(e.Index, "its payload is gone although it was not erased")
	case erased:
		r.Erased++
		return chains.extend(e, nil)
	case opener == nil:
		return chains.extend(e, nil)
	}
	_, _, p, err := openEntry(opener, e)
	if err != nil {
		return err
	}
	r.Opened++
	return chains.extend(e, &p)
}

// checkEnd makes sure that no row stands beyond the end of the log, as after a state that was set back.
func checkEnd(ctx context.Context, r Reader, size int64) error {
	beyond, err := r.Entries(ctx, size, size+1)
	if err != nil {
		return fmt.Errorf("audit: reading entries: %w", err)
	}
	if len(beyond) == 0 {
		return nil
	}
	// An append may have come meanwhile; then the state has moved with it.
	now, err := r.LogState(ctx)
	if err != nil {
		return fmt.Errorf("audit: reading the state: %w", err)
	}
	if now.Size == size {
		return broken(size, "its row stands beyond the end of the log")
	}
	return nil
}
