package audit

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Snapshot is the log as it was at one moment: what came later is not in it, and all its proofs lead to the same checkpoints however often it is read. It
// is for one reader at a time.
type Snapshot struct {
	log     *Log
	epochs  []Epoch
	end     int64 // rows of all epochs
	provers map[int]prover
}

// Snapshot begins one.
func (l *Log) Snapshot(ctx context.Context) (*Snapshot, error) {
	epochs, err := l.store.Epochs(ctx)
	if err != nil {
		return nil, fmt.Errorf("audit: reading the epochs: %w", err)
	}
	s := &Snapshot{log: l, epochs: epochs, provers: make(map[int]prover, len(epochs))}
	for _, e := range epochs {
		by, err := l.proverOf(ctx, e.Number)
		if err != nil {
			return nil, err
		}
		remembering := *by.Published
		remembering.reader = &rememberingReader{Reader: by.reader, hashes: make(map[int64]tlog.Hash)}
		by.Published = &remembering
		s.provers[e.Number], s.end = by, e.First+e.Size
	}
	return s, nil
}

// Checkpoints returns the signed note of each epoch by its number, of those that have one.
func (s *Snapshot) Checkpoints() map[int][]byte {
	notes := make(map[int][]byte)
	for number, by := range s.provers {
		if by.signed.Note != nil {
			notes[number] = by.signed.Note
		}
	}
	return notes
}

// VKeys returns for each epoch, by its number, a key that signed its checkpoint; none for one of which no key is known.
func (s *Snapshot) VKeys() map[int]string {
	vkeys := make(map[int]string)
	for number, by := range s.provers {
		if vkey := by.VKey(); vkey != "" {
			vkeys[number] = vkey
		}
	}
	return vkeys
}

// Origin is the name of an epoch.
func (s *Snapshot) Origin(epoch int) string { return EpochOrigin(s.log.keys.origin, epoch) }

// portion is how many entries are read at once.
const portion = 256

// Subject hands the entries of a subject to visit, in order, opened and proved. Those that pick does not take are passed over unopened; a nil pick takes
// all. Damage in the store is a [*VerifyError], and what visit returns is returned.
func (s *Snapshot) Subject(ctx context.Context, subject string, pick func(*Entry) bool, visit func(Proved) error) error {
	if subject == "" {
		return errors.New("audit: a history needs a subject")
	}
	for after := uint64(0); ; {
		entries, err := s.log.store.SubjectEntries(ctx, subject, after, portion)
		if err != nil {
			return fmt.Errorf("audit: reading the entries of a subject: %w", err)
		}
		for i := range entries {
			e := &entries[i]
			if e.Row >= s.end {
				return nil
			}
			if e.Subject != subject || e.Seq <= after {
				return broken(e.Index, "it is not the next entry of its subject")
			}
			after = e.Seq
			if err := s.visit(ctx, e, pick, visit); err != nil {
				return err
			}
		}
		if len(entries) < portion {
			return nil
		}
	}
}

// All is Subject for the whole log, one epoch after another.
func (s *Snapshot) All(ctx context.Context, pick func(*Entry) bool, visit func(Proved) error) error {
	for _, epoch := range s.epochs {
		reader := s.log.store.Epoch(epoch.Number)
		for from := int64(0); from < epoch.Size; from += portion {
			entries, err := reader.Entries(ctx, from, min(from+portion, epoch.Size))
			if err != nil {
				return fmt.Errorf("audit: reading entries: %w", err)
			}
			for i := range entries {
				if err := s.visit(ctx, &entries[i], pick, visit); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *Snapshot) visit(ctx context.Context, e *Entry, pick func(*Entry) bool, visit func(Proved) error) error {
	if pick != nil && !pick(e) {
		return nil
	}
	by, known := s.provers[e.Epoch]
	if !known {
		return broken(e.Index, "it is of an epoch that there is not")
	}
	proved, err := by.proved(ctx, e)
	if err != nil {
		return err
	}
	return visit(proved)
}

// rememberingReader keeps hashes that it has read: the proofs of neighbours have nearly all of theirs in common.
type rememberingReader struct {
	Reader
	hashes map[int64]tlog.Hash
}

// remembered bounds the memory of a rememberingReader, which then begins anew: 4 MB.
const remembered = 1 << 16

// Hashes implements Reader.
func (r *rememberingReader) Hashes(ctx context.Context, ids []int64) ([]tlog.Hash, error) {
	if len(r.hashes) > remembered {
		clear(r.hashes)
	}
	var missing []int64
	for _, id := range ids {
		if _, known := r.hashes[id]; !known {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		read, err := r.Reader.Hashes(ctx, missing)
		if err != nil {
			return nil, err
		}
		for i, id := range missing {
			r.hashes[id] = read[i]
		}
	}
	hashes := make([]tlog.Hash, len(ids))
	for i, id := range ids {
		hashes[i] = r.hashes[id]
	}
	return hashes, nil
}
