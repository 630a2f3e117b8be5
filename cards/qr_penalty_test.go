package cards

import (
	"testing"

	"pgregory.net/rapid"
	"rsc.io/qr/coding"
)

// TestPenalty compares with the rules as they stand in the standard, module by module.
func TestPenalty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := 17 + 4*rapid.SampledFrom([]int{1, 2, 11, 12, 40}).Draw(t, "version") // 61, 65 and 177 modules: one word, two, three
		seed := rapid.SliceOfN(rapid.Uint64(), 16, 16).Draw(t, "seed")
		sparse := rapid.Bool().Draw(t, "sparse") // long runs and patterns hardly occur among fair coins
		code := newBitmap(n)
		state := uint64(1)
		for y := range n {
			for x := range n {
				state = state*6364136223846793005 + seed[(x/7+y)%len(seed)]
				dark := state>>63 != 0
				if sparse {
					dark = seed[y%len(seed)]>>(x%64)&1 != 0
				}
				if dark {
					code.set(y*rowBits + x)
				}
			}
		}
		if got, want := maskPenalty(code, n), slowPenalty(code, n); got != want {
			t.Fatalf("penalty %d, want %d", got, want)
		}
	})
}

// slowPenalty is ISO/IEC 18004, section 7.8.3.1, read aloud.
func slowPenalty(code bitmap, n int) int {
	at := func(x, y int) bool { return x >= 0 && y >= 0 && x < n && y < n && code.at(x, y) }
	transposed := func(x, y int) bool { return at(y, x) }
	total, dark := 0, 0
	for _, at := range []func(x, y int) bool{at, transposed} {
		for y := range n {
			for x, run := 0, 0; x < n; x++ {
				if x > 0 && at(x, y) == at(x-1, y) {
					run++
				} else {
					run = 1
				}
				if run == 5 {
					total += 3
				} else if run > 5 {
					total++
				}
			}
			for x := 0; x+7 <= n; x++ {
				found := true
				for i, want := range "1011101" {
					found = found && at(x+i, y) == (want == '1')
				}
				before, after := false, false
				for i := 1; i <= 4; i++ {
					before = before || at(x-i, y)
					after = after || at(x+6+i, y)
				}
				if found && !(before && after) {
					total += 40
				}
			}
		}
	}
	for y := range n {
		for x := range n {
			if at(x, y) {
				dark++
			}
			if x+1 < n && y+1 < n && at(x, y) == at(x+1, y) && at(x, y) == at(x, y+1) && at(x, y) == at(x+1, y+1) {
				total += 3
			}
		}
	}
	for step := 5; 100*dark >= (50+step)*n*n || 100*dark <= (50-step)*n*n; step += 5 {
		total += 10
	}
	return total
}

// TestBestMask: no other mask of the code has a smaller penalty.
func TestBestMask(t *testing.T) {
	for _, text := range []string{"1", "https://locket.example/s#7KQ2MX9TRB4H", testAddress(t).URL()} {
		f, err := fitQR(text, LevelM)
		if err != nil {
			t.Fatal(err)
		}
		m := f.matrix()
		var words coding.Bits
		for _, s := range f.segments {
			s.Encode(&words, f.version)
		}
		words.AddCheckBytes(f.version, coding.M)
		l := qrLayouts[f.version][f.level]()
		same := false
		for number, mask := range l.masks {
			code := l.place(words.Bytes())
			equal := true
			for i := range code {
				code[i] ^= mask[i]
				equal = equal && code[i] == m.dark[i]
			}
			same = same || equal
			if p, least := slowPenalty(code, m.Modules), slowPenalty(m.dark, m.Modules); p < least {
				t.Errorf("mask %d has a penalty of %d, the one taken %d", number, p, least)
			}
		}
		if !same {
			t.Error("the code has none of the eight masks")
		}
	}
}
