package audit

import (
	"crypto/sha256"
	"encoding/binary"

	"golang.org/x/mod/sumdb/tlog"
)

// CommitmentSize is the length of a public log entry in bytes.
const CommitmentSize = 48

// SaltSize is the length of the salt of an entry in bytes.
const SaltSize = 32

const (
	commitmentLabel = "locket-audit/v1\n"
	hashLabel       = "locket-audit/commit/v1"
)

// Salt hides a payload of few possible values behind its commitment. It is random, drawn for one entry alone and kept only
// with the payload: once both are gone the commitment says nothing.
type Salt [SaltSize]byte

// Commitment is what the public sees of an entry:
//
//	"locket-audit/v1\n" || SHA-256("locket-audit/commit/v1" || salt || uint32 big-endian(len(payload)) || payload)
type Commitment [CommitmentSize]byte

// Commit computes the commitment to a payload, which must be shorter than 4 GiB.
func Commit(salt Salt, payload []byte) Commitment {
	head := make([]byte, 0, len(hashLabel)+SaltSize+4)
	head = append(head, hashLabel...)
	head = append(head, salt[:]...)
	head = binary.BigEndian.AppendUint32(head, uint32(len(payload)))

	h := sha256.New()
	h.Write(head)
	h.Write(payload)

	var c Commitment
	h.Sum(append(c[:0], commitmentLabel...))
	return c
}

// LeafHash returns the hash of the commitment as a leaf of the tree (RFC 6962 section 2.1).
func (c Commitment) LeafHash() tlog.Hash { return tlog.RecordHash(c[:]) }

// known reports whether the commitment is of the version that this package writes.
func (c Commitment) known() bool { return string(c[:len(commitmentLabel)]) == commitmentLabel }
