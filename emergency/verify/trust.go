package verify

import (
	"errors"
	"fmt"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shc"
)

// Files are what a user has of keys and lists, as they were fetched; what is nil is not there.
type Files struct {
	Keys       []byte // a JWK Set (/.well-known/jwks.json): trusted because its user says so
	TrustList  []byte // a signed trust list (/v1/trust-list), believed when one of Keys has signed it
	Head       []byte // the signed head of a revocation list (/v1/revocations)
	Entries    []byte // its entries (/v1/revocations/entries); more of them than the head counts are passed over, nobody has signed those
	HealthList []byte // the list of revoked SMART Health Cards of one key (/.well-known/crl/KID.json); it is not signed
}

// Lists says how old the lists are that a check rests on.
type Lists struct {
	Trust       *Dated `json:"trust,omitempty"`
	Revocations *Dated `json:"revocations,omitempty"`
}

// Dated is the age of a list.
type Dated struct {
	Issuer string    `json:"issuer"`
	Issued time.Time `json:"issued"`
	TooOld time.Time `json:"too_old_after"`
	Age    cards.Age `json:"age"`
}

// ErrEntries is returned when the entries of a revocation list are not those that its head was signed for.
var ErrEntries = errors.New("the entries are not those of the signed list; fetch both again")

// Assemble makes a Verifier of files. A list that does not hold is an error: nothing is checked with half of what was asked for.
func (f Files) Assemble(now time.Time) (Verifier, Lists, error) {
	var v Verifier
	var lists Lists
	var err error
	if f.Keys != nil {
		if v.Keys, err = cards.ParseJWKS(f.Keys); err != nil {
			return v, lists, fmt.Errorf("the keys: %w", err)
		}
	}
	if f.TrustList != nil {
		list, err := cards.ParseTrustList(string(f.TrustList), v.Keys)
		if err != nil {
			return v, lists, fmt.Errorf("the trust list: %w", err)
		}
		listed, err := list.KeySet()
		if err != nil {
			return v, lists, fmt.Errorf("the trust list: %w", err)
		}
		v.Keys, lists.Trust = v.Keys.With(listed), dated(list.Edition, now)
	}
	if f.Head != nil {
		head, err := cards.ParseRevocationHead(string(f.Head), v.Keys)
		if err != nil {
			return v, lists, fmt.Errorf("the revocation list: %w", err)
		}
		entries, err := cards.NewRevocations(f.Entries)
		if err != nil {
			return v, lists, fmt.Errorf("the revocation list: %w", err)
		}
		if entries = entries.First(head.Count); !head.Matches(entries) {
			return v, lists, fmt.Errorf("the revocation list: %w", ErrEntries)
		}
		v.Revoked, v.RevokedIssuer, lists.Revocations = entries.Contains, head.Issuer, dated(head.Edition, now)
	}
	if f.HealthList != nil {
		list, err := shc.ParseRevocations(f.HealthList)
		if err != nil {
			return v, lists, fmt.Errorf("the list of revoked health cards: %w", err)
		}
		v.Health = shc.Revocations(list)
	}
	return v, lists, nil
}

func dated(edition cards.Edition, now time.Time) *Dated {
	return &Dated{Issuer: edition.Issuer, Issued: edition.IssuedAt, TooOld: edition.ExpiresAt, Age: edition.Age(now)}
}
