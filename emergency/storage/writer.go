package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

const (
	maxShared = 256  // changes that share a commit
	maxQueued = 1024 // changes that wait for one
)

// writer is the one goroutine that changes anything. It takes whatever waits, without waiting for more: while a commit is on its way to the disk
// the next changes gather by themselves, and a lone caller waits for one commit only.
type writer struct {
	db       *sql.DB
	conn     *sql.Conn            // nil after one was given up
	prepared map[string]*sql.Stmt // on conn; nil until they are needed
	sealer   audit.Sealer
	random   io.Reader
	patience time.Duration
	deadline time.Duration
	quiet    time.Duration // after which indices catch up
	observe  func(Commit)
	commit   func(*transaction) error // COMMIT; tests let it fail

	checkpointer *checkpointer

	queue   chan *work
	closing sync.RWMutex // guards closed, and with it sends on queue
	closed  bool
	stopped chan struct{}             // closed when the goroutine has ended
	broken  chan struct{}             // closed when failure is set
	failure error                     // why nothing is written any more; the goroutine's own
	current *batch                    // under way; the goroutine's own
	lag     lag                       // what the indices lack; the goroutine's own
	began   atomic.Pointer[time.Time] // when the batch under way was taken, nil while there is none
}

// work is a change and the caller who waits for it.
type work struct {
	ctx    context.Context
	change func(*tx) error
	answer chan error // has room for one

	mu      sync.Mutex // held while the change runs
	begun   bool
	dropped bool
}

func newWriter(db *sql.DB, base connector, config Config) (*writer, error) {
	w := &writer{
		db: db, sealer: config.Sealer, random: config.random(), patience: config.Patience, deadline: config.Deadline, quiet: config.quiet, lag: lag{most: config.most}, observe: config.Observe,
		commit: func(t *transaction) error { return t.control("COMMIT") },
		queue:  make(chan *work, maxQueued), stopped: make(chan struct{}), broken: make(chan struct{}),
	}
	if w.patience <= 0 {
		w.patience = defaultPatience
	}
	if w.quiet <= 0 {
		w.quiet = indexQuiet
	}
	if w.observe == nil {
		w.observe = func(Commit) {}
	}
	var err error
	if w.conn, err = db.Conn(uncancelled()); err != nil {
		return nil, err
	}
	w.checkpointer = newCheckpointer(base)
	go w.run()
	return w, nil
}

// do hands a change to the goroutine and waits for its outcome.
func (w *writer) do(ctx context.Context, change func(*tx) error) error {
	job := &work{ctx: ctx, change: change, answer: make(chan error, 1)}
	if err := w.enqueue(job); err != nil {
		return err
	}
	return w.wait(ctx, job)
}

var (
	errClosed = errors.New("storage: closed")
	errFull   = errors.New("storage: too many changes wait")
	errLate   = errors.New("storage: the disk takes too long")
	errLeft   = errors.New("storage: the caller left before the commit was on the disk")
)

func (w *writer) enqueue(job *work) error {
	w.closing.RLock()
	defer w.closing.RUnlock()
	if w.closed {
		return refuse(emergency.ErrBusy, errClosed)
	}
	select {
	case w.queue <- job:
		return nil
	default:
	}
	timer := time.NewTimer(w.patience)
	defer timer.Stop()
	select {
	case w.queue <- job:
		return nil
	case <-job.ctx.Done():
		return refuse(emergency.ErrBusy, job.ctx.Err())
	case <-timer.C:
		return refuse(emergency.ErrBusy, errFull)
	}
}

// leave is for a caller who waits no more, because of cause. A change that has not begun never will; one that runs is waited for, because it may use what the
// caller owns; after that only the disk is waited for, and the caller need not.
func (j *work) leave(cause error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.begun {
		j.dropped = true
		return refuse(emergency.ErrBusy, cause)
	}
	select {
	case err := <-j.answer:
		return err
	default:
		return refuse(emergency.ErrLogUnavailable, errors.Join(errLeft, cause))
	}
}

