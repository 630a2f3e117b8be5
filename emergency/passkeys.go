package emergency

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/passkey"
)

// PasskeyView is a passkey as its owner sees it.
type PasskeyView struct {
	ID                string
	Label             string
	CreatedAt, UsedAt time.Time
	Synced            bool // kept by a platform that copies it to the owner's other devices
	Cloned            bool // its counter went back: it signs in, and approves nothing
}

// BeginPasskey starts the adding of a further passkey to the caller's account.
func (s *Service) BeginPasskey(ctx context.Context, c Caller) (Begun, error) {
	if c.Account == "" {
		return Begun{}, ErrSignIn
	}
	if !c.Limited && !c.fresh(s.now()) {
		return Begun{}, ErrFreshPasskey
	}
	var user passkey.User
	var body []byte
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		if asked, err := hardwareAsked(r, c.Account); err != nil {
			return err
		} else if asked {
			body = []byte(hardwarePasskey)
		}
		user, err = s.user(r, c.Account)
		return err
	}); err != nil {
		return Begun{}, err
	}
	options, state, err := s.beginRegistration(user, body != nil)
	if err != nil {
		return Begun{}, err
	}
	return s.begin(ctx, c, ceremonyPasskey, options, state, body)
}

// FinishPasskey adds the passkey. The account's other sessions end: whoever changed the locks should be the only one inside.
func (s *Service) FinishPasskey(ctx context.Context, c Caller, ceremony string, response []byte, label string) error {
	if c.Account == "" {
		return ErrSignIn
	}
	if label != "" {
		var err error
		if label, err = cleanName("label", label); err != nil {
			return err
		}
	}
	state, body, err := s.take(ctx, c, ceremonyPasskey, ceremony)
	if err != nil {
		return err
	}
	var user passkey.User
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		user, err = s.user(r, c.Account)
		return err
	}); err != nil {
		return err
	}
	credential, err := s.finishRegistration(user, string(body) == hardwarePasskey, state, response)
	if err != nil {
		return err
	}
	now := s.now()
	return s.Store.Update(ctx, func(tx Tx) error {
		session, err := tx.Session(c.Session)
		if err != nil {
			return ErrSignIn.because(err) // signed out meanwhile, or the account is gone
		}
		if _, err := tx.Passkey(credential.ID()); !errors.Is(err, ErrNotFound) {
			return ErrPasskey
		}
		if err := s.putPasskey(tx, c.Account, credential, label, now, now); err != nil {
			return err
		}
		tx.Append(s.event(c, audit.PasskeyAdded, string(c.Account)))
		if err := s.tellOwners(tx, c.Account); err != nil {
			return err
		}
		if c.Limited { // the recovery has done its work: from here on the new passkey speaks
			session.Limited, session.VerifiedAt, session.ExpiresAt = false, now, now.Add(sessionLife)
			if err := tx.PutSession(session); err != nil {
				return err
			}
		}
		return tx.DeleteSessions(c.Account, c.Session)
	})
}

// RemovePasskey takes a passkey away, but never the only way in.
func (s *Service) RemovePasskey(ctx context.Context, c Caller, id string) error {
	if !c.SignedIn() {
		return ErrSignIn
	}
	if !c.fresh(s.now()) {
		return ErrFreshPasskey
	}
	credential, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil {
		return ErrNotFound
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		keys, err := tx.Passkeys(c.Account)
		if err != nil {
			return err
		}
		if len(keys) < 2 {
			return ErrLastPasskey
		}
		key, err := tx.Passkey(credential)
		if err != nil {
			return err
		}
		account, err := tx.Account(c.Account)
		if err != nil {
			return err
		}
		if !account.cooled(s.now()) && !key.since(account) {
			return ErrCooling // whoever came in by a stolen code does not lock the owner out; the owner can lock them out
		}
		if err := tx.DeletePasskey(c.Account, credential); err != nil {
			return err
		}
		tx.Append(s.event(c, audit.PasskeyRemoved, string(c.Account)))
		if err := s.tellOwners(tx, c.Account); err != nil {
			return err
		}
		return tx.DeleteSessions(c.Account, c.Session)
	})
}

// user reads an account as a passkey ceremony needs it.
func (s *Service) user(r Reader, id AccountID) (passkey.User, error) {
	account, err := r.Account(id)
	if err != nil {
		return passkey.User{}, err
	}
	if !account.DeletedAt.IsZero() {
		return passkey.User{}, ErrNotFound
	}
	p, err := s.openProfile(account)
	if err != nil {
		return passkey.User{}, err
	}
	user := passkey.User{Handle: []byte(id), Name: p.Name}
	keys, err := r.Passkeys(id)
	if err != nil {
		return passkey.User{}, err
	}
	for _, key := range keys {
		credential, err := s.openCredential(key)
		if err != nil {
			return passkey.User{}, err
		}
		user.Credentials = append(user.Credentials, credential)
	}
	return user, nil
}

func (s *Service) openCredential(key Passkey) (passkey.Credential, error) {
	var credential passkey.Credential
	plain, err := s.unseal("passkey", "record", string(key.ID), key.SealedRecord)
	if err != nil {
		return credential, err
	}
	return credential, credential.UnmarshalBinary(plain)
}

func (s *Service) putPasskey(tx Tx, account AccountID, credential passkey.Credential, label string, created, used time.Time) error {
	plain, err := credential.MarshalBinary()
	if err != nil {
		return err
	}
	key := Passkey{ID: credential.ID(), Account: account, CreatedAt: created, UsedAt: used, Cloned: credential.Cloned()}
	if key.SealedRecord, err = s.seal("passkey", "record", string(key.ID), plain); err != nil {
		return err
	}
	if key.SealedLabel, err = s.seal("passkey", "label", string(key.ID), []byte(label)); err != nil {
		return err
	}
	return tx.PutPasskey(key)
}

// usePasskey writes back what a ceremony changed in a credential: counter, backup state, clone warning.
func (s *Service) usePasskey(tx Tx, credential passkey.Credential, now time.Time) error {
	key, err := tx.Passkey(credential.ID())
	if err != nil {
		return err
	}
	label, err := s.unseal("passkey", "label", string(key.ID), key.SealedLabel)
	if err != nil {
		return err
	}
	return s.putPasskey(tx, key.Account, credential, string(label), key.CreatedAt, now)
}

func (s *Service) viewPasskey(key Passkey) (PasskeyView, error) {
	credential, err := s.openCredential(key)
	if err != nil {
		return PasskeyView{}, err
	}
	label, err := s.unseal("passkey", "label", string(key.ID), key.SealedLabel)
	if err != nil {
		return PasskeyView{}, err
	}
	return PasskeyView{ID: base64.RawURLEncoding.EncodeToString(key.ID), Label: string(label), CreatedAt: key.CreatedAt, UsedAt: key.UsedAt,
		Synced: credential.BackedUp(), Cloned: key.Cloned}, nil
}

// passkeyError turns what the passkey room says into the domain's words.
func passkeyError(err error) error {
	switch {
	case errors.Is(err, passkey.ErrCeremony):
		return ErrCeremony.because(err)
	case errors.Is(err, passkey.ErrCloned):
		return ErrClonedPasskey.because(err)
	default:
		return ErrPasskey.because(err)
	}
}
