package emergency

import (
	"context"
	"encoding/base64"
	"slices"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shc"
	"github.com/locket-health/locket/emergency/summary"
)

// A SMART Health Card says to hospital software, in codes alone, what a front says to people. It opens nothing: there is no secret in it. It is a card of
// this house all the same, with an id by which it is revoked.

// IssuedHealth is a SMART Health Card as its keeper holds it: one JWS for a file, with all that can be said in codes, and one for a QR code, with as much
// of it as there is room for. Both are one card.
type IssuedHealth struct {
	File  string   `json:"file"`
	Code  string   `json:"code,omitempty"` // "" when not even the patient's name has room
	Items []string `json:"items"`          // ids of the items in the code
}

// draftHealthCard signs the SMART Health Card of a record. What the QR code has no room for, or what is no code, is left out of it and told.
func (s *Service) draftHealthCard(issued *Issued, record summary.Record, choices CardChoices) error {
	rid := cards.RevocationID(issued.ID)
	card := shc.Card{NotBefore: issued.IssuedAt, Expires: issued.ExpiresAt, RID: base64.RawURLEncoding.EncodeToString(rid[:])}
	sign := func(bundle []byte) (string, error) {
		card.Bundle = bundle
		return s.Health.Sign(card)
	}
	fits := func(bundle []byte) bool {
		jws, err := sign(bundle)
		if err != nil {
			return false
		}
		_, _, err = shc.FitsQR(jws)
		return err == nil
	}
	whole, err := summary.HealthCard(record, summary.HealthCardOptions{Choices: choices.byItem()})
	if err != nil {
		return ErrInvalid.because(err)
	}
	small, err := summary.HealthCard(record, summary.HealthCardOptions{Choices: choices.byItem(), Fits: fits})
	if err != nil {
		return ErrInvalid.because(err)
	}
	issued.Health = &IssuedHealth{Items: small.Items}
	if issued.Health.File, err = sign(whole.Bundle); err != nil {
		return err
	}
	if fits(small.Bundle) {
		if issued.Health.Code, err = sign(small.Bundle); err != nil {
			return err
		}
	}
	issued.Left, issued.PayloadBytes = small.Left, len(issued.Health.Code)
	return nil
}

// JWKS is the house's own keys as a JWK Set: those with which its cards verify without a trust list. A key that somebody else may have is not in it, which
// ends its SMART Health Cards everywhere; readers of fronts learn the reason from the trust list.
func (s *Service) JWKS(ctx context.Context) ([]byte, error) {
	issuers, err := s.Issuers(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := s.healthRevocations(ctx)
	if err != nil {
		return nil, err
	}
	var own []cards.Key
	for _, key := range issuers[0].Keys {
		if !key.CompromisedSince.IsZero() {
			continue
		}
		id, err := key.ID()
		if err != nil {
			return nil, err
		}
		key.CRLVersion = int64(len(counts[id]))
		own = append(own, key)
	}
	set, err := cards.NewKeySet(own...)
	if err != nil {
		return nil, err
	}
	return set.MarshalJWKS()
}

// HealthRevocations is the list of the revoked SMART Health Cards of one key of this house (SMART Health Cards, "Revocation"). A key that there is not is
// ErrNotFound, and so is one none of whose cards was revoked.
func (s *Service) HealthRevocations(ctx context.Context, kid string) ([]byte, error) {
	issuers, err := s.Issuers(ctx)
	if err != nil {
		return nil, err
	}
	revoked, err := s.healthRevocations(ctx)
	if err != nil {
		return nil, err
	}
	for _, key := range issuers[0].Keys {
		thumbprint, err := cards.Thumbprint(key.Public)
		if err != nil {
			return nil, err
		}
		if base64.RawURLEncoding.EncodeToString(thumbprint[:]) != kid {
			continue
		}
		rids := revoked[cards.KeyID(thumbprint[:8])]
		if len(rids) == 0 {
			return nil, ErrNotFound
		}
		list := shc.RevocationList{KeyID: kid, Counter: int64(len(rids)), Revocations: rids}
		return list.MarshalJSON()
	}
	return nil, ErrNotFound
}

// KnownRevocations tells revoked SMART Health Cards of this house, for a check at the data directory itself.
func (s *Service) KnownRevocations(ctx context.Context) (shc.RevokedFunc, error) {
	revoked, err := s.healthRevocations(ctx)
	if err != nil {
		return nil, err
	}
	return func(_, rid string, _ time.Time) bool {
		for _, rids := range revoked {
			if slices.ContainsFunc(rids, func(r shc.Revocation) bool { return r.RID == rid }) {
				return true
			}
		}
		return false
	}, nil
}

// healthRevocations are the revoked health cards by the key that signed them.
func (s *Service) healthRevocations(ctx context.Context) (map[cards.KeyID][]shc.Revocation, error) {
	list := &s.lists.revoked
	list.Lock()
	defer list.Unlock()
	if _, err := s.readRevocations(ctx); err != nil {
		return nil, err
	}
	byKey := make(map[cards.KeyID][]shc.Revocation, len(list.health))
	for key, revoked := range list.health {
		byKey[key] = slices.Clip(revoked) // the list only grows
	}
	return byKey, nil
}
