package audit

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Consistency shows that the tree of a signed checkpoint begins with all that an older tree held (RFC 6962 section 2.1.2).
type Consistency struct {
	OldSize    int64       // size of the older tree
	Hashes     []tlog.Hash // none when the older tree is empty or the same
	Checkpoint []byte      // the newer signed checkpoint, verbatim
}

// VerifyConsistency checks that the log of v signed both checkpoints and that nothing of the older one was changed or taken away in
// the newer. It returns an error that wraps [ErrProof] or [ErrCheckpoint].
func VerifyConsistency(v Verifier, older []byte, p Consistency) error {
	from, err := OpenCheckpoint(v, older)
	if err != nil {
		return err
	}
	to, err := OpenCheckpoint(v, p.Checkpoint)
	if err != nil {
		return err
	}
	if from.Size != p.OldSize || from.Size > to.Size {
		return fmt.Errorf("%w: it is for other sizes of the log", ErrProof)
	}
	return checkConsistency(from, to, p.Hashes)
}

func checkConsistency(from, to Checkpoint, hashes []tlog.Hash) error {
	if from.Size == 0 {
		if len(hashes) != 0 || from.Root != (State{}).Root() || to.Size == 0 && to.Root != from.Root {
			return fmt.Errorf("%w: an empty tree has one root and needs no hashes", ErrProof)
		}
		return nil
	}
	if err := tlog.CheckTree(hashes, to.Size, to.Root, from.Size, from.Root); err != nil {
		return fmt.Errorf("%w: the newer tree does not begin with the older", ErrProof)
	}
	return nil
}
