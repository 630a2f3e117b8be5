package emergency

import (
	"context"
	"encoding/json"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/passkey"
)

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
