//go:build linux

package faults

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// dial opens a connection to the server that ends with the test.
func (s *server) dial(t testing.TB) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn)
}

// drip sends piece again and again, a little after each other, until the server has had enough, and returns what it answered.
func drip(t testing.TB, conn *net.TCPConn, first, piece string) string {
	t.Helper()
	if _, err := conn.Write([]byte(first)); err != nil {
		t.Error(err)
		return ""
	}
	var got strings.Builder
	block := make([]byte, 4096)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if err := conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			t.Error(err)
			return ""
		}
		n, err := conn.Read(block)
		got.Write(block[:n])
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return got.String() // closed
		}
		_, _ = conn.Write([]byte(piece)) // the next Read says whether it is closed
	}
	t.Error("the server waits for ever")
	return ""
}

// F17, F18: clients that send or read as slowly as they can lose their connection, and cost the others nothing.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	c := listed(t, h.issue(t, household()))[0]
	s := h.serve(t)
	head := fmt.Sprintf("POST /v1/cards/%s/open HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{", c.ID)
	const each = 100
	var slow sync.WaitGroup
	for range each {
		headers, body := s.dial(t), s.dial(t)
		slow.Go(func() { drip(t, headers, "GET / HTTP/1.1\r\nHost: localhost\r\n", "X-Slow: 1\r\n") })
		slow.Go(func() {
			if got := drip(t, body, head, " "); strings.Contains(got, " 200 ") || strings.Contains(got, " 500 ") {
				t.Errorf("half a request was answered: %.100s", got)
			}
		})
	}
	for range 10 {
		reader := s.dial(t)
		slow.Go(func() { neverRead(t, reader) })
	}

	// A server that is busy with them works for everybody else.
	for range 200 {
		if _, got, err := s.open(c); err != nil || got.status != http.StatusOK {
			t.Fatalf("an opening beside slow clients: %v, status %d %s", err, got.status, got.body)
		}
	}
	slow.Wait()
	if _, got, err := s.open(c); err != nil || got.status != http.StatusOK {
		t.Errorf("an opening afterwards: %v, status %d", err, got.status)
	}
	if code := s.stop(t); code != 0 {
		t.Errorf("exit code %d: %s", code, s.logged())
	}
}

// neverRead asks for pages and reads none, until the server gives the connection up. It is the server's end that unblocks the writing: data that it
// has not read makes the kernel reset the connection.
func neverRead(t testing.TB, conn *net.TCPConn) {
	if err := errors.Join(conn.SetReadBuffer(4096), conn.SetWriteDeadline(time.Now().Add(patience))); err != nil {
		t.Error(err)
		return
	}
	asking := []byte(strings.Repeat("GET /c/a HTTP/1.1\r\nHost: localhost\r\n\r\n", 100))
	for {
		if _, err := conn.Write(asking); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("the server waits for ever for somebody who does not read")
			return
		} else if err != nil {
			return
		}
	}
}

// F7, F8: where the disk hangs in the sync of an opening, that responder is sent to the front of the card before long, and so is the next; the house says that it
// is not ready, and reading cards goes on.
func TestDiskThatHangs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	c := listed(t, h.issue(t, household()))[0]
	s := h.serve(t)
	stop := s.strace(t, "fsync,fdatasync", fmt.Sprintf("delay_enter=%d", patience.Microseconds()), "1+")
	defer stop()
	for _, code := range []string{"log_unavailable", "busy"} { // in the commit that hangs, and behind it
		if _, got, err := s.open(c); err != nil || got.status != http.StatusServiceUnavailable || got.problem() != code || strings.Contains(string(got.body), `"record"`) {
			t.Errorf("%v, %d %s, want 503 %s", err, got.status, got.body, code)
		}
		s.must(t, http.StatusServiceUnavailable, "GET", "/readyz", nil)
	}
	if got := s.statusOf(t, c.ID, c); got != "active" {
		t.Errorf("the status of the card is %q", got)
	}
}
