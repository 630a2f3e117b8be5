package bench

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// sample is what one side did in one round.
type sample struct {
	Count int64         `json:"count"`
	Wall  time.Duration `json:"wall"`
	CPU   time.Duration `json:"cpu"` // of the process that did the work
	P50   time.Duration `json:"p50"` // of one operation, as whoever waited for it saw it
	P99   time.Duration `json:"p99"`
}

// bound ends a loop: by its time or its number of operations, whichever comes first. A count of 0 is no bound.
type bound struct {
	time  time.Duration
	count int64
}

// loop has clients each do one operation after another (a closed loop: a client that waits asks for nothing) until the bound, or the first failure. The CPU
// time is left for whoever knows it.
func loop(ctx context.Context, clients int, until bound, operation func(client int) error) (sample, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var begun atomic.Int64
	took := make([][]time.Duration, clients)
	start := time.Now()
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			for at := start; ctx.Err() == nil && at.Sub(start) < until.time; {
				if begun.Add(1) > until.count && until.count > 0 {
					return
				}
				if err := operation(client); err != nil {
					fail(err)
					return
				}
				now := time.Now()
				took[client] = append(took[client], now.Sub(at))
				at = now
			}
		})
	}
	all.Wait()
	s := sample{Wall: time.Since(start)}
	if ctx.Err() != nil {
		return s, context.Cause(ctx)
	}
	each := slices.Concat(took...)
	slices.Sort(each)
	s.Count, s.P50, s.P99 = int64(len(each)), quantile(each, 50), quantile(each, 99)
	return s, nil
}

// quantile is the given percentile of sorted values by the nearest rank, 0 of none.
func quantile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*percent + 99) / 100
	return sorted[max(rank, 1)-1]
}

// perCPU is the number of operations per CPU-second, 0 if no CPU time was seen.
func (s sample) perCPU() float64 { return rate(s.Count, s.CPU) }

func (s sample) perSecond() float64 { return rate(s.Count, s.Wall) }

func rate(count int64, in time.Duration) float64 {
	if in <= 0 {
		return 0
	}
	return float64(count) / in.Seconds()
}
