package emergency

import "time"

// clockBack is how far the clock may go back before it is worth a warning.
const clockBack = time.Minute

// clock is what the clock shows, in whole milliseconds, as entries of the log have it. The order of entries is their number, not their time.
func (s *Service) clock() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// now is the latest time seen, for everything that ends: a clock that is set back brings no grant, session or ceremony back to life. After a
// restart it begins with the time of the last published checkpoint.
func (s *Service) now() time.Time {
	shown := s.clock().UnixMilli()
	for {
		latest := s.latest.Load()
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
