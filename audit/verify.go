package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Report says what a verification went through. It is of use only beside a nil error.
type Report struct {
	Epochs    int       // how many there are
	Size      int64     // entries verified, of all epochs
	Root      tlog.Hash // root of the tree of the present epoch
	Published int64     // of these, entries under a verified signed checkpoint; 0 if none was published
	Opened    int64     // payloads opened and compared with their commitments
	Erased    int64     // entries whose payload was erased; they hold by their leaf
	Subjects  int       // chains of patients followed
}

// VerifyStore checks a whole log where it is stored, without trusting whoever runs it: every commitment against its salt
// and payload, every stored hash, the chain of every patient across all epochs, the edge of each state, the signature of one of the epoch's keys under its
// published checkpoint, and that the epoch still begins with what that checkpoint says. With a nil opener no payload is opened, the report
// says so, and the chains hold by their numbers alone.
//
// What does not hold is a [*VerifyError]; other errors are those of the store. progress, if given, is called now and then with the number of
// entries done. Memory grows with the number of patients, not with the number of entries. The log may grow meanwhile: what is
// verified is its state at the start.
func VerifyStore(ctx context.Context, s Store, keys Keyring, opener Opener, progress func(done, total int64)) (Report, error) {
	epochs, err := s.Epochs(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("audit: reading the epochs: %w", err)
	}
	if err := checkEpochs(epochs); err != nil {
		return Report{}, err
	}
	total := epochs[len(epochs)-1].First + epochs[len(epochs)-1].Size
	report := Report{Epochs: len(epochs)}
	chains := make(chains)
	var before Checkpoint
	for i, epoch := range epochs {
		advance := func(size int64) {
			if progress != nil {
				progress(epoch.First+size, max(total, epoch.First+size))
			}
		}
		if err := report.epoch(ctx, s.Epoch(epoch.Number), epoch, keys, opener, chains, advance); err != nil {
			return report, inEpoch(epoch.Number, err)
		}
		if i > 0 {
			if err := checkBeginning(ctx, s.Epoch(epoch.Number), opener, keys, epoch.Number, before); err != nil {
				return report, inEpoch(epoch.Number, err)
			}
		}
		before = Checkpoint{Origin: EpochOrigin(keys.origin, epoch.Number), Size: epoch.Size, Root: report.Root}
	}
	report.Subjects = len(chains)
	return report, nil
}

// checkEpochs makes sure that epochs follow one another without a gap between their rows.
func checkEpochs(epochs []Epoch) error {
	if len(epochs) == 0 {
		return broken(wholeLog, "it has no epoch")
	}
	var next int64
	number := 0
	for _, e := range epochs {
		if e.Number <= number || e.First != next {
			return inEpoch(e.Number, broken(wholeLog, "the epoch does not follow the one before it"))
		}
		number, next = e.Number, e.First+e.Size
	}
	return nil
}

// inEpoch names the epoch in what does not hold.
func inEpoch(number int, err error) error {
	var verify *VerifyError
	if errors.As(err, &verify) {
		verify.Epoch = number
	}
	return err
}

// epoch checks one epoch and adds it to the report.
func (r *Report) epoch(ctx context.Context, reader Reader, epoch Epoch, keys Keyring, opener Opener, chains chains, advance func(int64)) error {
	// The checkpoint is read first: the state read after it can only be newer.
	signed, err := reader.Checkpoint(ctx)
	if err != nil {
		return fmt.Errorf("audit: reading the checkpoint: %w", err)
	}
	end, err := reader.LogState(ctx)
	if err != nil {
		return fmt.Errorf("audit: reading the state: %w", err)
	}
	if end.check() != nil {
		return broken(wholeLog, "its stored state cannot be one of a log")
	}
	published, err := openPublished(keys, epoch.Number, signed)
	if err != nil {
		return err
	}
	if published.Size > end.Size {
		return broken(end.Size, "it is missing: the signed checkpoint covers %d entries, the log holds %d", published.Size, end.Size)
	}
	visit := func(e *Entry) error { return r.visit(e, opener, chains) }
	state, err := replay(ctx, reader, State{}, published.Size, visit, advance)
	if err != nil {
		return err
	}
	if signed.Note != nil && state.Root() != published.Root {
		return broken(wholeLog, "its first %d entries are not those of the signed checkpoint", published.Size)
	}
	if state, err = replay(ctx, reader, state, end.Size, visit, advance); err != nil {
		return err
	}
	if !slices.Equal(state.Edge, end.Edge) {
		return broken(wholeLog, "the edge of its stored state is not that of its entries")
	}
	if err := checkEnd(ctx, reader, end.Size); err != nil {
		return err
	}
	r.Published += published.Size
	r.Size, r.Root = r.Size+state.Size, state.Root()
	return nil
}

// openPublished verifies the published checkpoint of a store. None at all is the checkpoint of nothing.
func openPublished(keys Keyring, epoch int, signed Signed) (Checkpoint, error) {
	if signed.Note == nil {
		return Checkpoint{Origin: EpochOrigin(keys.origin, epoch)}, nil
	}
	c, err := keys.open(epoch, signed.Note)
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
