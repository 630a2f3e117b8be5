package storage

import (
	"context"
	"time"
)

// wait waits for the outcome of a change. Whoever waits behind a batch, and then in the next, has a slow disk and waits on; while one batch stays under way, the
// disk hangs, and half the deadline is enough, also of those who waited for less: they would only wait for nothing.
func (w *writer) wait(ctx context.Context, job *work) error {
	entered := time.Now()
	var late <-chan time.Time
	var timer *time.Timer
	if w.deadline > 0 {
		timer = time.NewTimer(w.left(entered))
		defer timer.Stop()
		late = timer.C
	}
	for {
		select {
		case err := <-job.answer:
			return err
		case <-ctx.Done():
			return job.leave(ctx.Err())
		case <-late:
			left := w.left(entered)
			if left <= 0 {
				return job.leave(errLate)
			}
			timer.Reset(left)
		}
	}
}

// left is how much longer to wait for a change that has waited since entered, as far as can be told now; nothing above 0 when it is enough.
func (w *writer) left(entered time.Time) time.Duration {
	hang := w.deadline / 2
	if began := w.began.Load(); began != nil {
		hang -= time.Since(*began)
	}
	return min(hang, w.deadline-time.Since(entered))
}
