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
	// What its guesser knows already, as a link is known, takes no more than this from one network: to end it from there would take hours.
	guessesByTarget = 6
	// Guesses from all networks together that are worth an alarm: a spray comes from everywhere at once.
	guessesAlarm = 2000
	// alikeAfter is how long every answer takes that must not tell a wrong guess from a revoked or an empty card.
	alikeAfter = 250 * time.Millisecond
)

// What is guessed.
const (
	guessShortCode = "short_code"
	guessRecovery  = "recovery"
	guessPasscode  = "passcode"
)

// guess counts one try of the caller at a kind of code, or refuses it. target is what the code is for, "" when the code itself says so.
func (s *Service) guess(ctx context.Context, c Caller, kind, target string) error {
	now := s.now()
	since := now.Truncate(guessWindow)
	var at, mine, all int
	err := s.Store.Update(ctx, func(tx Tx) (err error) {
		if target != "" {
			if at, err = tx.CountGuess(s.guessKey(kind, c.Network+"\x00"+target), now, since); err != nil {
				return err
			}
		}
		if mine, err = tx.CountGuess(s.guessKey(kind, c.Network), now, since); err != nil {
			return err
		}
		if all, err = tx.CountGuess(s.guessKey(kind, everybody), now, since); err != nil {
			return err
		}
		return s.tally(tx, c, kind, 1)
	})
	if err != nil {
		return err
	}
	if all == guessesAlarm {
		s.Logger.WarnContext(ctx, "unusually many guesses", "kind", kind, "since", since)
	}
	if mine > guessesByNetwork || at > guessesByTarget {
		return ErrTooMany.with("retry_after", int(since.Add(guessWindow).Sub(now)/time.Second)+1)
	}
	return nil
}

// everybody stands for all networks together.
const everybody = "everybody"

// forgive takes back the count of a guess that was right.
func (s *Service) forgive(tx Tx, c Caller, kind, target string) error {
	networks := []string{c.Network, everybody}
	if target != "" {
		networks = append(networks, c.Network+"\x00"+target)
	}
	for _, network := range networks {
		if err := tx.ForgiveGuess(s.guessKey(kind, network)); err != nil {
			return err
		}
	}
	return s.tally(tx, c, kind, -1)
}

// tally adds to what the operator sees of guesses, or takes back.
func (s *Service) tally(tx Tx, c Caller, kind string, tries int) error {
	key := s.guessKey(kind, c.Network)
	sealed, err := s.seal("guess_tally", "network", key.String(), []byte(c.Network))
	if err != nil {
		return err
	}
	return tx.TallyGuess(GuessTally{Kind: kind, Began: s.now().Truncate(guessWindow), Network: key, Sealed: sealed, Tries: tries})
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
