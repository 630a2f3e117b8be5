package emergency

import (
	"sync"
	"time"
)

const (
	// clockBack is how far the clock may go back before it is worth a warning.
	clockBack = time.Minute
	// clockDoubt is how far the clock may go back and not be believed. Beyond it, it had been wrong before and was set right: nothing that was opened lasts longer
	// (rules.MaxDuration), and a house must not stay shut for ten years because its clock once showed the wrong year.
	clockDoubt = 31 * 24 * time.Hour
)

// clock is what the clock shows, in whole milliseconds, as entries of the log have it. The order of entries is their number, not their time.
func (s *Service) clock() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// seen is the latest time seen, and when it was: what ends goes by it.
type seen struct {
	mu      sync.Mutex
	latest  time.Time
	reading time.Time     // of the clock at latest, with the monotonic one where there is one
	warned  bool          // that the clock went back
	leapt   time.Duration // how far the clock has leapt ahead beyond belief, while the house was shut or under it; else 0
}

// leap is how far the clock has leapt ahead beyond belief since the house was opened, or before that since the last checkpoint; 0 when it has not.
func (s *Service) leap() time.Duration {
	s.now()
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	return s.seen.leapt
}

// now is the latest time seen and what has passed since, for everything that ends: a clock that is set back brings no grant, session or ceremony back
// to life, and what begins while it is behind ends as soon as at any other time. After a restart it begins with the time of the last published checkpoint.
func (s *Service) now() time.Time {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	reading := s.Now()
	latest := s.seen.latest.Add(max(0, reading.Sub(s.seen.reading)))
	switch behind := latest.Sub(reading.Round(0)); {
	case behind <= 0:
		if -behind > clockDoubt && !s.seen.latest.IsZero() {
			s.seen.leapt = -behind
		}
		latest, s.seen.warned = reading, false
	case behind > clockDoubt:
		s.Logger.Warn("the clock went back so far that it must have been wrong before: it is believed", "by", behind)
		latest, s.seen.warned = reading, false
	case behind > clockBack && !s.seen.warned:
		s.Logger.Warn("the clock went back: what has ended stays ended", "by", behind)
		s.seen.warned = true
	}
	s.seen.latest, s.seen.reading = latest.Round(0), reading
	return s.seen.latest.UTC().Truncate(time.Millisecond)
}
