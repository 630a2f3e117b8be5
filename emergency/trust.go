package emergency

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
)

// TrustedKeys are the keys whose fronts are believed here: those of this house, past and future ones too, and those of the issuers that its operator
// trusts.
func (s *Service) TrustedKeys(ctx context.Context) (cards.KeySet, error) {
	issuers, err := s.Issuers(ctx)
	if err != nil {
		return cards.KeySet{}, err
	}
	return cards.TrustList{Issuers: issuers}.KeySet()
}

// Issuers lists the issuers whose cards are believed here, this house first.
func (s *Service) Issuers(ctx context.Context) (issuers []cards.Issuer, err error) {
	err = s.Store.View(ctx, func(r Reader) (err error) {
		issuers, err = s.issuersIn(r)
		return err
	})
	return issuers, err
}

func (s *Service) issuersIn(r Reader) ([]cards.Issuer, error) {
	rows, err := r.IssuerKeys()
	if err != nil {
		return nil, err
	}
	own := cards.Issuer{Host: s.Issuer(), Name: s.Issuer(), Keys: []cards.Key{s.Signer.Key()}}
	var foreign []cards.Issuer
	for _, row := range rows {
		key, err := row.key()
		if err != nil {
			return nil, err
		}
		last := len(foreign) - 1
		switch {
		case row.Issuer != own.Host && last >= 0 && foreign[last].Host == row.Issuer:
			foreign[last].Keys = append(foreign[last].Keys, key)
		case row.Issuer != own.Host:
			foreign = append(foreign, cards.Issuer{Host: row.Issuer, Name: row.Name, URL: row.URL, Keys: []cards.Key{key}})
		case key.Public.Equal(own.Keys[0].Public):
			own.Keys[0] = key // the present key itself was withdrawn
		default:
			own.Keys = append(own.Keys, key)
		}
	}
	return append([]cards.Issuer{own}, foreign...), nil
}

// TrustIssuer believes another issuer's cards from now on, in place of what was known of it before.
func (s *Service) TrustIssuer(ctx context.Context, c Caller, issuer cards.Issuer) error {
	if !c.Operator {
		return ErrSignIn
	}
	if issuer.Host == s.Issuer() || len(issuer.Keys) == 0 {
		return ErrInvalid.with("field", "issuer")
	}
	now := s.now()
	issuers, err := s.Issuers(ctx)
	if err != nil {
		return err
	}
	issuers = append(slices.DeleteFunc(issuers, func(known cards.Issuer) bool { return known.Host == issuer.Host }), issuer)
	if _, err := s.signTrustList(issuers, now); err != nil {
		return ErrInvalid.with("field", "issuer").because(err) // no reader would take the list with this issuer in it
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		if err := tx.DeleteIssuerKeys(issuer.Host); err != nil {
			return err
		}
		for _, key := range issuer.Keys {
			row, err := issuerKey(key, issuer.Name, issuer.URL, now)
			if err != nil {
				return err
			}
			if err := tx.PutIssuerKey(row); err != nil {
				return err
			}
		}
		tx.Append(s.keyEvent(c, audit.IssuerTrusted, issuer.Host, issuer.Keys...))
		return nil
	})
}

// RemoveIssuer believes an issuer no more. One that was not trusted is ErrNotFound.
func (s *Service) RemoveIssuer(ctx context.Context, c Caller, host string) error {
	if !c.Operator {
		return ErrSignIn
	}
	issuers, err := s.Issuers(ctx)
	if err != nil {
		return err
	}
	for _, issuer := range issuers[1:] {
		if issuer.Host == host {
			return s.Store.Update(ctx, func(tx Tx) error {
				tx.Append(s.keyEvent(c, audit.IssuerRemoved, host, issuer.Keys...))
				return tx.DeleteIssuerKeys(host)
			})
		}
	}
	return ErrNotFound
}

// AnnounceKey publishes a key of this house before it signs, so that readers know it by then. began, which may be zero, is the intent that ends with it.
func (s *Service) AnnounceKey(ctx context.Context, c Caller, key cards.Key, began Intent) error {
	return s.putOwnKey(ctx, c, key, audit.KeyMade, began)
}

// RetireKey says that a key of this house signs no more. What it has signed goes on verifying.
func (s *Service) RetireKey(ctx context.Context, c Caller, key cards.Key, at time.Time) error {
	key.NotAfter = at
	return s.putOwnKey(ctx, c, key, audit.KeyRetired, Intent{})
}

// WithdrawKey says that somebody else may have a key of this house, and since when. No card that it signed verifies any more, whatever its date. began, which
// may be zero, is the intent that ends with it.
func (s *Service) WithdrawKey(ctx context.Context, c Caller, key cards.Key, since time.Time, began Intent) error {
	key.CompromisedSince = since
	return s.putOwnKey(ctx, c, key, audit.KeyWithdrawn, began)
}

func (s *Service) putOwnKey(ctx context.Context, c Caller, key cards.Key, kind audit.Type, began Intent) error {
	if !c.Operator {
		return ErrSignIn
	}
	if key.Issuer != s.Issuer() {
		return ErrInvalid.with("field", "issuer")
	}
	row, err := issuerKey(key, s.Issuer(), s.URL, s.now())
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		event := s.keyEvent(c, kind, key.Issuer, key)
		event.Details = began.named(0, event.Details)
		tx.Append(event)
		return tx.PutIssuerKey(row)
	})
}

// signs checks in the transaction of a card that the key which has signed it still may: a server that was left running beside a rotation has it no more.
func (s *Service) signs(tx Tx) error {
	own, err := cards.Thumbprint(s.Signer.Key().Public)
	if err != nil {
		return err
	}
	rows, err := tx.IssuerKeys()
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Thumbprint == own && !(row.NotAfter.IsZero() && row.CompromisedSince.IsZero()) {
			return errKeyEnded
		}
	}
	return nil
}

var errKeyEnded = errors.New("emergency: the key of this server was retired or withdrawn; start the server anew, with the key that signs now")

func (s *Service) keyEvent(c Caller, kind audit.Type, host string, keys ...cards.Key) audit.Event {
	event := s.event(c, kind, "")
	event.Details = map[string]string{"issuer": host}
	for i, key := range keys[:min(len(keys), 8)] {
		if id, err := key.ID(); err == nil {
			event.Details[fmt.Sprintf("key_%d", i+1)] = id.String()
		}
	}
	return event
}

func issuerKey(key cards.Key, name, url string, now time.Time) (IssuerKey, error) {
	thumbprint, err := cards.Thumbprint(key.Public)
	if err != nil {
		return IssuerKey{}, ErrInvalid.with("field", "key").because(err)
	}
	point, err := key.Public.Bytes()
	return IssuerKey{Thumbprint: thumbprint, Issuer: key.Issuer, Name: name, URL: url, Point: point, AddedAt: now, NotAfter: key.NotAfter,
		CompromisedSince: key.CompromisedSince}, err
}

var errStoredKey = errors.New("emergency: a stored key is not on the curve P-256")

func (k IssuerKey) key() (cards.Key, error) {
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), k.Point)
	if err != nil {
		return cards.Key{}, errStoredKey
	}
	return cards.Key{Issuer: k.Issuer, Public: public, NotAfter: k.NotAfter, CompromisedSince: k.CompromisedSince}, nil
}