// close drains the queue and ends the goroutine.
func (w *writer) close() error {
	w.closing.Lock()
	already := w.closed
	w.closed = true
	if !already {
		close(w.queue)
	}
	w.closing.Unlock()
	<-w.stopped
	if already {
		return nil
	}
	w.checkpointer.close()
	w.forget()
	if w.conn != nil {
		w.conn.Close()
	}
	return w.db.Close()
}

// run takes changes until the queue is closed. A change that ends its goroutine (runtime.Goexit, which testing's FailNow calls) ends only this run.
func (w *writer) run() {
	ended := false
	defer func() {
		if ended {
			close(w.stopped)
			return
		}
		w.finish(w.current, errGone)
		go w.run()
	}()
	for {
		jobs, open := w.next()
		if !open {
			break
		}
		w.current = &batch{began: time.Now(), jobs: jobs, errs: make([]error, len(jobs))}
		w.began.Store(&w.current.began)
		err := w.attempt(w.current)
		w.finish(w.current, err)
		if err == nil {
			began := time.Now() // a disk can hang here too
			w.began.Store(&began)
			w.fail(w.shorten())
			w.began.Store(nil)
		}
	}
	ended = true
}

// next waits for changes. When none come for a while and an index lacks rows, it returns none.
func (w *writer) next() (jobs []*work, open bool) {
	var quiet <-chan time.Time
	if w.lag.any() && w.failure == nil {
		timer := time.NewTimer(w.quiet)
		defer timer.Stop()
		quiet = timer.C
	}
	for {
		select {
		case first, open := <-w.queue:
			if !open {
				return nil, false
			}
			return w.gather(first), true
		case <-quiet:
			return nil, true
		case err := <-w.checkpointer.failed:
			w.fail(err)
			quiet = nil
		}
	}
}

// fail makes sure that nothing is written any more once the disk has failed: a sync that failed leaves the pages in an unknown state, and the next one would
// hide it.
func (w *writer) fail(err error) {
	if err != nil && w.failure == nil {
		w.failure = err
		close(w.broken)
	}
}

// gather takes what waits, and first lets run whoever is ready to: a change that is about to be asked for shares this commit instead of waiting for
// the next. When nobody is, this costs nothing, and it is no wait for those who are not ready.
func (w *writer) gather(first *work) []*work {
	jobs := []*work{first}
	for before := 0; before < len(jobs); {
		before = len(jobs)
		runtime.Gosched()
		for waits := true; waits && len(jobs) < maxShared; {
			select {
			case next, open := <-w.queue:
				if !open {
					return jobs
				}
				jobs = append(jobs, next)
			default:
				waits = false
			}
		}
	}
	return jobs
}

var errGone = errors.New("storage: a change ended its goroutine")

// batch is the changes that share a transaction.
type batch struct {
	began  time.Time
	jobs   []*work
	errs   []error // of each change alone; the ones without are kept or lost together
	t      *transaction
	events []audit.Event
	asked  []*audit.Placed // what Append returned for each event
	placed []audit.Placed  // what became of them
}

// attempt runs a batch. Its error is why nothing of the batch was kept, or may have been.
func (w *writer) attempt(b *batch) error {
	if w.failure != nil {
		return w.failure
	}
	if err := w.begin(b); err != nil {
		return err
	}
	kept := 0
	for i, job := range b.jobs {
		if b.errs[i] = w.runOne(b, job); b.errs[i] == nil {
			kept++
		}
		if b.t.err != nil {
			return b.t.err
		}
	}
	if kept == 0 && len(b.jobs) > 0 {
		return b.t.control("ROLLBACK")
	}
	var err error
	if b.placed, err = audit.Append(uncancelled(), logTx{b.t}, w.sealer, w.random, b.events); err != nil {
		return err
	}
	if err := w.lag.catchUp(b.t, len(b.jobs)); err != nil {
		return err
	}
	if err := w.commit(b.t); err != nil {
		return w.settle(b, err)
	}
	return nil
}

