package emergency

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/passkey"
)

// AccountView is an account as its owner sees it.
type AccountView struct {
	ID           AccountID
	Name, Lang   string
	Passkeys     []PasskeyView
	HasRecovery  bool
	RecoveryAt   time.Time
	ReadyToIssue bool // a second passkey or a recovery code is there, so that a lost phone does not lose the record
}

// PasskeyView is a passkey as its owner sees it.
type PasskeyView struct {
	ID                string
	Label             string
	CreatedAt, UsedAt time.Time
	Synced            bool // kept by a platform that copies it to the owner's other devices
	Cloned            bool // its counter went back: it signs in, and approves nothing
}

// profile is what Account.SealedProfile holds.
type profile struct {
	Name string `json:"name"`
}

// maxNameBytes bounds the names of accounts, patients, passkeys and cards.
const maxNameBytes = 200

// cleanName trims a name and refuses what is empty, too long, not UTF-8 or holds control characters.
func cleanName(field, name string) (string, error) {
	name = strings.TrimSpace(name)
	bad := func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }
	if name == "" || len(name) > maxNameBytes || strings.ContainsFunc(name, bad) {
		return "", ErrInvalid.with("field", field)
	}
	return name, nil
}

// BeginSignup starts a new account: the browser is to make a passkey for it.
func (s *Service) BeginSignup(ctx context.Context, c Caller, name, lang string) (Begun, error) {
	name, err := cleanName("name", name)
	if err != nil {
		return Begun{}, err
	}
	id, err := newID(s.Rand)
	if err != nil {
		return Begun{}, err
	}
	options, state, err := s.Passkeys.BeginRegistration(passkey.User{Handle: []byte(id), Name: name})
	if err != nil {
		return Begun{}, err
	}
	body, err := json.Marshal(signup{Account: AccountID(id), Name: name, Lang: lang})
	if err != nil {
		return Begun{}, err
	}
	return s.begin(ctx, c, ceremonySignup, options, state, body)
}

type signup struct {
	Account    AccountID
	Name, Lang string
}

// FinishSignup makes the account and signs it in.
func (s *Service) FinishSignup(ctx context.Context, c Caller, ceremony string, response []byte) (SignedIn, error) {
	state, body, err := s.take(ctx, c, ceremonySignup, ceremony)
	if err != nil {
		return SignedIn{}, err
	}
	var new signup
	if err := json.Unmarshal(body, &new); err != nil {
		return SignedIn{}, err
	}
	credential, err := s.Passkeys.FinishRegistration(passkey.User{Handle: []byte(new.Account), Name: new.Name}, state, response)
	if err != nil {
		return SignedIn{}, passkeyError(err)
	}
	now := s.now()
	account := Account{ID: new.Account, CreatedAt: now, Lang: new.Lang}
	if account.SealedProfile, err = s.sealProfile(new.Account, profile{Name: new.Name}); err != nil {
		return SignedIn{}, err
	}
	var signedIn SignedIn
	err = s.Store.Update(ctx, func(tx Tx) error {
		if err := tx.PutAccount(account); err != nil {
			return err
		}
		if err := s.putPasskey(tx, account.ID, credential, "", now, now); err != nil {
			return err
		}
		tx.Append(s.event(Caller{Account: account.ID, Network: c.Network}, audit.AccountCreated, string(account.ID)))
		for _, patient := range s.welcome {
			if err := tx.PutKeeper(account.ID, patient); err != nil {
				return err
			}
		}
		signedIn, err = s.startSession(tx, account.ID, false, now)
		return err
	})
	return signedIn, err
}

// BeginSignin starts a sign-in without a name: the browser offers the passkeys that it has for this place.
func (s *Service) BeginSignin(ctx context.Context, c Caller) (Begun, error) {
	options, state, err := s.Passkeys.BeginSignIn(false)
	if err != nil {
		return Begun{}, err
	}
	return s.begin(ctx, c, ceremonySignin, options, state, nil)
}

// FinishSignin signs in the account whose passkey answered.
func (s *Service) FinishSignin(ctx context.Context, c Caller, ceremony string, response []byte) (SignedIn, error) {
	state, _, err := s.take(ctx, c, ceremonySignin, ceremony)
	if err != nil {
		return SignedIn{}, err
	}
	var account AccountID
	assertion, err := s.Passkeys.FinishSignIn(state, response, func(credential, _ []byte) (passkey.User, error) {
		var user passkey.User
		err := s.Store.View(ctx, func(r Reader) error {
			found, err := r.Passkey(credential)
			if err != nil {
				return err
			}
			account = found.Account
			user, err = s.user(r, account)
			return err
		})
		return user, err
	})
	if err != nil {
		return SignedIn{}, passkeyError(err)
	}
	now := s.now()
	var signedIn SignedIn
	err = s.Store.Update(ctx, func(tx Tx) error {
		if err := s.usePasskey(tx, assertion.Credential, now); err != nil {
			return err
		}
		event := s.event(Caller{Account: account, Network: c.Network}, audit.AccountSignedIn, string(account))
		if assertion.Credential.Cloned() {
			event.Details = map[string]string{"warning": "cloned_passkey"}
		}
		tx.Append(event)
		signedIn, err = s.startSession(tx, account, false, now)
		return err
	})
	return signedIn, err
}

// Account returns the caller's own account.
func (s *Service) Account(ctx context.Context, c Caller) (AccountView, error) {
	if c.Account == "" {
		return AccountView{}, ErrSignIn
	}
	var view AccountView
	err := s.Store.View(ctx, func(r Reader) error {
		account, err := r.Account(c.Account)
		if err != nil {
			return err
		}
		p, err := s.openProfile(account)
		if err != nil {
			return err
		}
		view = AccountView{ID: account.ID, Name: p.Name, Lang: account.Lang, HasRecovery: !account.Recovery.IsZero(), RecoveryAt: account.RecoveryAt}
		keys, err := r.Passkeys(c.Account)
		if err != nil {
			return err
		}
		for _, key := range keys {
			v, err := s.viewPasskey(key)
			if err != nil {
				return err
			}
			view.Passkeys = append(view.Passkeys, v)
		}
		view.ReadyToIssue = view.HasRecovery || len(keys) > 1
		return nil
	})
	return view, err
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
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		user, err = s.user(r, c.Account)
		return err
	}); err != nil {
		return Begun{}, err
	}
	options, state, err := s.Passkeys.BeginRegistration(user)
	if err != nil {
		return Begun{}, err
	}
	return s.begin(ctx, c, ceremonyPasskey, options, state, nil)
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
	state, _, err := s.take(ctx, c, ceremonyPasskey, ceremony)
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
	credential, err := s.Passkeys.FinishRegistration(user, state, response)
	if err != nil {
		return passkeyError(err)
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
		if err := tx.DeletePasskey(c.Account, credential); err != nil {
			return err
		}
		tx.Append(s.event(c, audit.PasskeyRemoved, string(c.Account)))
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

func (s *Service) sealProfile(id AccountID, p profile) ([]byte, error) {
	plain, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return s.seal("account", "profile", string(id), plain)
}

func (s *Service) openProfile(account Account) (profile, error) {
	var p profile
	plain, err := s.unseal("account", "profile", string(account.ID), account.SealedProfile)
	if err != nil || plain == nil {
		return p, err
	}
	return p, json.Unmarshal(plain, &p)
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
