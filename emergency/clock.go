package emergency

import "time"

const (
	// clockBack is how far the clock may go back before it is worth a warning.
	clockBack = time.Minute
	// clockDoubt is how far the clock may go back and not be believed. Beyond it, it had been wrong before and was set right: nothing that was opened lasts longer
	// (rules.MaxDuration), and a house must not stay shut for ten years because its clock once showed the wrong year.
	clockDoubt = 31 * 24 * time.Hour
)

// clock is what the clock shows, in whole milliseconds, as entries of the log have it. The order of entries is their number, not their time.
func (s *Service) clock() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// now is the latest time seen, for everything that ends: a clock that is set back brings no grant, session or ceremony back to life. After a
// restart it begins with the time of the last published checkpoint.
func (s *Service) now() time.Time {
	shown := s.clock().UnixMilli()
	for {
		latest := s.latest.Load()
		if latest-shown > clockDoubt.Milliseconds() {
			if s.latest.CompareAndSwap(latest, shown) {
				s.Logger.Warn("the clock went back so far that it must have been wrong before: it is believed", "by", time.Duration(latest-shown)*time.Millisecond)
			}
			continue
		}
		if shown <= latest {
			if latest-shown > clockBack.Milliseconds() && s.warned.CompareAndSwap(false, true) {
				s.Logger.Warn("the clock went back: what has ended stays ended until it has caught up", "by", time.Duration(latest-shown)*time.Millisecond)
			}
			return time.UnixMilli(latest).UTC()
		}
		if s.latest.CompareAndSwap(latest, shown) {
			s.warned.Store(false)
			return time.UnixMilli(shown).UTC()
		}
	}
}