func (w *writer) begin(b *batch) error {
	if w.conn == nil {
		conn, err := w.db.Conn(uncancelled())
		if err != nil {
			return err
		}
		w.conn = conn
	}
	if err := w.prepare(); err != nil {
		return err
	}
	b.t = &transaction{conn: w.conn, lag: &w.lag, prepared: w.prepared}
	if err := b.t.control("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	return w.lag.align(b.t)
}

// prepare parses, once for a connection, what runs for every change.
func (w *writer) prepare() error {
	if w.prepared != nil {
		return nil
	}
	prepared := make(map[string]*sql.Stmt)
	for _, command := range []string{pointSet, pointReturn, pointReleased} {
		statement, err := w.conn.PrepareContext(uncancelled(), command)
		if err != nil {
			return err
		}
		prepared[command] = statement
	}
	w.prepared = prepared
	return nil
}

// forget closes what was prepared: a connection with open statements is not closed whole, and keeps its locks.
func (w *writer) forget() {
	for _, statement := range w.prepared {
		_ = statement.Close()
	}
	w.prepared = nil
}

// runOne runs a change so that it can be undone alone.
func (w *writer) runOne(b *batch, job *work) error {
	job.mu.Lock()
	defer job.mu.Unlock()
	if job.dropped {
		return errLeft
	}
	if err := job.ctx.Err(); err != nil {
		return refuse(emergency.ErrBusy, err)
	}
	job.begun = true
	alone := len(b.jobs) == 1 // then the transaction itself is undone
	if !alone {
		b.t.enter()
	}
	t := &tx{reader: reader{b.t}}
	err := t.run(job.change)
	t.t = &transaction{err: errEnded}
	if err == nil {
		err = t.invalid
	}
	if !alone {
		b.t.leave(err != nil)
	}
	if b.t.err != nil {
		return nil // whatever fails the transaction is everybody's
	}
	if err == nil {
		b.events = append(b.events, t.events...)
		b.asked = append(b.asked, t.placed...)
	}
	return err
}

// run calls change and turns a panic into an error.
func (t *tx) run(change func(*tx) error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{Value: value, Stack: debug.Stack()}
		}
	}()
	return change(t)
}

// settle finds out what became of a commit that failed: it may have reached the disk. The connection is given up, and everything read through it; the
// batch was kept only if the log says so, through a connection of its own.
func (w *writer) settle(b *batch, failed error) error {
	w.giveUp()
	if isIO(failed) {
		w.fail(failed)
		return failed
	}
	if len(b.placed) == 0 {
		return failed // rows without an entry leave no trace to look for
	}
	conn, err := w.db.Conn(uncancelled())
	if err != nil {
		return errors.Join(failed, err)
	}
	w.conn = conn
	last := b.placed[len(b.placed)-1]
	leaf, err := logTx{&transaction{conn: conn}}.leafAt(last.Row)
	if err != nil || leaf != last.Leaf {
		return failed
	}
	return nil
}

// undo ends what is open on the connection, which is given up if it does not end.
func (w *writer) undo() {
	if w.conn == nil {
		return
	}
	_, _ = w.conn.ExecContext(uncancelled(), "ROLLBACK") // refused when SQLite has undone the transaction already
	if ended, err := outside(w.conn); err != nil || !ended {
		w.giveUp()
	}
}

// giveUp closes the connection for good.
func (w *writer) giveUp() {
	w.forget()
	if w.conn != nil {
		discard(w.conn)
		_ = w.conn.Close()
		w.conn = nil
	}
}

// finish answers the callers of a batch. failed is why nothing of it counts.
func (w *writer) finish(b *batch, failed error) {
	report := Commit{Changes: len(b.jobs), Err: failed}
	if failed != nil {
		w.undo()
		w.lag.forget()
		failed = refuse(emergency.ErrLogUnavailable, fmt.Errorf("storage: nothing of it was kept: %w", failed))
	} else {
		report.Entries = len(b.placed)
		for i := range b.placed {
			*b.asked[i] = b.placed[i]
		}
	}
	if b.t != nil {
		b.t.err = errEnded
	}
	for i, job := range b.jobs {
		err := b.errs[i]
		if err != nil {
			report.Undone++
		} else {
			err = failed
		}
		job.answer <- err
	}
	w.began.Store(nil)
	report.Took = time.Since(b.began)
	if len(b.jobs) > 0 || failed != nil {
		w.observe(report)
	}
	w.current = nil
}
