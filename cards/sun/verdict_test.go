package sun

import "testing"

// TestJudge goes through every combination of what is known about a tap.
func TestJudge(t *testing.T) {
	tapped := NoTaps.With(3).With(5)
	counters := map[string]uint32{"next": 6, "far ahead": MaxCounter, "the last": 5, "missing": 4, "an earlier": 3, "before the first": 2, "zero": 0}
	for _, proven := range []bool{true, false} {
		for _, same := range []bool{true, false} {
			for _, browser := range []bool{true, false} {
				for name, counter := range counters {
					var want Verdict
					switch {
					case !proven:
						want = Wrong
					case !same:
						want = Cloned
					case name == "next", name == "far ahead":
						want = Live
					case name == "missing", name == "before the first", name == "zero":
						want = Cloned
					case browser:
						want = Reload
					default:
						want = Stale
					}
					s := Sighting{Taps: tapped, Counter: counter, Proven: proven, SameTag: same, SameBrowser: browser}
					if got := Judge(s); got != want {
						t.Errorf("%s, proven %t, same tag %t, same browser %t: %s, want %s", name, proven, same, browser, got, want)
					}
					s.Unsupported = true // whatever else is said
					if got := Judge(s); got != Unsupported {
						t.Errorf("%s in a mode that is not read: %s", name, got)
					}
					s.Unsupported = false
					s.Taps = NoTaps // of the first tap no counter is wrong
					if proven && same {
						want = Live
					}
					if got := Judge(s); got != want {
						t.Errorf("%s as the first tap, proven %t, same tag %t: %s, want %s", name, proven, same, got, want)
					}
				}
			}
		}
	}
}

// TestTapsInTheirOrder judges whole sequences, each tap from another browser.
func TestTapsInTheirOrder(t *testing.T) {
	for _, test := range []struct {
		name     string
		counters []uint32
		want     []Verdict
	}{
		{"one after the other", []uint32{1, 2, 3}, []Verdict{Live, Live, Live}},
		{"gaps", []uint32{1, 9, 5000, MaxCounter}, []Verdict{Live, Live, Live, Live}},
		{"a counter of zero", []uint32{0, 1}, []Verdict{Live, Live}},
		{"the last again", []uint32{3, 5, 5, 5}, []Verdict{Live, Live, Stale, Stale}},
		{"an earlier one again", []uint32{3, 5, 7, 3, 5}, []Verdict{Live, Live, Live, Stale, Stale}},
		{"two chips interleaved", []uint32{3, 5, 4, 7}, []Verdict{Live, Live, Cloned, Live}},
		{"two chips, one far behind", []uint32{30, 10, 31, 11, 32, 12}, []Verdict{Live, Cloned, Live, Cloned, Live, Cloned}},
		{"the alarm is raised once for a tap", []uint32{3, 5, 4, 4}, []Verdict{Live, Live, Cloned, Stale}},
		{"the edge of what is remembered", []uint32{10, 42, 10, 11, 9}, []Verdict{Live, Live, Stale, Cloned, Stale}},
		{"beyond what is remembered", []uint32{10, 43, 10, 11}, []Verdict{Live, Live, Stale, Cloned}},
		{"long ago", []uint32{10, 5000, 10, 9, 1}, []Verdict{Live, Live, Stale, Stale, Stale}},
		{"the end of the counter", []uint32{MaxCounter - 1, MaxCounter, MaxCounter, MaxCounter - 2, 0}, []Verdict{Live, Live, Stale, Cloned, Stale}},
	} {
		t.Run(test.name, func(t *testing.T) {
			taps := NoTaps
			for i, counter := range test.counters {
				if got := Judge(Sighting{Taps: taps, Counter: counter, Proven: true, SameTag: true}); got != test.want[i] {
					t.Errorf("tap %d, counter %d: %s, want %s", i, counter, got, test.want[i])
				}
				taps = taps.With(counter)
			}
		})
	}
}

// TestTapsAsANumber: a store keeps one number, and the counter alone will do for tags that were first seen otherwise.
func TestTapsAsANumber(t *testing.T) {
	if highest, ok := NoTaps.Highest(); ok || NoTaps != -1 {
		t.Errorf("no taps are %d, highest %d", NoTaps, highest)
	}
	first := NoTaps.With(77)
	if first != 77 {
		t.Errorf("one tap is %d", first)
	}
	full := first
	for counter := range uint32(40) {
		full = full.With(MaxCounter - 40 + counter)
	}
	full = full.With(MaxCounter)
	if highest, ok := full.Highest(); !ok || highest != MaxCounter || full != 1<<56-1 {
		t.Errorf("the fullest is %x, highest %d", int64(full), highest)
	}
}

// FuzzTaps: whatever the order of taps, the memory agrees with one that forgets nothing.
func FuzzTaps(f *testing.F) {
	f.Add([]byte{3, 5, 4, 7})
	f.Add([]byte{3, 3, 250, 219, 218, 217, 3})
	f.Fuzz(func(t *testing.T, counters []byte) {
		taps := NoTaps
		seen := make(map[uint32]bool)
		last := uint32(0)
		for _, c := range counters {
			counter := uint32(c)
			var want Verdict
			switch {
			case len(seen) == 0 || counter > last:
				want = Live
			case seen[counter] || last-counter > window:
				want = Stale
			default:
				want = Cloned
			}
			if got := Judge(Sighting{Taps: taps, Counter: counter, Proven: true, SameTag: true}); got != want {
				t.Fatalf("counter %d of %d: %s, want %s", counter, counters, got, want)
			}
			taps = taps.With(counter)
			seen[counter], last = true, max(last, counter)
		}
	})
}
