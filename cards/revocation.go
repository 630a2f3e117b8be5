package cards

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"
)

// RevocationListType is the header typ of the head of a revocation list.
const RevocationListType = "locket-revocations+jws"

// RevocationListLife is how long a revocation list is good unless its issuer has a reason to say otherwise.
const RevocationListLife = 7 * 24 * time.Hour

const (
	revocationSize = 8 // bytes an entry
	// maxRevocations bounds the entries of a list, in bytes: eight million cards.
	maxRevocations     = 64 << 20
	maxRevocationsHead = 4 << 10 // bytes, signed
)

// RevocationID is how a card stands in the revocation list of its issuer: the first 8 bytes of
// SHA-256("locket-revocation/v1" || id), so that the list names no card to somebody who has not seen it. It is never taken
// from the signed bytes, of which there is a twin (r, n-s) for every card.
func RevocationID(id ID) [8]byte {
	digest := sha256.Sum256(append([]byte("locket-revocation/v1"), id[:]...))
	return [8]byte(digest[:revocationSize])
}

// RevocationHead is the signed part of a revocation list. The entries travel beside it, and are compared with its Digest.
type RevocationHead struct {
	Edition
	// Count is how many entries the list has.
	Count int
	// Digest is the SHA-256 of all entries, 8 bytes each, in the order in which they were appended.
	Digest [sha256.Size]byte
}

type revocationHeadJSON struct {
	editionJSON
	Count  int64  `json:"count"`
	Digest string `json:"sha256"`
}

// SignRevocations signs the head of a list as a compact JWS. It returns ErrKey when the list is of another issuer, ErrList for
// a head that no reader would accept, or the error of the key.
func (s *Signer) SignRevocations(head RevocationHead) (string, error) {
	payload := revocationHeadJSON{head.Edition.payload(), int64(head.Count), encoding.EncodeToString(head.Digest[:])}
	return s.signList(RevocationListType, head.Issuer, maxRevocationsHead, payload, func(text []byte) error {
		_, err := readRevocationHead(text)
		return err
	})
}

// ParseRevocationHead reads and verifies the head of a revocation list with the keys that are trusted. One past its ExpiresAt
// is accepted: see Edition.Age. It returns ErrList or ErrListSigner.
func ParseRevocationHead(text string, trusted KeySet) (RevocationHead, error) {
	var head RevocationHead
	err := trusted.verifyList(text, RevocationListType, maxRevocationsHead, func(payload []byte) (edition Edition, err error) {
		head, err = readRevocationHead(payload)
		return head.Edition, err
	})
	if err != nil {
		return RevocationHead{}, err
	}
	return head, nil
}

func readRevocationHead(payload []byte) (RevocationHead, error) {
	count, digest := int64(-1), ""
	edition, err := readEdition(payload, map[string]any{"count": &count, "sha256": &digest})
	if err != nil {
		return RevocationHead{}, err
	}
	sum, err := decodeBase64(digest)
	if err != nil || len(sum) != sha256.Size {
		return RevocationHead{}, listError("its digest is not 32 bytes in base64url")
	}
	if count < 0 || count > maxRevocations/revocationSize {
		return RevocationHead{}, listError("its count is out of range")
	}
	return RevocationHead{edition, int(count), [sha256.Size]byte(sum)}, nil
}

// Revocations are the entries of a list. The zero value is the empty list. They are never changed once made, so any number of
// goroutines may ask them.
type Revocations struct {
	entries []byte
	sorted  []uint64
}

// NewRevocations takes the entries of a list, 8 bytes each, in the order in which they were appended; it keeps a copy. What is
// not signed is not yet believed: see RevocationHead.Matches. It returns ErrList when they are no whole number of entries or
// more than any list may have.
func NewRevocations(entries []byte) (Revocations, error) {
	if len(entries)%revocationSize != 0 {
		return Revocations{}, listError("its entries are cut short")
	}
	if len(entries) > maxRevocations {
		return Revocations{}, listError("it has too many entries")
	}
	return Revocations{bytes.Clone(entries), sortEntries(entries)}, nil
}

// With returns the list with more entries appended, as a reader does that has fetched only those which it lacked.
func (r Revocations) With(more []byte) (Revocations, error) {
	return NewRevocations(slices.Concat(r.entries, more))
}

// Count is how many entries there are.
func (r Revocations) Count() int { return len(r.sorted) }

// After returns the entries from number n on: what a reader lacks that has the first n. The bytes are not to be changed.
func (r Revocations) After(n int) []byte {
	return slices.Clip(r.entries[min(max(n, 0), r.Count())*revocationSize:])
}

// First returns the list of the first n entries; all of them when there are no more. Entries are published as they come and a
// head is signed now and then, so a reader that fetched the head first may have more entries than it counts.
func (r Revocations) First(n int) Revocations {
	if n = max(n, 0); n >= r.Count() {
		return r
	}
	entries := slices.Clip(r.entries[:n*revocationSize])
	return Revocations{entries, sortEntries(entries)}
}

// Head is the unsigned head of the entries. It hashes all of them, some 5 ms for a million.
func (r Revocations) Head(edition Edition) RevocationHead {
	return RevocationHead{edition, r.Count(), sha256.Sum256(r.entries)}
}

// Matches reports whether the entries are all those that the head was signed for, and in their order. When they are not, a
// reader fetches them again from the first.
func (h RevocationHead) Matches(r Revocations) bool {
	return h.Count == r.Count() && h.Digest == sha256.Sum256(r.entries)
}

// Contains reports whether a card is revoked, by a binary search. It is the RevokedFunc of a Verifier that reads cards of the
// list's own issuer; of other issuers' cards a list says nothing.
func (r Revocations) Contains(id ID) bool {
	key := RevocationID(id)
	_, found := slices.BinarySearch(r.sorted, binary.BigEndian.Uint64(key[:]))
	return found
}

// sortEntries sorts the entries as big-endian numbers. Being beginnings of hashes they are spread evenly, so they are counted
// into buckets by their first two bytes, of a few each: a third of the time of sorting all at once, and for a list of entries
// chosen by an enemy no slower than that.
func sortEntries(entries []byte) []uint64 {
	const shift = 64 - 16
	var end [1 << 16]int // of each bucket; until the entries stand in it, where the next one goes
	for i := 0; i < len(entries); i += revocationSize {
		end[binary.BigEndian.Uint64(entries[i:])>>shift]++
	}
	total := 0
	for bucket, n := range end {
		end[bucket] = total
		total += n
	}
	sorted := make([]uint64, total)
	for i := 0; i < len(entries); i += revocationSize {
		entry := binary.BigEndian.Uint64(entries[i:])
		sorted[end[entry>>shift]] = entry
		end[entry>>shift]++
	}
	start := 0
	for _, e := range end {
		slices.Sort(sorted[start:e])
		start = e
	}
	return sorted
}
