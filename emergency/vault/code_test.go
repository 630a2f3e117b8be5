package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

const testCode = "23456789ABCD"

var testPepper = bytes.Repeat([]byte{9}, 32)

func mustSealCode(t testing.TB, plaintext string) (finder [32]byte, sealed []byte) {
	t.Helper()
	finder, sealed, err := SealCode(context.Background(), NewGate(1), testCode, testPepper, []byte(plaintext))
	if err != nil {
		t.Fatal(err)
	}
	return finder, sealed
}

func TestCode(t *testing.T) {
	finder, sealed := mustSealCode(t, "the front and the card's secret")
	if finder != CodeFinder(testCode, testPepper) {
		t.Error("what SealCode returns is not what CodeFinder finds")
	}
	if strings.Contains(string(sealed), "front") || strings.Contains(string(sealed), testCode) {
		t.Error("the sealed copy shows what it seals")
	}
	cases := map[string]struct {
		code   string
		pepper []byte
		opens  bool
	}{
		"right code":     {testCode, testPepper, true},
		"wrong code":     {"23456789ABCE", testPepper, false},
		"wrong pepper":   {testCode, bytes.Repeat([]byte{8}, 32), false},
		"no pepper":      {testCode, nil, false},
		"no code":        {"", testPepper, false},
		"a code and one": {testCode + "2", testPepper, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := OpenCode(context.Background(), NewGate(1), c.code, c.pepper, sealed)
			if c.opens && (err != nil || string(got) != "the front and the card's secret") {
				t.Errorf("OpenCode = %q, %v", got, err)
			}
			if !c.opens && (!errors.Is(err, ErrSealed) || got != nil) {
				t.Errorf("OpenCode = %q, %v, want ErrSealed", got, err)
			}
		})
	}
}

func TestCodeFinderNeedsThePepper(t *testing.T) {
	if CodeFinder(testCode, testPepper) == CodeFinder(testCode, bytes.Repeat([]byte{8}, 32)) {
		t.Error("the finder does not depend on the pepper")
	}
	if CodeFinder(testCode, testPepper) == CodeFinder("23456789ABCE", testPepper) {
		t.Error("the finder does not depend on the code")
	}
}

// TestForgedCostIsRefused holds that a header in storage cannot ask for memory or time without end.
func TestForgedCostIsRefused(t *testing.T) {
	_, sealed := mustSealCode(t, "x")
	cases := map[string]codeCost{
		"10 GiB":             {10 << 20, 2, 1},
		"one above the most": {maxCost.memory + 1, 2, 1},
		"all ones":           {1<<32 - 1, 255, 255},
		"many passes":        {19 << 10, maxCost.passes + 1, 1},
		"many threads":       {19 << 10, 2, maxCost.threads + 1},
		"no passes":          {19 << 10, 0, 1},
		"no threads":         {19 << 10, 2, 0},
		"no memory":          {0, 2, 1},
	}
	for name, cost := range cases {
		t.Run(name, func(t *testing.T) {
			forged := bytes.Clone(sealed)
			binary.BigEndian.PutUint32(forged[1:], cost.memory)
			forged[5], forged[6] = cost.passes, cost.threads
			// A gate that nobody leaves any more shows whether the work would have been begun.
			shut := NewGate(1)
			shut.places <- struct{}{}
			if _, err := OpenCode(context.Background(), shut, testCode, testPepper, forged); !errors.Is(err, ErrSealed) {
				t.Errorf("OpenCode = %v, want ErrSealed", err)
			}
		})
	}
}

func TestCodeIsRefusedWhenChanged(t *testing.T) {
	// A cheap copy: what is tested is that every byte counts, not what it costs to find out.
	_, sealed := mustSealCheap(t)
	gate := NewGate(1)
	if _, err := OpenCode(context.Background(), gate, testCode, testPepper, sealed); err != nil {
		t.Fatal(err)
	}
	for n := range sealed {
		if _, err := OpenCode(context.Background(), gate, testCode, testPepper, sealed[:n]); !errors.Is(err, ErrSealed) {
			t.Fatalf("the first %d of %d bytes: %v, want ErrSealed", n, len(sealed), err)
		}
		if n >= 1 && n < 5 {
			continue // the memory: flips there are slow, and TestForgedCostIsRefused has them
		}
		changed := bytes.Clone(sealed)
		changed[n] ^= 1
		if _, err := OpenCode(context.Background(), gate, testCode, testPepper, changed); !errors.Is(err, ErrSealed) {
			t.Fatalf("byte %d flipped: %v, want ErrSealed", n, err)
		}
	}
}

// mustSealCheap seals with the least memory that a header may ask for.
func mustSealCheap(t testing.TB) (header, sealed []byte) {
	t.Helper()
	header = make([]byte, codeHeader)
	header[0] = codeVersion
	binary.BigEndian.PutUint32(header[1:], 8)
	header[5], header[6] = 1, 1
	aead, err := codeCipher(context.Background(), NewGate(1), testCode, testPepper, header)
	if err != nil {
		t.Fatal(err)
	}
	return header, aead.Seal(bytes.Clone(header), codeNonce(header), []byte("x"), header)
}

func TestGate(t *testing.T) {
	const most = 3
	gate := NewGate(most)
	var inside, highest atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if err := gate.enter(context.Background()); err != nil {
				t.Error(err)
				return
			}
			defer gate.leave()
			now := inside.Add(1)
			for old := highest.Load(); now > old && !highest.CompareAndSwap(old, now); old = highest.Load() {
			}
			inside.Add(-1)
		})
	}
	all.Wait()
	if highest.Load() > most {
		t.Errorf("%d were inside at once, want at most %d", highest.Load(), most)
	}
}

func TestGateGivesUpWithTheContext(t *testing.T) {
	_, sealed := mustSealCheap(t)
	gate := NewGate(0) // at least one place
	if err := gate.enter(context.Background()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		_, err := OpenCode(ctx, gate, testCode, testPepper, sealed)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("OpenCode behind a full gate = %v, want context.Canceled", err)
	}
	gate.leave()
	if _, err := OpenCode(ctx, gate, testCode, testPepper, sealed); !errors.Is(err, context.Canceled) {
		t.Errorf("OpenCode with a context that has ended = %v, want context.Canceled", err)
	}
	if _, err := OpenCode(context.Background(), gate, testCode, testPepper, sealed); err != nil {
		t.Errorf("a place was not given back: %v", err)
	}
}

func FuzzOpenCode(f *testing.F) {
	_, sealed := mustSealCheap(f) // the same in every process: its salt and nonce are zero
	f.Add(sealed)
	f.Add(sealed[:codeHeader])
	f.Add(bytes.Repeat([]byte{255}, 100))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4 {
			data[1], data[2], data[3] = 0, 0, data[3]&1 // at most 512 KiB, to stay quick
		}
		if _, err := OpenCode(context.Background(), NewGate(1), testCode, testPepper, data); err == nil && !bytes.Equal(data, sealed) {
			t.Errorf("%d bytes that nobody sealed were opened", len(data))
		}
	})
}

func BenchmarkOpenCode(b *testing.B) {
	_, sealed := mustSealCode(b, "x")
	for b.Loop() {
		if _, err := OpenCode(context.Background(), NewGate(1), testCode, testPepper, sealed); err != nil {
			b.Fatal(err)
		}
	}
}
