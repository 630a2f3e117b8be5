package sun

// Verdict is what a tap shows. The texts are part of the API: they never change.
type Verdict string

const (
	// Live: the tag itself was tapped just now.
	Live Verdict = "live"
	// Reload: the same tap again, by the browser that showed it first. No alarm.
	Reload Verdict = "reload"
	// Stale: a tap that was used before. An address is a ticket for one time; somebody has kept or passed on this one.
	Stale Verdict = "stale"
	// Wrong: not made by a tag with the keys of this card.
	Wrong Verdict = "wrong"
	// Cloned: two tags have the keys of this card. One chip counts upwards only, and has one serial number.
	Cloned Verdict = "cloned"
	// Unsupported: a tap in LRP mode, neither proven nor disproven. This server reads taps in AES mode only.
	Unsupported Verdict = "unsupported"
)

// window is how many counters before the highest are remembered.
const window = 32

// Taps is what is kept of the proven taps of one tag: the highest counter, and which of the 32 before it were seen. It is one
// number for a store, -1 for a tag that was never tapped, and the counter itself for one whose earlier taps are not known.
type Taps int64

// NoTaps are those of a tag that was never tapped.
const NoTaps Taps = -1

// Highest is the highest counter; ok is false for a tag that was never tapped.
func (t Taps) Highest() (counter uint32, ok bool) {
	if t < 0 {
		return 0, false
	}
	return uint32(t & MaxCounter), true
}

// earlier has bit n set when the counter n+1 before the highest was seen.
func (t Taps) earlier() uint32 { return uint32(t >> 24) }

// With is what is to be kept after a proven tap, whatever its Verdict was.
func (t Taps) With(counter uint32) Taps {
	highest, ok := t.Highest()
	earlier := t.earlier()
	switch {
	case !ok:
		highest, earlier = counter, 0
	case counter > highest:
		// A shift by more than the width gives zero. The highest so far becomes one of the earlier.
		earlier = earlier<<(counter-highest) | 1<<(counter-highest-1)
		highest = counter
	case counter < highest:
		earlier |= 1 << (highest - counter - 1)
	}
	return Taps(earlier)<<24 | Taps(highest)
}

// seen reports whether the tap with a counter was seen. Of those too long ago it is said that they were: then nothing is
// proven, and nobody is alarmed.
func (t Taps) seen(counter uint32) bool {
	highest, ok := t.Highest()
	switch {
	case !ok || counter > highest:
		return false
	case counter == highest || highest-counter > window:
		return true
	}
	return t.earlier()>>(highest-counter-1)&1 == 1
}

// Sighting is what is known about a tap when it arrives.
type Sighting struct {
	// Taps are those of the card's tag so far.
	Taps Taps
	// Counter is that of the tap.
	Counter uint32
	// Unsupported: the message could not be read for its mode (ErrLRP). Nothing of what follows is known then, nor the Counter.
	Unsupported bool
	// Proven is the answer of Tap.Verify.
	Proven bool
	// SameTag: the serial number is the one remembered from the first proven tap, or this is the first.
	SameTag bool
	// SameBrowser: this browser has shown this very counter a short while ago.
	SameBrowser bool
}

// Judge says what a tap shows. Gaps between counters are normal. A proven counter below the highest that was never seen has
// come from a second chip with the same keys, unless it was tapped without a network and sent later: it is an alarm for the
// patient to look into, not a proof.
func Judge(s Sighting) Verdict {
	highest, tapped := s.Taps.Highest()
	switch {
	case s.Unsupported:
		return Unsupported
	case !s.Proven:
		return Wrong
	case !s.SameTag:
		return Cloned
	case !tapped || s.Counter > highest:
		return Live
	case !s.Taps.seen(s.Counter):
		return Cloned
	case s.SameBrowser:
		return Reload
	}
	return Stale
}
