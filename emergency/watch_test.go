package emergency

import (
	"runtime"
	"strconv"
	"testing"
)

// TestTenThousandWaitAndNothingRuns: a page that waits costs memory, and no work before what it waits for happens.
func TestTenThousandWaitAndNothingRuns(t *testing.T) {
	var w watchers
	before := runtime.NumGoroutine()
	const pages = 10_000
	woken, stops := make([]<-chan struct{}, pages), make([]func(), pages)
	for i := range pages {
		woken[i], stops[i] = w.watch("request "+strconv.Itoa(i), "patient "+strconv.Itoa(i%100))
	}
	if more := runtime.NumGoroutine() - before; more > 0 {
		t.Errorf("%d goroutines run for pages that wait", more)
	}
	count := func() (n int) {
		for _, each := range woken {
			select {
			case <-each:
				n++
			default:
			}
		}
		return n
	}
	w.wake("request 4711", "request of nobody")
	if got := count(); got != 1 {
		t.Errorf("%d pages are woken by one request", got)
	}
	w.wake("patient 7", "patient 7")
	if got := count(); got != pages/100 {
		t.Errorf("%d pages are woken by one patient, want %d", got, pages/100)
	}
	for _, stop := range stops {
		stop()
		stop()
	}
	if len(w.open) != 0 {
		t.Errorf("%d keys are watched by nobody", len(w.open))
	}
}
