package audit

import (
	"context"
	"errors"
)

// HighWater keeps the newest signed checkpoint where a restored or set back store does not reach it: it is moved before a checkpoint is saved or leaves.
type HighWater interface {
	// Load returns the note that is kept; nil when there is none.
	Load(ctx context.Context) ([]byte, error)
	// Swap durably puts note in the place of old, or returns [ErrConflict] when something else than old is kept by now.
	Swap(ctx context.Context, old, note []byte) error
}

// ErrRolledBack says that the store holds less than what was published: it was set back, as by a restored backup.
var ErrRolledBack = errors.New("audit: refusing to sign: the log holds less than was published")
