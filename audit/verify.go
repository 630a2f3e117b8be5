package audit

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/mod/sumdb/tlog"
)

// Report says what a verification went through. It is of use only beside a nil error.
type Report struct {
	Epochs    int       // how many there are
	Size      int64     // entries verified, of all epochs
	Root      tlog.Hash // root of the tree of the present epoch
	Published int64     // of these, entries under a verified signed checkpoint; 0 if none was published
	Opened    int64     // payloads opened and compared with their commitments
	Erased    int64     // entries whose payload was erased; they hold by their leaf, and a later entry speaks for each
	Pruned    int64     // erased entries whose rows are gone too; they hold by their leaf hash, and a later entry speaks for each
	Subjects  int       // chains of patients followed
}

// VerifyStore checks a whole log where it is stored, without trusting whoever runs it: every commitment against its salt
// and payload, every stored hash, the chain of every patient across all epochs, the edge of each state, the signature of one of the epoch's keys under its
// published checkpoint, that the epoch still begins with what that checkpoint says, and that an entry speaks for whatever was erased. With a nil opener no
// payload is opened, the report says so, the chains hold by their numbers alone, and nothing is said of erasures.
//
// What does not hold is a [*VerifyError]; other errors are those of the store. progress, if given, is called now and then with the number of
// entries done. Memory grows with the number of patients and of entries that were pruned, not with the number of entries. The log may grow meanwhile: what is
// verified is its state at the start, and what came since if something was erased meanwhile.
func VerifyStore(ctx context.Context, s Store, keys Keyring, opener Opener, progress func(done, total int64)) (Report, error) {
	epochs, err := s.Epochs(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("audit: reading the epochs: %w", err)
	}
	if err := checkEpochs(epochs); err != nil {
		return Report{}, err
	}
	total := epochs[len(epochs)-1].First + epochs[len(epochs)-1].Size
	v := verification{ctx: ctx, store: s, keys: keys, opener: opener, chains: newChains(epochs), opened: make(map[int64]opened), report: Report{Epochs: len(epochs)}}
	var before Checkpoint
	for i, epoch := range epochs {
		v.reader, v.first = s.Epoch(epoch.Number), epoch.First
		v.advance = func(size int64) {
			if progress != nil {
				progress(epoch.First+size, max(total, epoch.First+size))
			}
		}
		if err := v.epoch(epoch.Number); err != nil {
			return v.report, inEpoch(epoch.Number, err)
		}
		if i > 0 {
			if err := checkBeginning(ctx, v.reader, opener, keys, epoch.Number, before); err != nil {
				return v.report, inEpoch(epoch.Number, err)
			}
		}
		before = Checkpoint{Origin: EpochOrigin(keys.origin, epoch.Number), Size: epoch.Size, Root: v.report.Root}
	}
	if err := v.settle(); err != nil {
		return v.report, err
	}
	v.report.Subjects = len(v.chains.heads)
	return v.report, nil
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
	if errors.As(err, &verify) && verify.Epoch == 0 {
		verify.Epoch = number
	}
	return err
}

// verification goes through a stored log, epoch by epoch. It is a visitor.
type verification struct {
	ctx    context.Context
	store  Store
	keys   Keyring
	opener Opener
	chains *chains
	report Report

	reader  Reader // of the epoch under way
	first   int64  // row of its first entry
	minimum int64  // index below which rows may be gone
	said    int64  // row below which they may be, as the entries say
	state   State  // as far as it was verified
	advance func(size int64)
	opened  map[int64]opened // by index: what was opened ahead of its visit
}

// opened is what became of opening an entry.
type opened struct {
	payload Payload
	err     error
}

// openAhead is how many entries are worth more than one goroutine, and how many one of them takes at a time.
const openAhead = 64

// ahead opens entries with all processors. What does not hold is reported when its entry is visited: in the order of the log.
func (v *verification) ahead(entries []Entry) {
	clear(v.opened)
	workers := min(runtime.GOMAXPROCS(0), len(entries)/openAhead)
	if v.opener == nil || workers < 2 {
		return
	}
	done := make([]opened, len(entries))
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for {
				end := int(next.Add(openAhead))
				for i := end - openAhead; i < min(end, len(entries)); i++ {
					if entries[i].Sealed != nil {
						_, _, done[i].payload, done[i].err = openEntry(v.opener, &entries[i])
					}
				}
				if end >= len(entries) {
					return
				}
			}
		})
	}
	all.Wait()
	for i := range done {
		if entries[i].Sealed != nil {
			v.opened[entries[i].Index] = done[i]
		}
	}
}

// open opens an entry, unless that was done ahead.
func (v *verification) open(e *Entry) (Payload, error) {
	if o, found := v.opened[e.Index]; found {
		return o.payload, o.err
	}
	_, _, p, err := openEntry(v.opener, e)
	return p, err
}

