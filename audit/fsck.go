package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
)

// Archive is a store with everything that it keeps of its log. Lists come in the order of their keys; at most limit rows, after the key that is given.
type Archive interface {
	Store
	// AllCosignatures returns cosignatures of all epochs by epoch, size and witness.
	AllCosignatures(ctx context.Context, epoch int, size int64, witness string, limit int) ([]Cosignature, error)
	// AllTestimonies returns the last testimonies about all epochs.
	AllTestimonies(ctx context.Context) ([]Testimony, error)
	// SigningKeys returns the public keys that sign, or have signed, checkpoints.
	SigningKeys(ctx context.Context) ([]SigningKey, error)
	// Check reads every page of the files and compares tables with their indices.
	Check(ctx context.Context, deep bool) error
}

// SigningKey is a public key of a log as a store has it.
type SigningKey struct {
	Epoch int
	VKey  string
}

// The parts of a [Fsck], in order.
const (
	PartFiles        = "files"        // the files of the store
	PartEntries      = "entries"      // what VerifyStore checks
	PartCheckpoints  = "checkpoints"  // every one ever published
	PartMark         = "mark"         // the high-water mark
	PartCosignatures = "cosignatures" // what witnesses have signed and said
	PartKeys         = "keys"
)

// Finding is something that does not hold.
type Finding struct {
	Part string // one of the Part constants
	Err  error
}

// FsckReport says what a [Fsck] went through.
type FsckReport struct {
	Report
	Checkpoints  int64
	Cosignatures int64
	Marked       bool      // there is a high-water mark
	Findings     []Finding // empty when everything holds
}

// FsckConfig is what a [Fsck] checks, and by what. Everything but Mark and Progress is required.
type FsckConfig struct {
	Archive  Archive
	Keys     Keyring
	Opener   Opener
	Mark     HighWater // nil when there is none
	Progress func(part string, done, total int64)
}

// Fsck checks everything that a store keeps of its log: all that [VerifyStore] does, every published checkpoint against the tree, the high-water mark, the
// cosignatures, the keys, and the files of the store. It goes on after something that does not hold, so that one report says all. What it cannot see: the
// times at which checkpoints were published and keys added or retired, which nothing signs.
//
// The error is that of ctx; whatever else goes wrong is a finding.
func Fsck(ctx context.Context, c FsckConfig) (FsckReport, error) {
	f := fsck{FsckConfig: c, ctx: ctx}
	if f.Progress == nil {
		f.Progress = func(string, int64, int64) {}
	}
	for _, part := range []struct {
		name  string
		check func() error
	}{
		{PartFiles, f.files}, {PartEntries, f.entries}, {PartCheckpoints, f.checkpoints}, {PartMark, f.mark}, {PartCosignatures, f.cosignatures}, {PartKeys, f.keys},
	} {
		f.Progress(part.name, 0, 0)
		err := part.check()
		if ctx.Err() != nil {
			return f.report, ctx.Err()
		}
		if err != nil {
			f.report.Findings = append(f.report.Findings, Finding{part.name, err})
		}
	}
	return f.report, nil
}

type fsck struct {
	FsckConfig
	ctx    context.Context
	report FsckReport
}

// fsckPage is how many rows are read at once.
const fsckPage = 500

func (f *fsck) files() error { return f.Archive.Check(f.ctx, true) }

func (f *fsck) entries() (err error) {
	f.report.Report, err = VerifyStore(f.ctx, f.Archive, f.Keys, f.Opener, func(done, total int64) { f.Progress(PartEntries, done, total) })
	if err != nil {
		return err
	}
	return f.ends()
}

// ends checks that each closed epoch ended when the next began: its first entry says so.
func (f *fsck) ends() error {
	epochs, err := f.Archive.Epochs(f.ctx)
	if err != nil {
		return err
	}
	for i, e := range epochs[1:] {
		first, err := f.Archive.Epoch(e.Number).Entries(f.ctx, 0, 1)
		if err != nil {
			return err
		}
		if len(first) != 1 || !first[0].At.Equal(epochs[i].Ended) {
			return inEpoch(epochs[i].Number, broken(wholeLog, "it is kept as ended at another time than the next epoch began"))
		}
	}
	return nil
}

// at makes sure that the tree of an epoch has had the root of a checkpoint.
func (f *fsck) at(epoch int, c Checkpoint) error {
	reader := f.Archive.Epoch(epoch)
	state, err := reader.LogState(f.ctx)
	if err != nil {
		return err
	}
	if c.Size > state.Size {
		return inEpoch(epoch, broken(wholeLog, "the checkpoint of %d entries covers more than the %d that there are", c.Size, state.Size))
	}
	then, err := storedState(f.ctx, reader, c.Size)
	if err != nil {
		return err
	}
	if then.Root() != c.Root {
		return inEpoch(epoch, broken(wholeLog, "its first %d entries are not those of the checkpoint that was published of them", c.Size))
	}
	return nil
}

// checkpoints checks every published checkpoint: its signature, that it is kept under its own epoch and size, and its root.
func (f *fsck) checkpoints() error {
	epoch, size := 0, int64(-1)
	for {
		page, err := f.Archive.Checkpoints(f.ctx, epoch, size, fsckPage)
		if err != nil {
			return err
		}
		for _, signed := range page {
			number, c, err := f.Keys.OpenCheckpoint(signed.Note)
			if err != nil {
				return inEpoch(signed.Epoch, broken(wholeLog, "the checkpoint kept as that of %d entries does not verify: %v", signed.Size, err))
			}
			if number != signed.Epoch || c.Size != signed.Size {
				return inEpoch(signed.Epoch, broken(wholeLog, "the checkpoint kept as that of %d entries is another one", signed.Size))
			}
			if err := f.at(number, c); err != nil {
				return err
			}
			epoch, size = signed.Epoch, signed.Size
			f.report.Checkpoints++
		}
		if len(page) < fsckPage {
			return nil
		}
	}
}

