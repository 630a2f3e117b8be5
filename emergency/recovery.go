package emergency

import (
	"context"
	"strings"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
)

const shortCodeLength = 12

// A recovery code is two short codes: 24 characters without look-alikes, 117 random bits, so a fast hash of it is as good as a slow one.

// MakeRecovery gives the caller a new recovery code, shown this once, and ends the old one.
func (s *Service) MakeRecovery(ctx context.Context, c Caller) (string, error) {
	if !c.SignedIn() {
		return "", ErrSignIn
	}
	if !c.fresh(s.now()) {
		return "", ErrFreshPasskey
	}
	first, err := cards.NewShortCode(s.Rand)
	if err != nil {
		return "", err
	}
	second, err := cards.NewShortCode(s.Rand)
	if err != nil {
		return "", err
	}
	code := first.String() + "-" + second.String()
	now := s.now()
	err = s.Store.Update(ctx, func(tx Tx) error {
		account, err := tx.Account(c.Account)
		if err != nil {
			return err
		}
		account.Recovery, account.RecoveryAt = s.recoveryHash(code), now
		tx.Append(s.event(c, audit.RecoverySet, string(c.Account)))
		if err := s.tellOwners(tx, c.Account); err != nil {
			return err
		}
		return tx.PutAccount(account)
	})
	return code, err
}

// UseRecovery signs in by a recovery code, which is thereby used up. The session may only add a passkey.
func (s *Service) UseRecovery(ctx context.Context, c Caller, code string) (SignedIn, error) {
	if err := s.guess(ctx, c, guessRecovery, ""); err != nil {
		return SignedIn{}, err
	}
	code, ok := cleanRecovery(code)
	if !ok {
		return SignedIn{}, ErrNotFound
	}
	now := s.now()
	var signedIn SignedIn
	err := s.Store.Update(ctx, func(tx Tx) error {
		account, err := tx.AccountByRecovery(s.recoveryHash(code))
		if err != nil {
			return err
		}
		account.Recovery, account.RecoveryAt = Token{}, time.Time{}
		if account.cooled(now) { // a second code does not make the passkeys of the first one older
			account.CoolingUntil = now.Add(coolingTime)
		}
		if err := tx.PutAccount(account); err != nil {
			return err
		}
		tx.Append(s.event(Caller{Account: account.ID, Limited: true, Network: c.Network}, audit.RecoveryUsed, string(account.ID)))
		if err := s.tellOwners(tx, account.ID); err != nil {
			return err
		}
		if err := tx.DeleteSessions(account.ID, Token{}); err != nil {
			return err
		}
		signedIn, err = s.startSession(tx, account.ID, true, now)
		return err
	})
	return signedIn, err
}

// cleanRecovery brings a typed recovery code into its one form: spaces, dashes and case do not matter.
func cleanRecovery(code string) (string, bool) {
	if len(code) > 128 {
		return "", false
	}
	code = strings.NewReplacer("-", "", " ", "").Replace(strings.ToUpper(code))
	if len(code) != 2*shortCodeLength {
		return "", false
	}
	first, err := cards.ParseShortCode(code[:shortCodeLength])
	if err != nil {
		return "", false
	}
	second, err := cards.ParseShortCode(code[shortCodeLength:])
	if err != nil {
		return "", false
	}
	return first.String() + "-" + second.String(), true
}

// recoveryHash is what is stored of a recovery code: a keyed hash, so that a stolen database cannot even be searched.
func (s *Service) recoveryHash(code string) Token {
	return Token(s.Data.KeyedHash("recovery", []byte(code)))
}