// epoch checks one epoch and adds it to the report.
func (v *verification) epoch(number int) error {
	// The checkpoint is read first: the state read after it can only be newer.
	signed, err := v.reader.Checkpoint(v.ctx)
	if err != nil {
		return fmt.Errorf("audit: reading the checkpoint: %w", err)
	}
	end, err := v.end()
	if err != nil {
		return err
	}
	published, err := openPublished(v.keys, number, signed)
	if err != nil {
		return err
	}
	if published.Size > end.Size {
		return broken(end.Size, "it is missing: the signed checkpoint covers %d entries, the log holds %d", published.Size, end.Size)
	}
	if v.state, err = replay(v.ctx, v.reader, State{}, published.Size, v, v.advance); err != nil {
		return err
	}
	if signed.Note != nil && v.state.Root() != published.Root {
		return broken(wholeLog, "its first %d entries are not those of the signed checkpoint", published.Size)
	}
	if err := v.reach(end); err != nil {
		return err
	}
	if err := checkEnd(v.ctx, v.reader, end.Size); err != nil {
		return err
	}
	v.report.Published += published.Size
	v.report.Size, v.report.Root = v.report.Size+v.state.Size, v.state.Root()
	return nil
}

// end returns the stored state of the epoch under way.
func (v *verification) end() (State, error) {
	end, err := v.reader.LogState(v.ctx)
	if err != nil {
		return State{}, fmt.Errorf("audit: reading the state: %w", err)
	}
	if end.check() != nil {
		return State{}, broken(wholeLog, "its stored state cannot be one of a log")
	}
	v.minimum = end.Minimum
	return end, nil
}

// reach goes on to a later stored state.
func (v *verification) reach(end State) (err error) {
	if v.state, err = replay(v.ctx, v.reader, v.state, end.Size, v, v.advance); err != nil {
		return err
	}
	if !slices.Equal(v.state.Edge, end.Edge) {
		return broken(wholeLog, "the edge of its stored state is not that of its entries")
	}
	return nil
}

// settle makes sure that an entry speaks for whatever was erased. Some of it may have been erased while the verification was on its way: then what came since
// is read too.
func (v *verification) settle() error {
	if v.opener == nil {
		return nil
	}
	for {
		minimum, err := v.minimumRow()
		if err != nil {
			return err
		}
		if minimum == v.said && !v.chains.unsettled() {
			break
		}
		end, err := v.end()
		if err != nil {
			return err
		}
		if end.Size <= v.state.Size || end.First != v.first {
			if minimum != v.said {
				return broken(wholeLog, "its rows may be pruned below %d, and its entries say %d", minimum, v.said)
			}
			break
		}
		before := v.state.Size
		if err := v.reach(end); err != nil {
			return inEpoch(end.Epoch, err)
		}
		v.report.Size, v.report.Root = v.report.Size+v.state.Size-before, v.state.Root()
	}
	return v.chains.settle()
}

// minimumRow is the row below which rows may be gone, over all epochs, as the store says.
func (v *verification) minimumRow() (int64, error) {
	var row int64
	for _, e := range v.chains.epochs {
		state, err := v.store.Epoch(e.Number).LogState(v.ctx)
		if err != nil {
			return 0, fmt.Errorf("audit: reading the state: %w", err)
		}
		row += state.Minimum
	}
	return row, nil
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

// entry checks an entry by itself and as the next of its subject.
func (v *verification) entry(e *Entry) error {
	erased := !e.ErasedAt.IsZero()
	switch {
	case erased && e.Sealed != nil:
		return broken(e.Index, "it is marked as erased and still holds a payload")
	case !erased && e.Sealed == nil:
		return broken(e.Index, "its payload is gone although it was not erased")
	case erased && e.Type.Lasts():
		return broken(e.Index, "it is marked as erased, and entries of its type are never erased")
	case erased:
		v.report.Erased++
		return v.chains.extend(e, nil)
	case v.opener == nil:
		return v.chains.extend(e, nil)
	}
	p, err := v.open(e)
	if err != nil {
		return err
	}
	v.report.Opened++
	if err := v.chains.extend(e, &p); err != nil {
		return err
	}
	switch e.Type {
	case EntryErased:
		return v.chains.speak(e, &p, v.again)
	case LogPruned:
		row, err := parseDecimal(p.Details["row"])
		if err != nil || row < v.said {
			return broken(e.Index, "it does not say up to where rows were pruned")
		}
		v.said = row
	}
	return nil
}

// pruned takes an entry whose row is gone, if it may be.
func (v *verification) pruned(index int64, leaf tlog.Hash) error {
	if index >= v.minimum { // it may have been raised meanwhile
		if err := v.mayBeGone(v.reader, index); err != nil {
			return err
		}
	}
	v.report.Pruned++
	v.chains.prune(v.first+index, leaf)
	return nil
}

func (v *verification) mayBeGone(reader Reader, index int64) error {
	state, err := reader.LogState(v.ctx)
	if err != nil {
		return fmt.Errorf("audit: reading the state: %w", err)
	}
	if index >= state.Minimum {
		return broken(index, missingRow)
	}
	return nil
}

// again reads an entry that was visited before, nil when its row has been pruned since.
func (v *verification) again(epoch int, index int64) (*Entry, error) {
	reader := v.store.Epoch(epoch)
	entries, err := reader.Entries(v.ctx, index, index+1)
	if err != nil {
		return nil, fmt.Errorf("audit: reading entries: %w", err)
	}
	if len(entries) == 0 {
		return nil, inEpoch(epoch, v.mayBeGone(reader, index))
	}
	return &entries[0], nil
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
