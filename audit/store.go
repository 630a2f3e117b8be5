package audit

import (
	"context"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Errors of stores.
var (
	// ErrConflict says that somebody else moved the log first. The transaction is to be rolled back and tried again whole.
	ErrConflict = errors.New("audit: the log has moved")
	// ErrNotFound says that the log holds nothing under this index, hash number or path.
	ErrNotFound = errors.New("audit: not found")
)

// Head is the last entry of a subject. The zero Head means that the subject has no entry yet.
type Head struct {
	Seq  uint64    // number of the entry among the subject's, from 1
	Leaf tlog.Hash // its leaf hash
}

// Entry is one row of the log. What stands above Sealed never changes once written; erasing an entry takes its Sealed
// bytes away and sets ErasedAt, and the tree still holds.
type Entry struct {
	Index    int64      // place in its epoch, from 0 without gaps
	Epoch    int        // number of the epoch, from 1
	Row      int64      // place among the entries of all epochs, from 0 without gaps: the payload is sealed for it
	Leaf     Commitment // what the public sees
	Subject  string     // pseudonymous patient identifier; empty for an entry about no patient
	Seq      uint64     // number among the entries of the subject, from 1; 0 without a subject
	Type     Type
	At       time.Time // whole milliseconds, UTC
	Sealed   []byte    // salt || payload in its shorter form, sealed for this row; nil once erased
	ErasedAt time.Time // zero unless erased
}

// Signed is a published checkpoint. The zero Signed (nil Note) means that none was published yet.
type Signed struct {
	Epoch int       // number of the epoch
	Size  int64     // entries that it covers
	At    time.Time // when it was published, whole milliseconds, UTC
	Note  []byte    // the signed note, verbatim
}

// Tx is what an append needs of the store's own transaction. The store must keep other writers of the log out from LogState until
// the transaction ends, or refuse one of two in SwapState.
type Tx interface {
	// LogState returns the state at the end of the present epoch.
	LogState(ctx context.Context) (State, error)
	// LogHead returns the last entry of a subject; the zero Head if it has none.
	LogHead(ctx context.Context, subject string) (Head, error)
	// InsertEntries adds entries to the present epoch, whose indices and rows follow the end of the log without a gap.
	InsertEntries(ctx context.Context, entries []Entry) error
	// InsertHashes adds hashes of the present epoch's tree under the numbers firstID, firstID+1, ... (tlog.StoredHashIndex).
	InsertHashes(ctx context.Context, firstID int64, hashes []tlog.Hash) error
	// SwapState replaces the state if the present epoch is still the state's and its size oldSize, and returns [ErrConflict] otherwise.
	SwapState(ctx context.Context, oldSize int64, state State) error
	// BeginEpoch closes the present epoch as it is, and makes an empty one with a higher number the present one. It returns [ErrConflict] for a number
	// that is not higher. Appends of the same transaction go into the new one.
	BeginEpoch(ctx context.Context, number int, at time.Time) error
}

// Reader is what proofs, tiles and verification need of one epoch. Each call sees only committed data and something at least as
// new as every earlier call did.
type Reader interface {
	// LogState returns the committed state at the end of the epoch.
	LogState(ctx context.Context) (State, error)
	// Entries returns the entries from <= Index < to in order. Rows that are not there are left out, not an error.
	Entries(ctx context.Context, from, to int64) ([]Entry, error)
	// SubjectEntries returns at most limit entries of a subject with Seq > afterSeq, in order of Seq, of all epochs.
	SubjectEntries(ctx context.Context, subject string, afterSeq uint64, limit int) ([]Entry, error)
	// Hashes returns the stored hashes with these numbers, in the order asked for; [ErrNotFound] if one is missing. A
	// verification asks for up to some thousand numbers in one run without gaps; a tile for up to 256 spread ones.
	Hashes(ctx context.Context, ids []int64) ([]tlog.Hash, error)
	// Checkpoint returns the published checkpoint of the largest size; the zero Signed if there is none.
	Checkpoint(ctx context.Context) (Signed, error)
	// Cosignatures returns those of the checkpoint of this size, by witness.
	Cosignatures(ctx context.Context, size int64) ([]Cosignature, error)
}

// Store is what a [Log] needs. As a Reader it is about the present epoch, whichever that is when it is asked.
type Store interface {
	Reader
	WitnessStore
	// Epochs returns all epochs in order; the last one is the present.
	Epochs(ctx context.Context) ([]Epoch, error)
	// Epoch returns what the store holds of one epoch, closed or present; calls return [ErrNotFound] when there is none of this number.
	Epoch(number int) Reader
	// Checkpoints returns at most limit published checkpoints of all epochs by epoch and size, after the one that is given; those of size 0 come after size -1.
	Checkpoints(ctx context.Context, epoch int, size int64, limit int) ([]Signed, error)
	// SaveCheckpoint publishes a checkpoint of the present epoch durably. It returns [ErrConflict] and changes nothing when it is of another epoch, or when
	// one of a larger size, or of this size with another note, is published already. Saving the same note twice is no error and keeps the first time.
	SaveCheckpoint(ctx context.Context, signed Signed) error
}

// Opener opens what a [Sealer] sealed for the same row. It is safe for concurrent use.
type Opener interface {
	Open(row int64, sealed []byte) ([]byte, error)
}

// Sealer keeps salts and payloads from whoever reads the store. It must bind what it seals to the row, so that no row can be
// passed off as another, and must leave the plaintext as it was.
type Sealer interface {
	Opener
	Seal(row int64, plaintext []byte) ([]byte, error)
}
