package web

import "github.com/locket-health/locket/emergency"

// room says which places the work of a route takes.
type room int

const (
	free   room = iota // neither counted nor refused: what a finder needs to read a front, and the questions of whoever keeps this process alive
	common             // work of milliseconds
	shown              // likewise, of the public log: whoever checks it asks by the thousand, and is counted apart
	urgent             // breaking the glass: it has a share that nothing else takes
	long               // carries a document, whose body or answer may take minutes, or goes through much of a log
)

// places bound how many requests are worked on at once, so that those are finished in time. A place is held for work and never while a client
// sends what it has to say or reads what it was told; only long has bodies and answers too large for that, and it has places of its own.
type places struct{ common, kept, long chan struct{} }

// newPlaces shares n places out: an eighth is kept for breaking the glass, an eighth is for long work, and each has one at least.
func newPlaces(n int) places {
	share := max(n/8, 1)
	return places{common: make(chan struct{}, max(n-2*share, 1)), kept: make(chan struct{}, share), long: make(chan struct{}, share)}
}

// take takes a place, or says that all are taken. It never waits: somebody who is refused at once can turn to what is printed on the card.
func (p places) take(r room) (leave func(), err error) {
	var open []chan struct{}
	switch r {
	case common, shown:
		open = []chan struct{}{p.common}
	case urgent:
		open = []chan struct{}{p.common, p.kept}
	case long:
		open = []chan struct{}{p.long}
	default:
		return func() {}, nil
	}
	for _, each := range open {
		select {
		case each <- struct{}{}:
			return func() { <-each }, nil
		default:
		}
	}
	return nil, emergency.ErrBusy
}
