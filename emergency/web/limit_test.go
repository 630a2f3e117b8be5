package web

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/ulule/limiter/v3"
)

var (
	alice = netip.MustParseAddr("203.0.113.7")
	bob   = netip.MustParseAddr("198.51.100.9")
)

func TestLimitSlowsOneGuesserOnly(t *testing.T) {
	three := newLimit("test", Rate{3, time.Hour}, false, slog.New(slog.DiscardHandler))
	for range 3 {
		if wait := three.allow(t.Context(), alice, ""); wait != 0 {
			t.Fatalf("refused within the limit, for %v", wait)
		}
	}
	if wait := three.allow(t.Context(), alice, ""); wait < time.Second || wait > time.Hour {
		t.Errorf("the fourth try waits %v, want within the hour", wait)
	}
	if wait := three.allow(t.Context(), bob, ""); wait != 0 {
		t.Errorf("somebody else waits %v", wait)
	}
	if wait := three.allow(t.Context(), alice, "another thing"); wait != 0 {
		t.Errorf("another thing waits %v", wait)
	}
}

func TestLimitsShareNoCounters(t *testing.T) {
	one := newLimit("one", Rate{1, time.Hour}, false, slog.New(slog.DiscardHandler))
	two := newLimit("two", Rate{1, time.Hour}, false, slog.New(slog.DiscardHandler))
	if one.allow(t.Context(), alice, "") != 0 || two.allow(t.Context(), alice, "") != 0 {
		t.Error("a try at one limit was counted at the other")
	}
}

func TestLimitCountsAWholeIPv6Network(t *testing.T) {
	few := newLimit("test", Rate{5, time.Hour}, false, slog.New(slog.DiscardHandler))
	refused := 0
	for i := range 100 {
		address := netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 15: byte(i)})
		if few.allow(t.Context(), address, "") != 0 {
			refused++
		}
	}
	if refused != 95 {
		t.Errorf("%d of 100 tries from one /64 were refused, want 95", refused)
	}
}

// countingStore notes the keys that a limiter uses.
type countingStore struct {
	limiter.Store
	keys map[string]bool
}

func (s countingStore) Get(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	s.keys[key] = true
	return s.Store.Get(ctx, key, rate)
}

func TestLimitKeepsABoundedNumberOfCounters(t *testing.T) {
	bounded := newLimit("test", Rate{1 << 40, time.Hour}, false, slog.New(slog.DiscardHandler))
	store := countingStore{bounded.limiter.Store, map[string]bool{}}
	bounded.limiter.Store = store
	for i := range 200_000 {
		bounded.allow(t.Context(), netip.AddrFrom16([16]byte{0x20, 0x01, 4: byte(i >> 16), 5: byte(i >> 8), 6: byte(i)}), "")
	}
	if n := len(store.keys); n > buckets || n < buckets/2 {
		t.Errorf("200,000 networks made %d counters, want about %d", n, buckets)
	}
}

type brokenStore struct{ limiter.Store }

func (brokenStore) Get(context.Context, string, limiter.Rate) (limiter.Context, error) {
	return limiter.Context{}, errors.New("the store is gone")
}

func TestABrokenLimitLetsRespondersThrough(t *testing.T) {
	var out bytes.Buffer
	broken := newLimit("test", Rate{1, time.Hour}, false, slog.New(slog.NewTextHandler(&out, nil)))
	broken.limiter.Store = brokenStore{}
	if wait := broken.allow(t.Context(), alice, ""); wait != 0 {
		t.Errorf("a broken limit makes a responder wait %v", wait)
	}
	if out.Len() == 0 {
		t.Error("a broken limit says nothing in the log")
	}
	if wait := newLimit("off", Rate{1, time.Hour}, true, nil).allow(t.Context(), alice, ""); wait != 0 {
		t.Errorf("a limit that is off makes somebody wait %v", wait)
	}
}

// TestReadingTheLogIsCountedApart: whoever checks the whole log asks thousands of times, is never in the way of anything else, and cannot ask for ever.
func TestReadingTheLogIsCountedApart(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(c *Config) { c.Limits = Limits{Everybody: Rate{2, time.Hour}, Log: Rate{5, time.Hour}} })
	stranger := app.browser(t)
	for range 5 {
		if w := stranger.get("/audit/log/vkey"); w.Code != http.StatusOK {
			t.Fatalf("a reader of the log is refused: %d", w.Code)
		}
	}
	if w := stranger.get("/audit/log/vkey"); w.Code != http.StatusTooManyRequests {
		t.Errorf("the log is read without a limit: %d", w.Code)
	}
	if w := stranger.get("/robots.txt"); w.Code != http.StatusOK {
		t.Errorf("whoever read the log is refused elsewhere: %d", w.Code)
	}
}
