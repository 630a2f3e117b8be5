package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/locket-health/locket/emergency"
)

// A page that waits for something holds a stream: an answer that goes on, in the form of the WHATWG's server-sent events. It is asked for by POST, as what it is
// about must not stand in an address. A stream holds no place, only a number of its own: however many wait, whoever breaks the glass finds room. A page that gets
// no stream asks again and again.
const (
	streamKind    = "text/event-stream"
	streamLife    = 10 * time.Minute // then the page comes back, and is counted anew
	streamBeat    = 20 * time.Second // a comment, so that no proxy takes the line for dead
	streamWrite   = 15 * time.Second // until the client must have taken a piece
	streamsInAll  = 2048             // a quarter of the connections
	streamsOfOne  = 64               // by network: a hospital has one address
	streamsSignal = "state"
	streamsThread = "thread"
)

// streams counts the pages that wait, and ends them when the server stops.
type streams struct {
	mu    sync.Mutex
	open  map[netip.Addr]int
	total int
	ended chan struct{} // closed when the server stops
	once  sync.Once
}

func newStreams() *streams { return &streams{open: map[netip.Addr]int{}, ended: make(chan struct{})} }

// end ends every stream, and lets none begin.
func (s *streams) end() { s.once.Do(func() { close(s.ended) }) }

// take counts a stream of a guesser, or says that there are too many.
func (s *streams) take(who netip.Addr) (leave func(), err error) {
	key := guesser(who)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.total >= streamsInAll || s.open[key] >= streamsOfOne {
		return nil, emergency.ErrBusy
	}
	s.total++
	s.open[key]++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.total--
		if s.open[key]--; s.open[key] == 0 {
			delete(s.open, key)
		}
	}), nil
}

// watched is what a page looks at: its present answer, and whether there will be another one.
type watched struct {
	follow func(context.Context) (<-chan struct{}, func(), error)
	look   func(context.Context) (answer any, changes time.Time, last bool, err error) // changes is when time alone changes it, zero for never
}

// watch answers what is watched once, as JSON, or goes on with it for a client that has asked for a stream.
func (x *exchange) watch(name string, w watched) error {
	ctx := x.r.Context()
	if !accepts(x.r, streamKind) {
		answer, _, _, err := w.look(ctx)
		if err != nil {
			return err
		}
		return x.json(answer)
	}
	woken, stop, err := w.follow(ctx) // before the first look, so that nothing is missed in between
	if err != nil {
		return err
	}
	defer stop()
	answer, changes, last, err := w.look(ctx)
	if err != nil {
		return err
	}
	leave, err := x.streams.take(x.from)
	if err != nil {
		return err
	}
	defer leave()
	x.leave() // a stream works at no place but while it looks
	out := stream{control: http.NewResponseController(x.w), w: x.w}
	out.open()
	life, beat := time.NewTimer(streamLife), time.NewTicker(streamBeat)
	defer life.Stop()
	defer beat.Stop()
	clock := time.NewTimer(streamLife) // when time alone changes what is watched
	defer clock.Stop()
	for {
		if err := out.event(name, answer); err != nil || last {
			return disconnected(err)
		}
		var due <-chan time.Time
		if !changes.IsZero() {
			clock.Reset(max(changes.Sub(x.Now()), 0) + time.Second/4)
			due = clock.C
		}
	waiting:
		for {
			select {
			case <-woken:
				break waiting
			case <-due:
				break waiting
			case <-beat.C:
				if err := out.comment(); err != nil {
					return disconnected(err)
				}
			case <-life.C:
				return nil
			case <-x.streams.ended:
				return nil
			case <-ctx.Done():
				return nil
			}
		}
		if err := x.work(func() (err error) {
			answer, changes, last, err = w.look(ctx)
			return err
		}); err != nil {
			return nil //nolint:nilerr // the answer has begun: the page comes back and is told
		}
	}
}

// stream writes server-sent events.
type stream struct {
	control *http.ResponseController
	w       http.ResponseWriter
}

func (s stream) open() {
	_ = s.control.SetReadDeadline(time.Time{}) // that of the request would end the stream; where it cannot be set, nothing is read
	header := s.w.Header()
	header.Set("Content-Type", streamKind)
	header.Set("X-Accel-Buffering", "no") // for nginx, which would collect the events
	s.w.WriteHeader(http.StatusOK)
}

func (s stream) event(name string, answer any) error {
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return s.write("event: " + name + "\ndata: " + string(body) + "\n\n")
}

func (s stream) comment() error { return s.write(":\n\n") }

func (s stream) write(text string) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(streamWrite)) // each piece has its own; a test's recorder has none
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.control.Flush()
}

// watchRequest asks how a wait stands.
type watchRequest struct {
	Watch string `json:"watch"`
}

// waitAnswer is how a wait stands.
type waitAnswer struct {
	State     string    `json:"state"`
	OpensAt   time.Time `json:"opens_at,omitzero"`
	Now       time.Time `json:"now"`
	Approvals int       `json:"approvals"`
	Needed    int       `json:"needed"`
}

func waitOf(state emergency.WaitState) waitAnswer {
	return waitAnswer{state.State, state.OpensAt, state.Now, state.Approvals, state.Needed}
}

// watchWait tells whoever began a wait how it stands.
func (s *Server) watchWait(x *exchange) error {
	var request watchRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	return x.watch(streamsSignal, watched{
		follow: func(ctx context.Context) (<-chan struct{}, func(), error) {
			return s.Service.FollowWait(ctx, x.caller, request.Watch)
		},
		look: func(ctx context.Context) (any, time.Time, bool, error) {
			state, err := s.Service.WaitState(ctx, x.caller, request.Watch)
			return waitOf(state), state.OpensAt, state.State != emergency.WaitWaiting, err
		},
	})
}

// withdraw takes a wait back.
func (s *Server) withdraw(x *exchange) error {
	var request watchRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	state, err := s.Service.Withdraw(x.r.Context(), x.caller, request.Watch)
	if err != nil {
		return err
	}
	return x.json(waitOf(state))
}
