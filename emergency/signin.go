package emergency

import (
	"context"
	"crypto/sha256"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/passkey"
)

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
		if account != "" {
			s.later.do(ctx, func(ctx context.Context) { s.refuseSignin(ctx, c, account) })
		}
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

// refuseSignin tells an account that somebody knew one of its passkeys and could not sign in with it. What no account has is no entry: nobody can grow the log
// by guessing.
func (s *Service) refuseSignin(ctx context.Context, c Caller, account AccountID) {
	event := s.event(Caller{Account: account, Network: c.Network}, audit.AccountSignedIn, string(account))
	event.Outcome, event.Actor.Verified = audit.Refused, audit.Claimed
	sum := sha256.Sum256([]byte(account))
	if err := s.recordLimited(ctx, "signin", cards.ID(sum[:len(cards.ID{})]), event); err != nil {
		s.Logger.WarnContext(ctx, "a refused sign-in could not be logged", "err", err)
	}
}
