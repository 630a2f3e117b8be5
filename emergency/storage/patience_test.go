package storage

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/locket-health/locket/emergency"
)

// slow lets each commit take a time of the test's clock. It returns how long an opening was waited for, and how that ended.
func slow(t *testing.T, s *Store, commit time.Duration) (opening func(n int) <-chan waited) {
	t.Helper()
	real := s.writer.commit
	s.writer.commit = func(x *transaction) error {
		<-time.After(commit)
		return real(x)
	}
	return func(n int) <-chan waited {
		ended := make(chan waited, 1)
		go func() {
			began := time.Now()
			err := open1(context.WithoutCancel(t.Context()), s, n)
			ended <- waited{time.Since(began), err}
		}()
		synctest.Wait() // it stands in the queue, or in a commit
		return ended
	}
}

type waited struct {
	took time.Duration
	err  error
}

// is fails the test unless somebody waited for so long, for that.
func (w waited) is(t *testing.T, who string, took time.Duration, err *emergency.Error) {
	t.Helper()
	if w.took != took || err == nil && w.err != nil || err != nil && !errors.Is(w.err, err) {
		t.Errorf("%s: %v after %v, want %v after %v", who, w.err, w.took, err, took)
	}
}

// F8: a disk that hangs keeps nobody waiting, one who was not begun or who comes later least of all. What had begun is kept when the disk goes on, and what had
// not is not.
func TestHangingDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t, Config{Deadline: 5 * time.Second})
		putCard(t, s)
		opening := slow(t, s, time.Minute)
		first := opening(1)
		<-time.After(time.Second)
		second := opening(2)
		(<-first).is(t, "in a commit that hangs", 2500*time.Millisecond, emergency.ErrLogUnavailable)
		(<-second).is(t, "behind a commit that hangs", 1500*time.Millisecond, emergency.ErrBusy)
		<-time.After(time.Second)
		(<-opening(3)).is(t, "later", 0, emergency.ErrBusy)
		if got := s.Blocked(); got != 3500*time.Millisecond {
			t.Errorf("the store says that it hangs for %v", got)
		}
		<-time.After(time.Minute)
		for n, want := range map[int]bool{1: true, 2: false, 3: false} {
			if has(t, s, n) != want {
				t.Errorf("opening %d is kept: %v", n, !want)
			}
		}
		if size := verifies(t, s); size != 1 {
			t.Errorf("the log has %d entries, want 1", size)
		}
	})
}

// F7: a disk that is slow refuses nobody who waits behind a commit and then for their own, longer than one that hangs would be waited for; and nobody waits
// longer than the deadline.
func TestSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t, Config{Deadline: 5 * time.Second})
		putCard(t, s)
		opening := slow(t, s, 2400*time.Millisecond)
		first, second := opening(1), opening(2)
		var third []<-chan waited
		for n := range maxShared { // all but the last share the commit of the second
			third = append(third, opening(3+n))
		}
		(<-first).is(t, "the first", 2400*time.Millisecond, nil)
		(<-second).is(t, "behind a commit", 4800*time.Millisecond, nil)
		for i, w := range third[:maxShared-1] {
			(<-w).is(t, fmt.Sprintf("the %d. behind a commit", i+2), 4800*time.Millisecond, nil)
		}
		(<-third[maxShared-1]).is(t, "behind two commits", 5*time.Second, emergency.ErrLogUnavailable)
	})
}
