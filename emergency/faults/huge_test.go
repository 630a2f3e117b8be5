//go:build linux

package faults

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// endless repeats a piece until limit bytes have come.
func endless(piece string, limit int) io.Reader {
	return io.LimitReader(&repeated{[]byte(strings.Repeat(piece, 1+(64<<10)/len(piece))), 0}, int64(limit))
}

type repeated struct {
	piece []byte
	at    int
}

func (r *repeated) Read(b []byte) (int, error) {
	n := copy(b, r.piece[r.at:])
	r.at = (r.at + n) % len(r.piece)
	return n, nil
}

// F19: whatever is too large, too deep or too many is refused before it costs anything.
func TestHugeRequests(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	s := h.serve(t)
	head := func(method, path, kind string, more ...string) string {
		return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n%s\r\n", method, path, kind, strings.Join(more, ""))
	}
	sized := func(body string) string { return fmt.Sprintf("Content-Length: %d\r\n", len(body)) }
	const open, json, form = "/v1/cards/AAAAAAAAAAAAAAAAAAAAAA/open", "application/json", "application/x-www-form-urlencoded"
	deep := `{"secret":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + "}"
	deepObject := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	var fields strings.Builder
	for n := range 10_000 {
		fmt.Fprintf(&fields, "field%d=x&", n)
	}
	const gigabyte = 1 << 30
	shallower := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	tests := []struct {
		name string
		head string
		body io.Reader
		want []int
	}{
		{"a body of 1 GB", head("POST", open, json, fmt.Sprintf("Content-Length: %d\r\n", gigabyte)), endless("a", gigabyte), []int{413}},
		{"a document of 1 GB from a stranger", head("POST", "/patients/AAAAAAAAAAAAAAAAAAAAAA/import", "multipart/form-data; boundary=x", fmt.Sprintf("Content-Length: %d\r\n", gigabyte)),
			endless("a", gigabyte), []int{401}},
		{"endless chunks", head("POST", open, json, "Transfer-Encoding: chunked\r\n"), endless("1000\r\n"+strings.Repeat(" ", 4096)+"\r\n", gigabyte), []int{413}},
		{"endless tiny chunks", head("POST", open, json, "Transfer-Encoding: chunked\r\n"), endless("1\r\na\r\n", gigabyte), []int{413, 400}},
		{"an endless chunk extension", head("POST", open, json, "Transfer-Encoding: chunked\r\n"), endless("1;a", gigabyte), []int{400}},
		{"headers of 1 MB", head("GET", "/", json, "X-Large: "+strings.Repeat("a", 1<<20)+"\r\n"), nil, []int{431}},
		{"10,000 headers", head("GET", "/", json, strings.Repeat("X-Many: a\r\n", 10_000)), nil, []int{431}},
		{"an address of 1 MB", head("GET", "/c/"+strings.Repeat("a", 1<<20), json), nil, []int{431, 414}},
		{"10,000 fields", head("POST", "/code", form, sized(fields.String())) + fields.String(), nil, []int{413}},
		{"JSON 10,000 lists deep", head("POST", open, json, sized(deep)) + deep, nil, []int{413}}, // more than a stranger may send
		{"JSON 10,000 objects deep", head("POST", open, json, sized(deepObject)) + deepObject, nil, []int{413}},
		{"JSON 5,000 lists deep", head("POST", open, json, sized(shallower)) + shallower, nil, []int{400}},
		{"two lengths", head("POST", open, json, "Content-Length: 2\r\nContent-Length: 3\r\n") + "{}", nil, []int{400}},
	}
	s.must(t, http.StatusOK, "GET", "/", nil) // what the first page costs is not the attackers'
	before := s.resident(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() { s.raw(t, test.head, test.body, test.want) })
				if test.body != nil {
					break // one connection's worth of a gigabyte says it all
				}
			}
			all.Wait()
		})
	}
	if grown := s.resident(t) - before; grown > 32<<20 {
		t.Errorf("the server has taken %d MB more for it", grown>>20)
	}
	s.must(t, http.StatusOK, "GET", "/", nil)
}

// raw sends bytes as they are and checks the status of the answer, and that the rest of an endless body was not waited for.
func (s *server) raw(t *testing.T, head string, body io.Reader, want []int) {
	conn := s.dial(t)
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Error(err)
		return
	}
	sent := make(chan int64, 1)
	go func() {
		n, _ := io.Copy(conn, strings.NewReader(head)) // the server may end it at any byte
		if body != nil {
			more, _ := io.Copy(conn, body)
			n += more
		}
		sent <- n
	}()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Errorf("no answer: %v", err)
		return
	}
	answer.Body.Close()
	conn.Close()
	ok := false
	for _, status := range want {
		ok = ok || answer.StatusCode == status
	}
	if !ok {
		t.Errorf("status %d, want one of %v", answer.StatusCode, want)
	}
	if n := <-sent; n > 64<<20 {
		t.Errorf("the server took %d MB before it answered", n>>20)
	}
}
