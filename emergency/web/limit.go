package web

import (
	"context"
	"hash/maphash"
	"log/slog"
	"net/netip"
	"strconv"
	"time"

	"github.com/ulule/limiter/v3"
	"github.com/ulule/limiter/v3/drivers/store/memory"
)

// Rate is how often one guesser may do something. The zero Rate is no limit.
type Rate struct {
	Times int64
	Per   time.Duration
}

// Limits slow down whoever asks too often. They count per IPv4 address or IPv6 /64 in this process alone and are a fence, not the lock: what
// guards a short code for good is counted durably by the service. The front of a card has no limit.
type Limits struct {
	Off       bool // no limits at all: for measuring
	Everybody Rate // any request but the front, files and the public log; default 1,200 a minute
	Log       Rate // reading the public log; default 30,000 a minute, so that a stranger can check three million entries in one go
	Entrance  Rate // sign-in, sign-up, recovery; default 60 a minute
	ShortCode Rate // short codes typed; default 30 a minute
	Open      Rate // breaking the glass; default 120 a minute, for an ambulance fleet behind one address
}

func (l Limits) withDefaults() Limits {
	for _, each := range []struct {
		rate  *Rate
		times int64
	}{{&l.Everybody, 1200}, {&l.Log, 30_000}, {&l.Entrance, 60}, {&l.ShortCode, 30}, {&l.Open, 120}} {
		if *each.rate == (Rate{}) {
			*each.rate = Rate{each.times, time.Minute}
		}
	}
	return l
}

// buckets bounds the memory of a limit. The store of the limiter keeps a counter for every key it ever saw within the period, and a client with
// an IPv6 prefix has millions of keys. So keys are folded into this many buckets by a hash whose seed nobody outside knows: two clients share
// a counter by rare chance, and nobody can aim at somebody else's.
const buckets = 1 << 15

// limit is one limit with counters of its own.
type limit struct {
	limiter *limiter.Limiter
	seed    maphash.Seed
	log     *slog.Logger
}

// newLimit makes a limit; a nil limit lets everybody through. The name keeps the counters of two limits apart.
func newLimit(name string, rate Rate, off bool, log *slog.Logger) *limit {
	if off {
		return nil
	}
	store := memory.NewStoreWithOptions(limiter.StoreOptions{Prefix: name, CleanUpInterval: rate.Per})
	return &limit{limiter.New(store, limiter.Rate{Limit: rate.Times, Period: rate.Per}), maphash.MakeSeed(), log}
}

// allow counts one try by a guesser at a thing ("" for anything) and returns how long to wait before the next, zero if it may go on.
func (l *limit) allow(ctx context.Context, who netip.Addr, thing string) time.Duration {
	if l == nil {
		return 0
	}
	count, err := l.limiter.Get(ctx, l.bucket(who, thing))
	if err != nil {
		l.log.WarnContext(ctx, "a limit could not be counted, the request goes on", "error", err)
		return 0
	}
	if !count.Reached {
		return 0
	}
	return max(time.Until(time.Unix(count.Reset, 0)), time.Second)
}

func (l *limit) bucket(who netip.Addr, thing string) string {
	var hash maphash.Hash
	hash.SetSeed(l.seed)
	address := guesser(who).As16()
	_, _ = hash.Write(address[:]) // a hash takes everything
	_, _ = hash.WriteString(thing)
	return strconv.FormatUint(hash.Sum64()%buckets, 36)
}
