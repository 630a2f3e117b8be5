package shc

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	exact "github.com/go-jose/go-jose/v4/json"
)

// maxRevocations is the greatest length of a revocation list, in bytes: about a million cards.
const maxRevocations = 16 << 20

// revocationMethod is the only method that the specification defines.
const revocationMethod = "rid"

// Revocation takes back one card, or all the cards that carry a rid and were issued before a time.
type Revocation struct {
	// RID is as in Card.
	RID string
	// Before, when not zero, spares cards issued at Before and later. It counts in whole seconds.
	Before time.Time
}

// RevocationList is what an issuer publishes of one key, at ISS/.well-known/crl/KID.json (specification, "Revocation").
type RevocationList struct {
	// KeyID is the kid of the key.
	KeyID string
	// Counter counts the versions of the list from 1 and is also member crlVersion of the key in the JWK Set, so that
	// readers fetch the list only when it changed.
	Counter int64
	// Revocations are in the order of the list.
	Revocations []Revocation
}

// MarshalJSON writes the list as it is published. It returns ErrRevocations for a list that no reader would take.
func (l RevocationList) MarshalJSON() ([]byte, error) {
	if l.KeyID == "" || l.Counter < 1 {
		return nil, fmt.Errorf("%w: it names no key or no version", ErrRevocations)
	}
	rids := make([]string, 0, len(l.Revocations))
	for _, r := range l.Revocations {
		if r.RID == "" || len(r.RID) > maxRID || !isBase64Alphabet(r.RID) {
			return nil, fmt.Errorf("%w: one of its identifiers is not one", ErrRevocations)
		}
		text := r.RID
		if !r.Before.IsZero() {
			text += "." + strconv.FormatInt(r.Before.Unix(), 10)
		}
		rids = append(rids, text)
	}
	return json.Marshal(struct {
		KeyID   string   `json:"kid"`
		Method  string   `json:"method"`
		Counter int64    `json:"ctr"`
		RIDs    []string `json:"rids"`
	}{l.KeyID, revocationMethod, l.Counter, rids})
}

// ParseRevocations reads a list. The counter may be a number in quotes, as the specification prints it. It returns ErrTooLong,
// or ErrRevocations when anything in the list is not understood: half a list would call revoked cards valid.
func ParseRevocations(data []byte) (RevocationList, error) {
	if len(data) > maxRevocations {
		return RevocationList{}, ErrTooLong
	}
	var in struct {
		KeyID   string       `json:"kid"`
		Method  string       `json:"method"`
		Counter exact.Number `json:"ctr"`
		RIDs    []string     `json:"rids"`
	}
	if err := decode(data, &in); err != nil {
		return RevocationList{}, fmt.Errorf("%w: it is not JSON, or not in its form", ErrRevocations)
	}
	list := RevocationList{KeyID: in.KeyID}
	var err error
	if list.Counter, err = in.Counter.Int64(); err != nil || list.Counter < 1 || list.KeyID == "" {
		return RevocationList{}, fmt.Errorf("%w: it names no key or no version", ErrRevocations)
	}
	if in.Method != revocationMethod {
		return RevocationList{}, fmt.Errorf("%w: it is of another method", ErrRevocations)
	}
	for _, text := range in.RIDs {
		r, err := parseRevocation(text)
		if err != nil {
			return RevocationList{}, err
		}
		list.Revocations = append(list.Revocations, r)
	}
	return list, nil
}

func parseRevocation(text string) (Revocation, error) {
	rid, suffix, timed := strings.Cut(text, ".")
	r := Revocation{RID: rid}
	if rid == "" || len(rid) > maxRID || !isBase64Alphabet(rid) {
		return Revocation{}, fmt.Errorf("%w: one of its identifiers is not one", ErrRevocations)
	}
	if timed {
		seconds, err := strconv.ParseInt(suffix, 10, 64)
		if err != nil || seconds <= 0 || seconds > maxTime {
			return Revocation{}, fmt.Errorf("%w: one of its times is out of range", ErrRevocations)
		}
		r.Before = time.Unix(seconds, 0).UTC()
	}
	return r, nil
}

// Revocations is a RevokedFunc that knows the lists, at most one of each key: of two the later one in the order given counts.
func Revocations(lists ...RevocationList) RevokedFunc {
	byKey := make(map[string]map[string]time.Time, len(lists))
	for _, list := range lists {
		rids := make(map[string]time.Time, len(list.Revocations))
		for _, r := range list.Revocations {
			if before, found := rids[r.RID]; found && (before.IsZero() || !r.Before.IsZero() && r.Before.Before(before)) {
				continue // the entry that takes back more cards counts
			}
			rids[r.RID] = r.Before
		}
		byKey[list.KeyID] = rids
	}
	return func(kid, rid string, notBefore time.Time) bool {
		before, found := byKey[kid][rid]
		return found && (before.IsZero() || notBefore.Before(before))
	}
}
