package web

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a network inside the test: connections without sockets, whose deadlines follow the test's clock.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "test"} }

// dial connects, or says that nobody listens.
func (p *pipes) dial() (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// serve runs a handler on a network of its own for as long as the test takes.
func serve(t *testing.T, connections int, handler http.HandlerFunc) (*pipes, context.CancelFunc, chan error) {
	t.Helper()
	network := newPipes()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, network, handler, connections, discard) }()
	return network, cancel, ended
}

// cutOff reads until the server closes and returns how long that took.
func cutOff(t *testing.T, conn net.Conn) time.Duration {
	t.Helper()
	begun := time.Now()
	_, _ = io.Copy(io.Discard, conn)
	return time.Since(begun)
}

func TestSlowClientsAreCutOff(t *testing.T) {
	for _, test := range []struct {
		name   string
		send   string // at first
		drip   string // then one byte of it a second, again and again
		within time.Duration
	}{
		{"slow headers", "GET / HTTP/1.1\r\n", "X-Slow: aaaaaaaaaaaaaaaaaaaaaaaa\r\n", headerTimeout},
		{"no headers", "", "", headerTimeout},
		{"slow body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", "a", readTimeout},
		{"endless chunks", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n", readTimeout},
		{"idle after an answer", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "", idleTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network, cancel, ended := serve(t, 10, func(w http.ResponseWriter, r *http.Request) {
					if _, err := io.Copy(io.Discard, r.Body); err != nil {
						panic(http.ErrAbortHandler)
					}
				})
				conn, err := network.dial()
				if err != nil {
					t.Fatal(err)
				}
				var sending sync.WaitGroup
				sending.Go(func() {
					_, err := io.WriteString(conn, test.send)
					for i := 0; err == nil && test.drip != ""; i++ {
						<-time.After(time.Second)
						_, err = io.WriteString(conn, test.drip[i%len(test.drip):][:1])
					}
				})
				if took := cutOff(t, conn); took > test.within+time.Second {
					t.Errorf("cut off after %v, want within %v", took, test.within)
				}
				conn.Close()
				sending.Wait()
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestASlowReaderIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := make(chan time.Duration, 1)
		network, cancel, ended := serve(t, 10, func(w http.ResponseWriter, r *http.Request) {
			begun := time.Now()
			for {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					failed <- time.Since(begun)
					return
				}
			}
		})
		conn, err := network.dial()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if took := <-failed; took > writeTimeout {
			t.Errorf("the handler waited %v for somebody who does not read", took)
		}
		conn.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestStoppingFinishesWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, cancel, ended := serve(t, 10, func(w http.ResponseWriter, r *http.Request) {
			<-time.After(3 * time.Second)
			_, _ = io.WriteString(w, "finished")
		})
		conn, err := network.dial()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		if _, err := network.dial(); err == nil {
			t.Error("a server that stops takes new connections")
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(response.Body); string(body) != "finished" {
			t.Errorf("the request under way got %q", body)
		}
		conn.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestStoppingWaitsNoLongerThanItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, cancel, ended := serve(t, 10, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		conn, err := network.dial()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		begun := time.Now()
		cancel()
		if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stopping with a request that never ends: %v", err)
		}
		if took := time.Since(begun); took > drainTimeout {
			t.Errorf("stopping took %v", took)
		}
		conn.Close()
	})
}

func TestConnectionsAreCapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := newPipes()
		listener := capped(network, 1)
		accepted := make(chan net.Conn)
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					close(accepted)
					return
				}
				accepted <- conn
			}
		}()
		for range 2 {
			go func() { _, _ = network.dial() }()
		}
		first := <-accepted
		synctest.Wait()
		select {
		case <-accepted:
			t.Fatal("a second connection was taken while the first holds the only place")
		default:
		}
		first.Close()
		first.Close() // gives its place back once
		second := <-accepted
		listener.Close()
		if _, more := <-accepted; more {
			t.Error("a closed listener takes connections")
		}
		second.Close()
	})
}

func TestHugeHeadersAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, cancel, ended := serve(t, 10, func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
		conn, err := network.dial()
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Huge: "+strings.Repeat("a", 1<<20))
		}()
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("a megabyte of headers: %d", response.StatusCode)
		}
		conn.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
