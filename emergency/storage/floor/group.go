package floor

import (
	"runtime"
	"sync"
)

const (
	maxShared = 256  // rows that share a commit
	maxQueued = 1024 // rows that wait for one
)

// Batching says how a writer forms what shares a commit.
type Batching int

const (
	Waiting Batching = iota // whatever waits already: the usual group commit
	Ready                   // as package storage does: whoever is ready to run runs first, so that a commit carries more
)

// group is one writer that commits rows of many callers together.
type group[T any] struct {
	batching Batching
	commit   func([]T) error
	queue    chan job[T]
	closing  sync.RWMutex // guards closed, and with it sends on queue
	closed   bool
	stopped  chan struct{} // closed when the writer has ended
}

// job is a row that waits for its commit.
type job[T any] struct {
	row    T
	answer chan error // has room for one
}

func newGroup[T any](batching Batching, commit func([]T) error) *group[T] {
	g := &group[T]{batching: batching, commit: commit, queue: make(chan job[T], maxQueued), stopped: make(chan struct{})}
	go g.write()
	return g
}

// append hands a row to the writer and returns when it is on the disk.
func (g *group[T]) append(row T) error {
	j := job[T]{row, make(chan error, 1)}
	g.closing.RLock()
	if g.closed {
		g.closing.RUnlock()
		return ErrClosed
	}
	g.queue <- j
	g.closing.RUnlock()
	return <-j.answer
}

// write takes whatever waits, until the queue is closed.
func (g *group[T]) write() {
	defer close(g.stopped)
	var batch []job[T]
	var rows []T
	for first := range g.queue {
		batch = g.gather(append(batch[:0], first))
		rows = rows[:0]
		for _, j := range batch {
			rows = append(rows, j.row)
		}
		err := g.commit(rows)
		for _, j := range batch {
			j.answer <- err
		}
	}
}

// gather takes what waits. See Batching.
func (g *group[T]) gather(batch []job[T]) []job[T] {
	for before := 0; before < len(batch); {
		if before = len(batch); g.batching == Ready {
			runtime.Gosched()
		}
		for len(batch) < maxShared && len(g.queue) > 0 {
			batch = append(batch, <-g.queue)
		}
	}
	return batch
}

// close commits what waits and ends the writer. It reports whether it was closed already.
func (g *group[T]) close() (already bool) {
	g.closing.Lock()
	already = g.closed
	g.closed = true
	if !already {
		close(g.queue)
	}
	g.closing.Unlock()
	<-g.stopped
	return already
}
