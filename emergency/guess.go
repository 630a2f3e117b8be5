package emergency

import (
	"context"
	"time"
)

// Whoever guesses codes is slowed, by network, durably and before any costly work. No card and no account is ever locked by it.
const (
	guessWindow = 10 * time.Minute
	// A shelter or a telephone company puts hundreds of people behind one network; a short code has 58 random bits, so even this
	// pace finds none of a million cards within ten thousand years.
	guessesByNetwork = 40
	// Guesses from all networks together that are worth an alarm: a spray comes from everywhere at once.
	guessesAlarm = 2000
	// alikeAfter is how long every answer takes that must not tell a wrong guess from a revoked or an empty card.
	alikeAfter = 250 * time.Millisecond
)

// What is guessed.
const (
	guessShortCode = "short_code"
	guessRecovery  = "recovery"
)

// guess counts one try of the caller at a kind of code, or refuses it.
func (s *Service) guess(ctx context.Context, c Caller, kind string) error {
	now := s.now()
	since := now.Truncate(guessWindow)
	var mine, all int
	err := s.Store.Update(ctx, func(tx Tx) (err error) {
		if mine, err = tx.CountGuess(s.guessKey(kind, c.Network), now, since); err != nil {
			return err
		}
		all, err = tx.CountGuess(s.guessKey(kind, "everybody"), now, since)
		return err
	})
	if err != nil {
		return err
	}
	if all == guessesAlarm {
		s.Logger.WarnContext(ctx, "unusually many guesses", "kind", kind, "since", since)
	}
	if mine > guessesByNetwork {
		return ErrTooMany.with("retry_after", int(since.Add(guessWindow).Sub(now)/time.Second)+1)
	}
	return nil
}

// forgive takes back the count of a guess that was right.
func (s *Service) forgive(tx Tx, c Caller, kind string) error {
	if err := tx.ForgiveGuess(s.guessKey(kind, c.Network)); err != nil {
		return err
	}
	return tx.ForgiveGuess(s.guessKey(kind, "everybody"))
}

func (s *Service) guessKey(kind, network string) Token {
	return Token(s.Data.KeyedHash("guess", []byte(kind+"\x00"+network)))
}

// alike waits until a whole number of alikeAfter has passed since started, so that the time of an answer says nothing about what was found. It
// goes by the monotonic clock, which nobody can set.
func alike(ctx context.Context, started time.Time) {
	took := time.Since(started)
	timer := time.NewTimer((took/alikeAfter+1)*alikeAfter - took)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
