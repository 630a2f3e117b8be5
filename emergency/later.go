package emergency

import (
	"context"
	"sync"
	"time"
)

// later runs what need not be awaited, a few at a time. When too many wait, more are dropped: nothing that a promise rests on is done here.
type later struct {
	once    sync.Once
	places  chan struct{}
	running sync.WaitGroup
}

const (
	laterAtOnce   = 64
	laterPatience = 10 * time.Second
)

func (l *later) do(ctx context.Context, act func(context.Context)) {
	l.once.Do(func() { l.places = make(chan struct{}, laterAtOnce) })
	select {
	case l.places <- struct{}{}:
	default:
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), laterPatience)
	l.running.Go(func() {
		defer func() { cancel(); <-l.places }()
		act(ctx)
	})
}

// Wait returns when everything that was left for later is done: before the store is closed.
func (s *Service) Wait() { s.later.running.Wait() }
