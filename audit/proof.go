package audit

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrProof says that a proof is malformed or does not prove what it should.
var ErrProof = errors.New("audit: the proof does not hold")

const (
	proofHeader = "c2sp.org/tlog-proof@v1"
	maxExtra    = 64 << 10
	maxDepth    = 63 // hashes in a proof of the deepest tree
	maxProof    = len(proofHeader) + maxExtra*4/3 + maxDepth*45 + maxNote + 64
)

// Proof shows that an entry stands in the tree of a signed checkpoint (RFC 6962 section 2.1.1). Whoever has the entry, the
// proof and the log's vkey can check it without asking anybody.
type Proof struct {
	Index      int64       // place of the entry
	Size       int64       // size of the tree, the checkpoint's
	Hashes     []tlog.Hash // from the leaf's sibling upwards
	Checkpoint []byte      // the signed checkpoint, verbatim
	Extra      []byte      // whatever else travels along, at most 64 KiB; proved by nothing
}

// VerifyProof checks that the entry stands at its index in a tree signed by the log of v. It returns an error that wraps
// [ErrProof] or [ErrCheckpoint].
func VerifyProof(v Verifier, entry Commitment, p Proof) error {
	c, err := OpenCheckpoint(v, p.Checkpoint)
	if err != nil {
		return err
	}
	if p.Size != c.Size {
		return fmt.Errorf("%w: it is for another size of the log", ErrProof)
	}
	return checkInclusion(c, p, entry.LeafHash())
}

func checkInclusion(c Checkpoint, p Proof, leaf tlog.Hash) error {
	if err := tlog.CheckRecord(p.Hashes, c.Size, c.Root, p.Index, leaf); err != nil {
		return fmt.Errorf("%w: the entry is not at this place in the tree", ErrProof)
	}
	return nil
}

// MarshalText writes the proof in the form c2sp.org/tlog-proof@v1, which foreign verifiers read.
func (p Proof) MarshalText() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(proofHeader + "\n")
	if len(p.Extra) > 0 {
		b.WriteString("extra " + base64.StdEncoding.EncodeToString(p.Extra) + "\n")
	}
	fmt.Fprintf(&b, "index %d\n", p.Index)
	for _, h := range p.Hashes {
		b.WriteString(h.String() + "\n")
	}
	b.WriteByte('\n')
	b.Write(p.Checkpoint)
	if back, err := ParseProof(b.Bytes()); err != nil || back.Size != p.Size {
		return nil, fmt.Errorf("%w: it cannot be written as text", ErrProof)
	}
	return b.Bytes(), nil
}

// ParseProof reads the text of a proof. It verifies nothing, the checkpoint included: see [VerifyProof]. It returns an error that
// wraps [ErrProof] or [ErrCheckpoint].
func ParseProof(text []byte) (Proof, error) {
	malformed := fmt.Errorf("%w: it is not a %s", ErrProof, proofHeader)
	if len(text) > maxProof {
		return Proof{}, malformed
	}
	head, checkpoint, found := bytes.Cut(text, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || lines[0] != proofHeader {
		return Proof{}, malformed
	}
	lines = lines[1:]

	var p Proof
	if extra, ok := cutFirst(&lines, "extra "); ok {
		decoded, err := base64.StdEncoding.Strict().DecodeString(extra)
		if err != nil || len(decoded) == 0 || len(decoded) > maxExtra || len(extra) != base64.StdEncoding.EncodedLen(len(decoded)) {
			return Proof{}, malformed
		}
		p.Extra = decoded
	}
	index, ok := cutFirst(&lines, "index ")
	if !ok || len(lines) > maxDepth {
		return Proof{}, malformed
	}
	var err error
	if p.Index, err = parseDecimal(index); err != nil {
		return Proof{}, malformed
	}
	for _, line := range lines {
		h, err := parseHash(line)
		if err != nil {
			return Proof{}, malformed
		}
		p.Hashes = append(p.Hashes, h)
	}
	c, err := readCheckpoint(checkpoint)
	if err != nil {
		return Proof{}, err
	}
	if p.Index >= c.Size {
		return Proof{}, fmt.Errorf("%w: the index is not below the size", ErrProof)
	}
	p.Size, p.Checkpoint = c.Size, bytes.Clone(checkpoint)
	return p, nil
}

// cutFirst takes the first line away if it begins with prefix, and returns the rest of it.
func cutFirst(lines *[]string, prefix string) (string, bool) {
	if len(*lines) == 0 {
		return "", false
	}
	rest, ok := strings.CutPrefix((*lines)[0], prefix)
	if ok {
		*lines = (*lines)[1:]
	}
	return rest, ok
}

// hashReader lets package tlog read stored hashes.
func hashReader(ctx context.Context, r Reader) tlog.HashReader {
	return tlog.HashReaderFunc(func(ids []int64) ([]tlog.Hash, error) { return r.Hashes(ctx, ids) })
}
