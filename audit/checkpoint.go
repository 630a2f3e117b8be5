package audit

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrCheckpoint says that a note is not a checkpoint signed by the log that it should be of.
var ErrCheckpoint = errors.New("audit: not a valid checkpoint of this log")

// maxNote bounds a signed checkpoint: three lines and 16 signatures, of the largest kind in sight (ML-DSA-44, 3.3 kB a line).
const maxNote = 64 << 10

// Checkpoint is a tree head: what the log says that it holds.
type Checkpoint struct {
	Origin string    // name of the log: its address without the scheme
	Size   int64     // number of entries
	Root   tlog.Hash // root hash of the tree over them
}

// text returns the lines that are signed (c2sp.org/tlog-checkpoint).
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

// OpenCheckpoint reads a signed checkpoint and verifies that the log of v signed it. Signatures by keys unknown to v, such
// as those of witnesses, are allowed and not verified. It returns an error that wraps [ErrCheckpoint].
func OpenCheckpoint(v Verifier, signed []byte) (Checkpoint, error) {
	c, err := readCheckpoint(signed)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != v.Name() {
		return Checkpoint{}, fmt.Errorf("%w: it is of another log", ErrCheckpoint)
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	if n.Text != c.text() {
		return Checkpoint{}, fmt.Errorf("%w: more is signed than an origin, a size and a root", ErrCheckpoint)
	}
	// A signature has one spelling: package note would let unused bits of the last base64 digit be anything.
	if _, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: the signature is not in canonical base64", ErrCheckpoint)
	}
	return c, nil
}

// readCheckpoint reads a signed checkpoint without verifying who signed it.
func readCheckpoint(signed []byte) (Checkpoint, error) {
	malformed := func(what string) (Checkpoint, error) {
		return Checkpoint{}, fmt.Errorf("%w: %s", ErrCheckpoint, what)
	}
	if len(signed) > maxNote {
		return malformed("it is too long")
	}
	text, _, found := bytes.Cut(signed, []byte("\n\n"))
	lines := strings.Split(string(text), "\n")
	if !found || len(lines) != 3 || !isOrigin(lines[0]) {
		return malformed("it does not hold an origin, a size and a root")
	}
	size, err := parseDecimal(lines[1])
	if err != nil {
		return malformed("the size is not a number in range")
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return malformed("the root is not a hash")
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root}, nil
}

// parseDecimal reads a size or an index: digits without a leading zero, at most maxSize.
func parseDecimal(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > maxSize || strconv.FormatInt(n, 10) != s {
		return 0, errors.New("audit: not a number in range")
	}
	return n, nil
}

// parseHash reads a hash in canonical base64.
func parseHash(s string) (tlog.Hash, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != tlog.HashSize || len(s) != base64.StdEncoding.EncodedLen(tlog.HashSize) {
		return tlog.Hash{}, errors.New("audit: not a hash")
	}
	return tlog.Hash(b), nil
}
