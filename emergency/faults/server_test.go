//go:build linux

package faults

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/locket-health/locket/cards"
)

// server is a running locket serve.
type server struct {
	house   *house
	address string // host:port
	url     string // as a browser names it
	command *exec.Cmd
	client  *http.Client
	ended   chan struct{} // closed once the process has ended

	mu  sync.Mutex
	log strings.Builder
}

var listening = regexp.MustCompile(`msg="locket serves".* listen=(\S+)`)

// serve starts a server and waits until it listens. When the test ends the server is killed, unless it has ended, and what it logged is looked
// through: for secrets of the house (A10, I5), for panics, and for lines that somebody else has written (A13).
//
// Its clients come from as many addresses as a test needs, through a proxy that the server trusts.
func (h *house) serve(t testing.TB, args ...string) *server {
	t.Helper()
	s := &server{house: h, ended: make(chan struct{}), client: &http.Client{Timeout: patience, CheckRedirect: noRedirect,
		Transport: &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true}}}
	s.command = exec.Command(program, append([]string{"serve", "--data", h.dir, "--listen", "127.0.0.1:0", "--trusted-proxies", "127.0.0.0/8"}, args...)...)
	s.command.Env = append(os.Environ(), h.env...)
	output, err := s.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := start(s.command); err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	go s.follow(output, ready)
	t.Cleanup(func() {
		s.kill()
		s.client.CloseIdleConnections()
		s.quiet(t)
	})
	select {
	case s.address = <-ready:
	case <-s.ended:
		t.Fatalf("the server does not start: %s", s.logged())
	case <-time.After(patience):
		t.Fatalf("the server does not listen: %s", s.logged())
	}
	_, port, _ := strings.Cut(s.address, ":")
	s.url = "http://localhost:" + port
	return s
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// follow keeps what the server logs until it ends.
func (s *server) follow(output io.Reader, ready chan<- string) {
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadString('\n')
		s.mu.Lock()
		s.log.WriteString(line)
		s.mu.Unlock()
		if found := listening.FindStringSubmatch(line); found != nil {
			ready <- found[1]
		}
		if err != nil {
			break
		}
	}
	_ = s.command.Wait() // how it ended is in its ProcessState
	close(s.ended)
}

func (s *server) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// kill ends the server as a power cut would.
func (s *server) kill() {
	_ = s.command.Process.Kill() // an ended process cannot be killed again
	<-s.ended
}

// stop asks the server to end and returns its exit code.
func (s *server) stop(t testing.TB) int {
	t.Helper()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Fatalf("the server does not stop: %s", s.logged())
	}
	return s.command.ProcessState.ExitCode()
}

// quiet looks through what the server has logged.
func (s *server) quiet(t testing.TB) {
	t.Helper()
	log := s.logged()
	for _, secret := range s.house.secrets {
		if secret != "" && strings.Contains(log, secret) {
			t.Errorf("the server's log holds %q", secret)
		}
	}
	for line := range strings.Lines(log) {
		if strings.HasPrefix(line, "locket serve: the disk did not keep") {
			break // the last words of the command
		}
		if !strings.HasPrefix(line, "time=") {
			t.Errorf("a line of the server's log is not its own: %q", line)
			break
		}
	}
	if strings.Contains(log, "panick") {
		t.Errorf("a handler panicked:\n%s", log)
	}
}

// resident is the most memory that the server has used so far, in bytes.
func (s *server) resident(t testing.TB) int {
	t.Helper()
	status := content(t, fmt.Sprintf("/proc/%d/status", s.command.Process.Pid))
	for line := range strings.Lines(string(status)) {
		var kilobytes int
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10
		}
	}
	t.Fatal("the kernel does not say how much memory the server uses")
	return 0
}

// answer is a whole answer.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask sends a request. header holds names and values in turn.
func (s *server) ask(method, path string, body []byte, header ...string) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+s.address+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Host = strings.TrimPrefix(s.url, "http://")
	return s.send(request, header...)
}

// send sends a request with more headers and reads the whole answer.
func (s *server) send(request *http.Request, header ...string) (answer, error) {
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := s.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	whole, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, whole}, err
}

// must is ask for a request that has to be answered with a status.
func (s *server) must(t testing.TB, status int, method, path string, body []byte, header ...string) answer {
	t.Helper()
	got, err := s.ask(method, path, body, header...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if got.status != status {
		t.Fatalf("%s %s: status %d, want %d: %s", method, path, got.status, status, got.body)
	}
	return got
}

// post sends a value as JSON from an address of its own.
func (s *server) post(path string, value any, header ...string) (answer, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return answer{}, err
	}
	return s.ask(http.MethodPost, path, body, append([]string{"Content-Type", "application/json", "X-Forwarded-For", someone()}, header...)...)
}

// strangers counts the addresses that were used up.
var strangers atomic.Uint32

// someone is the address of a client who was not there before, in a network of its own.
func someone() string {
	n := strangers.Add(1)
	return fmt.Sprintf("%d.%d.%d.7", 20+n>>16%80, n>>8&255, n&255)
}

// opening is a responder's request, with what no log may hold in it.
func opening(c card) map[string]string {
	return map[string]string{"secret": c.secret(), "step": "critical", "reason": "unconscious", "role": "paramedic", "name": "Kim Responder-Name",
		"organization": "Ambulance Responder-Org", "callback": "+00 555 Responder-Phone", "reason_text": "Responder-Reason"}
}

// responder is what of an opening must not be in the server's log either.
var responder = []string{"Responder-Name", "Responder-Org", "Responder-Phone", "Responder-Reason"}

// opened is the part of an answer that says what was let out and which entry stands for it.
type opened struct {
	Outcome string          `json:"outcome"`
	Grant   string          `json:"grant"`
	Record  json.RawMessage `json:"record"`
	Entry   struct {
		Index int64  `json:"index"`
		Leaf  string `json:"leaf"`
	} `json:"entry"`
}

// problem is the code of a refusal.
func (a answer) problem() string {
	var p struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(a.body, &p) != nil {
		return ""
	}
	return p.Code
}

// open breaks the glass of a card.
func (s *server) open(c card) (opened, answer, error) {
	got, err := s.post("/v1/cards/"+c.ID+"/open", opening(c))
	if err != nil {
		return opened{}, got, err
	}
	var o opened
	if got.status == http.StatusOK {
		if err := json.Unmarshal(got.body, &o); err != nil {
			return o, got, err
		}
		if o.Outcome != "granted" || len(o.Record) < 100 || o.Entry.Leaf == "" {
			return o, got, errors.New("an answer that lets nothing out, or names no entry")
		}
	}
	return o, got, nil
}

// statusOf asks for the status of the card with an id, showing the front of a card.
func (s *server) statusOf(t testing.TB, id string, front card) string {
	t.Helper()
	tag, err := cards.FrontTag(front.address.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.post("/v1/cards/"+id+"/status", map[string]string{"tag": base64.RawURLEncoding.EncodeToString(tag[:])})
	if err != nil || got.status != http.StatusOK {
		t.Fatalf("status: %v, %d %s", err, got.status, got.body)
	}
	var said struct {
		Status string `json:"status"`
	}
	if err := json.Unmarshal(got.body, &said); err != nil {
		t.Fatal(err)
	}
	return said.Status
}
