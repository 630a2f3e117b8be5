package emergency

import (
	"context"
	"encoding/json"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/passkey"
)

// BeginSignup starts a new account: the browser is to make a passkey for it.
func (s *Service) BeginSignup(ctx context.Context, c Caller, name, lang string) (Begun, error) {
	return s.beginSignup(ctx, c, name, lang, false)
}

// BeginInvitedSignup is BeginSignup for somebody who holds an invitation: the passkey is as whoever invites them asks for it.
func (s *Service) BeginInvitedSignup(ctx context.Context, c Caller, name, lang, token string) (Begun, error) {
	invitation, err := s.Invitation(ctx, c, token)
	if err != nil {
		return Begun{}, err
	}
	return s.beginSignup(ctx, c, name, lang, invitation.Hardware)
}

func (s *Service) beginSignup(ctx context.Context, c Caller, name, lang string, hardware bool) (Begun, error) {
	name, err := cleanName("name", name)
	if err != nil {
		return Begun{}, err
	}
	id, err := newID(s.Rand)
	if err != nil {
		return Begun{}, err
	}
	options, state, err := s.beginRegistration(passkey.User{Handle: []byte(id), Name: name}, hardware)
	if err != nil {
		return Begun{}, err
	}
	body, err := json.Marshal(signup{Account: AccountID(id), Name: name, Lang: lang, Hardware: hardware})
	if err != nil {
		return Begun{}, err
	}
	return s.begin(ctx, c, ceremonySignup, options, state, body)
}

type signup struct {
	Account    AccountID
	Name, Lang string
	Hardware   bool
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
	credential, err := s.finishRegistration(passkey.User{Handle: []byte(new.Account), Name: new.Name}, new.Hardware, state, response)
	if err != nil {
		return SignedIn{}, err
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
			if err := tx.PutKeeper(Keeper{Account: account.ID, Patient: patient, Role: KeeperOther, AddedAt: now}); err != nil {
				return err
			}
		}
		signedIn, err = s.startSession(tx, account.ID, false, now)
		return err
	})
	return signedIn, err
}
