package emergency

import (
	"context"
	"encoding/base64"
	"slices"
	"sync"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shc"
)

// What readers need for the day without a network: the house's keys, the signed list of the issuers that it trusts, the signed list of the cards that
// were revoked. They are signed when they are asked for, and not more often than readers fetch them.

const (
	// listPatience is how old a list may be that is given out again without looking into the store.
	listPatience = 10 * time.Second
	// listAge is when a list is signed again though nothing in it has changed: its age is shown to people.
	listAge = time.Hour
	// revocationsRead is how many revocations are read at once.
	revocationsRead = 10_000
)

// lists keeps what was signed last.
type lists struct {
	trust struct {
		sync.Mutex
		text   string
		signed time.Time
	}
	revoked struct {
		sync.Mutex
		n       int                              // how many revocations were read
		entries []byte                           // of all of them
		health  map[cards.KeyID][]shc.Revocation // of SMART Health Cards, by the key that signed them
		head    string
		count   int // of the head
		signed  time.Time
		looked  time.Time
	}
}

// TrustList is the signed list of the issuers whose cards readers of this house believe, as a compact JWS.
func (s *Service) TrustList(ctx context.Context) (string, error) {
	list := &s.lists.trust
	list.Lock()
	defer list.Unlock()
	now := s.now()
	if age := now.Sub(list.signed); list.text != "" && age >= 0 && age < listPatience {
		return list.text, nil
	}
	issuers, err := s.Issuers(ctx)
	if err != nil {
		return "", err
	}
	text, err := s.signTrustList(issuers, now)
	if err != nil {
		return "", err
	}
	list.text, list.signed = text, now
	return text, nil
}

func (s *Service) signTrustList(issuers []cards.Issuer, now time.Time) (string, error) {
	for i := range issuers {
		if issuers[i].URL == s.URL {
			issuers[i].URL = "" // it may have a port; the list knows hosts
		}
	}
	return s.Signer.SignTrustList(cards.TrustList{Edition: s.edition(now, cards.TrustListLife), Issuers: issuers})
}

func (s *Service) edition(now time.Time, life time.Duration) cards.Edition {
	return cards.Edition{Issuer: s.Issuer(), IssuedAt: now.Truncate(time.Second), ExpiresAt: now.Add(life).Truncate(time.Second)}
}

// RevocationHead is the signed head of the list of revoked cards, as a compact JWS.
func (s *Service) RevocationHead(ctx context.Context) (string, error) {
	list := &s.lists.revoked
	list.Lock()
	defer list.Unlock()
	now, err := s.readRevocations(ctx)
	if err != nil {
		return "", err
	}
	if age := now.Sub(list.signed); list.head != "" && list.count == list.n && age >= 0 && age < listAge {
		return list.head, nil
	}
	revocations, err := cards.NewRevocations(list.entries)
	if err != nil {
		return "", err
	}
	head, err := s.Signer.SignRevocations(revocations.Head(s.edition(now, cards.RevocationListLife)))
	if err != nil {
		return "", err
	}
	list.head, list.count, list.signed = head, list.n, now
	return head, nil
}

// RevocationEntries are the entries of the list after the first n, 8 bytes each. There may be more of them than the head counts that was given out
// before; never fewer.
func (s *Service) RevocationEntries(ctx context.Context, n int) ([]byte, error) {
	list := &s.lists.revoked
	list.Lock()
	defer list.Unlock()
	if _, err := s.readRevocations(ctx); err != nil {
		return nil, err
	}
	return slices.Clip(list.entries[min(max(n, 0), list.n)*len(cards.RevocationID(cards.ID{})):]), nil // the list only grows
}

// readRevocations adds what was revoked since it was last looked at.
func (s *Service) readRevocations(ctx context.Context) (now time.Time, err error) {
	list := &s.lists.revoked
	now = s.now()
	if age := now.Sub(list.looked); !list.looked.IsZero() && age >= 0 && age < listPatience {
		return now, nil
	}
	for {
		var more []Revocation
		if err := s.Store.View(ctx, func(r Reader) (err error) {
			more, err = r.Revocations(list.n, revocationsRead)
			return err
		}); err != nil {
			return now, err
		}
		for _, line := range more {
			entry := cards.RevocationID(line.Card)
			list.entries = append(list.entries, entry[:]...)
			if line.Carrier == CarrierSHC {
				if list.health == nil {
					list.health = map[cards.KeyID][]shc.Revocation{}
				}
				list.health[line.Key] = append(list.health[line.Key], shc.Revocation{RID: base64.RawURLEncoding.EncodeToString(entry[:])})
			}
		}
		list.n += len(more)
		if len(more) < revocationsRead {
			list.looked = now
			return now, nil
		}
	}
}