// mark checks that the log holds what was published last, wherever that was written down.
func (f *fsck) mark() error {
	if f.Mark == nil {
		return nil
	}
	note, err := f.Mark.Load(f.ctx)
	if err != nil || note == nil {
		return err
	}
	f.report.Marked = true
	epoch, c, err := f.Keys.OpenCheckpoint(note)
	if err != nil {
		return broken(wholeLog, "the high-water mark does not verify: %v", err)
	}
	epochs, err := f.Archive.Epochs(f.ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(epochs, func(e Epoch) bool { return e.Number == epoch }) {
		return inEpoch(epoch, broken(wholeLog, "the high-water mark is of this epoch, and the log has none"))
	}
	if err := f.at(epoch, c); err != nil {
		return fmt.Errorf("the high-water mark: %w", err)
	}
	return nil
}

// cosignatures checks what witnesses have signed against the checkpoints that they have signed, and what is kept of their last words.
func (f *fsck) cosignatures() error {
	// Witnesses go on signing meanwhile: a testimony that stays the same is of the same moment as the cosignatures.
	before, err := f.Archive.AllTestimonies(f.ctx)
	if err != nil {
		return err
	}
	last := make(map[string]Cosignature) // the one that each testimony should be about, by witness and epoch
	of := func(witness string, epoch int) string { return fmt.Sprintf("%d %s", epoch, witness) }
	var signed Signed
	var at Cosignature
	at.Size = -1
	for {
		page, err := f.Archive.AllCosignatures(f.ctx, at.Epoch, at.Size, at.Witness, fsckPage)
		if err != nil {
			return err
		}
		for _, at = range page {
			if at.Epoch != signed.Epoch || at.Size != signed.Size || signed.Note == nil {
				if signed, err = f.checkpointOf(at); err != nil {
					return err
				}
			}
			if err := f.cosignature(signed, at); err != nil {
				return err
			}
			last[of(at.Witness, at.Epoch)] = at
			f.report.Cosignatures++
		}
		if len(page) < fsckPage {
			break
		}
	}
	said, err := f.Archive.AllTestimonies(f.ctx)
	if err != nil {
		return err
	}
	for _, t := range said {
		if !slices.Contains(before, t) {
			continue
		}
		if err := f.testimony(t, last[of(t.Witness, t.Epoch)]); err != nil {
			return err
		}
	}
	return nil
}

// checkpointOf returns the checkpoint that a cosignature is kept for.
func (f *fsck) checkpointOf(c Cosignature) (Signed, error) {
	page, err := f.Archive.Checkpoints(f.ctx, c.Epoch, c.Size-1, 1)
	if err != nil {
		return Signed{}, err
	}
	if len(page) != 1 || page[0].Epoch != c.Epoch || page[0].Size != c.Size {
		return Signed{}, inEpoch(c.Epoch, broken(wholeLog, "a cosignature is kept of %d entries, of which no checkpoint was published", c.Size))
	}
	return page[0], nil
}

func (f *fsck) cosignature(signed Signed, kept Cosignature) error {
	w, err := ParseWitness(kept.Witness)
	if err != nil {
		return inEpoch(kept.Epoch, broken(wholeLog, "a cosignature of %d entries is kept of a witness that is none", kept.Size))
	}
	found, mine, err := w.Verify(signed.Note, kept.Line)
	if err != nil || !mine || !found.At.Equal(kept.At) || !bytes.Equal(found.Line, kept.Line) {
		return inEpoch(kept.Epoch, broken(wholeLog, "the cosignature of %d entries by the witness %s does not verify", kept.Size, w.Name()))
	}
	return nil
}

// testimony checks what is kept of a witness's last words, or of the check of the log, against its last cosignature.
func (f *fsck) testimony(t Testimony, last Cosignature) error {
	wrong := inEpoch(t.Epoch, broken(wholeLog, "what is kept of the last words of a witness cannot be what it said"))
	if t.Alarm != "" && !slices.Contains(Alarms(), t.Alarm) || t.Size < 0 {
		return wrong
	}
	state, err := f.Archive.Epoch(t.Epoch).LogState(f.ctx)
	if errors.Is(err, ErrNotFound) {
		return wrong
	}
	if err != nil {
		return err
	}
	if t.Witness == SelfCheck {
		if t.Size > state.First+state.Size {
			return wrong
		}
		return nil
	}
	_, err = ParseWitness(t.Witness)
	if err != nil || t.Size < last.Size || t.Size > state.Size && t.Alarm == "" || t.SignedAt.After(last.At) || t.SignedAt.IsZero() != last.At.IsZero() {
		return wrong
	}
	return nil
}

// keys checks that the keys that the store names are those that lie beside the log's own, and of their epochs.
func (f *fsck) keys() error {
	kept, err := f.Archive.SigningKeys(f.ctx)
	if err != nil {
		return err
	}
	for _, key := range kept {
		known := slices.ContainsFunc(f.Keys.Of(key.Epoch), func(v Verifier) bool { return v.String() == key.VKey })
		if !known {
			return inEpoch(key.Epoch, broken(wholeLog, "the store names a key that is not known beside the log's own"))
		}
	}
	return nil
}
