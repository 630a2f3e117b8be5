package emergency

import (
	"context"
	"errors"
	"time"

	"github.com/locket-health/locket/audit"
)

// A session ends after sessionIdle without a request, and after sessionLife whatever happens.
const (
	sessionIdle = 12 * time.Hour
	sessionLife = 14 * 24 * time.Hour
	// A session opened by a recovery code lives just long enough to add a passkey.
	limitedLife = 15 * time.Minute
	// touchEvery bounds how often a session's last use is written.
	touchEvery = 10 * time.Minute
)

// SignedIn is a new session: Token goes into the browser's cookie and is stored nowhere else.
type SignedIn struct {
	Token     string
	ExpiresAt time.Time
}

// Authenticate returns the caller whom a session token stands for, or ErrSignIn. The web layer adds the network and the language.
func (s *Service) Authenticate(ctx context.Context, token string) (Caller, error) {
	hash := hashToken(token)
	if hash.IsZero() {
		return Caller{}, ErrSignIn
	}
	now := s.now()
	var session Session
	err := s.Store.View(ctx, func(r Reader) (err error) {
		session, err = r.Session(hash)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return Caller{}, ErrSignIn
	}
	if err != nil {
		return Caller{}, err
	}
	if !now.Before(session.ExpiresAt) || now.Sub(session.SeenAt) > sessionIdle {
		return Caller{}, ErrSignIn
	}
	if now.Sub(session.SeenAt) > touchEvery {
		if err := s.Store.Update(ctx, func(tx Tx) error {
			current, err := tx.Session(hash)
			if err != nil {
				return err // signed out meanwhile: do not bring it back
			}
			current.SeenAt = now
			return tx.PutSession(current)
		}); err != nil && !errors.Is(err, ErrNotFound) {
			s.Logger.WarnContext(ctx, "a session's last use could not be written", "err", err)
		}
	}
	return Caller{Account: session.Account, Session: hash, Verified: session.VerifiedAt, Limited: session.Limited}, nil
}

// SignOut ends the caller's session.
func (s *Service) SignOut(ctx context.Context, c Caller) error {
	if c.Session.IsZero() {
		return nil
	}
	return s.Store.Update(ctx, func(tx Tx) error { return tx.DeleteSession(c.Session) })
}

// startSession makes a session inside tx. Each sign-in gets a token of its own.
func (s *Service) startSession(tx Tx, account AccountID, limited bool, now time.Time) (SignedIn, error) {
	secret, hash, err := s.newToken()
	if err != nil {
		return SignedIn{}, err
	}
	session := Session{Token: hash, Account: account, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(sessionLife), VerifiedAt: now}
	if limited {
		session.Limited, session.VerifiedAt, session.ExpiresAt = true, time.Time{}, now.Add(limitedLife)
	}
	return SignedIn{Token: secret, ExpiresAt: session.ExpiresAt}, tx.PutSession(session)
}

// event begins an entry about an account or a patient, made by the caller.
func (s *Service) event(c Caller, kind audit.Type, subject string) audit.Event {
	actor := audit.Actor{Kind: audit.ByAccount, Network: c.Network, Verified: audit.VerifiedPasskey}
	switch {
	case c.Operator:
		actor = audit.Actor{Kind: audit.ByOperator}
	case c.Account == "":
		actor = audit.Actor{Kind: audit.ByResponder, Network: c.Network, Verified: audit.Claimed}
	case c.Limited:
		actor.Verified = audit.Claimed
	}
	return audit.Event{Type: kind, At: s.clock(), Subject: subject, Actor: actor, Outcome: audit.Done}
}
