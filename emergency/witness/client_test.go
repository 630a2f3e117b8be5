package witness_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
	"github.com/locket-health/locket/emergency/witness"
)

// server is a witness as c2sp.org/tlog-witness describes it, for one log, in memory.
type server struct {
	*httptest.Server
	key  ed25519.PrivateKey
	name string
	log  audit.Verifier
	at   func() time.Time

	mu    sync.Mutex
	size  int64
	root  tlog.Hash
	asked int
	wrong func(http.ResponseWriter, *http.Request) bool // answers in the place of the witness if it returns true
}

// newServer starts a witness with a key of its own.
func newServer(t *testing.T, n byte, log audit.Verifier) *server {
	t.Helper()
	s := &server{key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize)), name: fmt.Sprintf("witness.example/w%d", n), log: log, at: audittest.Epoch}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// witness is how the log knows it.
func (s *server) witness(t *testing.T) witness.Witness {
	t.Helper()
	list, err := witness.ParseList([]byte(s.vkey(t) + " " + s.URL + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return list[0]
}

func (s *server) vkey(t *testing.T) string {
	t.Helper()
	w, err := audit.NewWitness(s.name, s.key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return w.String()
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.wrong != nil && s.wrong(w, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	head, note, found := bytes.Cut(body, []byte("\n\n"))
	if err != nil || !found || r.Method != http.MethodPost || r.URL.Path != "/add-checkpoint" {
		http.Error(w, "not understood", http.StatusBadRequest)
		return
	}
	lines := strings.Split(string(head), "\n")
	old, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
	c, openErr := audit.OpenCheckpoint(s.log, note)
	var proof tlog.TreeProof
	for _, line := range lines[1:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			http.Error(w, "not a hash", http.StatusBadRequest)
			return
		}
		proof = append(proof, h)
	}
	switch {
	case err != nil || old > c.Size && openErr == nil:
		http.Error(w, "not understood", http.StatusBadRequest)
	case openErr != nil:
		http.Error(w, "another key", http.StatusForbidden)
	case old != s.size:
		w.Header().Set("Content-Type", audit.WitnessSizeType)
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, "%d\n", s.size)
	case old == 0 && len(proof) > 0, old > 0 && tlog.CheckTree(proof, c.Size, c.Root, old, s.root) != nil:
		http.Error(w, "the proof does not hold", http.StatusUnprocessableEntity)
	default:
		s.size, s.root = c.Size, c.Root
		io.WriteString(w, s.line(c))
	}
}

// seen is the size that the witness knows, and how often it was asked.
func (s *server) seen() (size int64, asked int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size, s.asked
}

// line is a cosignature.
func (s *server) line(c audit.Checkpoint) string {
	seconds := uint64(s.at().Unix())
	text := fmt.Sprintf("cosignature/v1\ntime %d\n%s\n%d\n%s\n", seconds, c.Origin, c.Size, c.Root)
	w, _ := audit.NewWitness(s.name, s.key.Public().(ed25519.PublicKey))
	id, _ := strconv.ParseUint(strings.Split(w.String(), "+")[1], 16, 32)
	sig := binary.BigEndian.AppendUint32(nil, uint32(id))
	sig = binary.BigEndian.AppendUint64(sig, seconds)
	sig = append(sig, ed25519.Sign(s.key, []byte(text))...)
	return "— " + s.name + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
}

// house is a log with entries, and what asks witnesses about it.
type house struct {
	*audit.Log
	store *audittest.Memory
}

func newHouse(t *testing.T, entries int) house {
	t.Helper()
	store := audittest.NewMemory()
	h := house{audittest.NewLog(t, store), store}
	h.grow(t, entries)
	return h
}

func (h house) grow(t *testing.T, entries int) {
	t.Helper()
	for range entries {
		audittest.Add(t, h.store, audit.Event{Type: audit.BackupMade, At: audittest.Epoch(), Actor: audit.Actor{Kind: audit.ByOperator}})
	}
	if _, err := h.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// asking returns a client for a log and some witnesses.
func (h house) asking(t *testing.T, list ...*server) *witness.Client {
	t.Helper()
	c := witness.Config{Log: h.Log, Store: h.store, Now: audittest.Epoch, Logger: slog.New(slog.DiscardHandler)}
	for _, s := range list {
		c.Witnesses = append(c.Witnesses, s.witness(t))
	}
	return witness.New(c)
}

// once asks one witness once.
func (h house) once(t *testing.T, s *server) error {
	t.Helper()
	return h.asking(t, s).Ask(t.Context())[0].Err
}

// alarms counts the entries that say that the log is contradicted.
func (h house) alarms(t *testing.T) int {
	t.Helper()
	state, err := h.store.LogState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	entries, err := h.store.Entries(t.Context(), 0, state.Size)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if e.Type == audit.LogAlarm {
			n++
		}
	}
	return n
}

func (h house) condition(t *testing.T) audit.Condition {
	t.Helper()
	c, err := h.Condition(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWitnessesCosignTheServedCheckpoint(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3)
	one, two := newServer(t, 1, h.Verifier()), newServer(t, 2, h.Verifier())
	two.at = func() time.Time { return audittest.Epoch().Add(time.Hour) } // its clock is ahead
	client := h.asking(t, one, two)
	for range 3 { // the same size, again, and a larger one
		for _, outcome := range client.Ask(t.Context()) {
			if outcome.Err != nil {
				t.Fatalf("%s: %v", outcome.Witness.Name(), outcome.Err)
			}
		}
		signed, err := h.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := audit.OpenCheckpoint(h.Verifier(), signed.Note); err != nil {
			t.Errorf("the served checkpoint does not open any more: %v", err)
		}
		for _, s := range []*server{one, two} {
			if !bytes.Contains(signed.Note, []byte("— "+s.name+" ")) {
				t.Errorf("the served checkpoint does not carry the line of %s:\n%s", s.name, signed.Note)
			}
		}
		proof, err := h.Prove(t.Context(), 1)
		if err != nil || !bytes.Equal(proof.Checkpoint, signed.Note) {
			t.Errorf("a proof carries another checkpoint: %v\n%s", err, proof.Checkpoint)
		}
		h.grow(t, 0)
	}
	h.grow(t, 300)
	signed, err := h.Checkpoint(t.Context())
	if err != nil || bytes.Contains(signed.Note, []byte(one.name)) {
		t.Errorf("a checkpoint that nobody has seen yet: %v\n%s", err, signed.Note)
	}
	c := h.condition(t)
	if len(c.Alarms) != 0 || c.Refusing() || len(c.Witnesses) != 2 || c.Witnesses[0].Size != 3 || !c.Cosigned().Equal(audittest.Epoch()) {
		t.Errorf("the condition: %+v", c)
	}
	err = h.once(t, one)
	if size, _ := one.seen(); err != nil || size != 303 {
		t.Errorf("the larger size: %v, the witness knows %d", err, size)
	}
}

// TestTheSizeIsLearned: a witness that knows the log already, of which the store knows nothing, says so and is believed.
func TestTheSizeIsLearned(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 5)
	s := newServer(t, 1, h.Verifier())
	if err := h.once(t, s); err != nil {
		t.Fatal(err)
	}
	h.store.Tamper(func(c *audittest.Contents) { c.Testimonies = nil })
	h.grow(t, 4)
	err := h.once(t, s)
	if size, asked := s.seen(); err != nil || size != 9 || asked != 3 {
		t.Errorf("asked %d times, knows %d: %v", asked, size, err)
	}
	if n := h.alarms(t); n != 0 {
		t.Errorf("%d alarms", n)
	}
}

// TestAContradictionStopsSigning is item 4 of the acceptance tests of the log: 409 after a restored backup, 422 after a fork.
func TestAContradictionStopsSigning(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		alarm audit.Alarm
		known int64
		lose  func(t *testing.T, h house) house
	}{
		{"the end is lost", audit.AlarmAhead, 8, func(t *testing.T, h house) house {
			backup := house{store: h.store.Clone()}
			backup.Log = audittest.NewLog(t, backup.store)
			return backup
		}},
		{"other entries took the place of the lost ones", audit.AlarmFork, 8, func(t *testing.T, h house) house {
			backup := house{store: h.store.Clone()}
			backup.Log = audittest.NewLog(t, backup.store)
			backup.grow(t, 7) // 12 now, of which 7 are not those that the witness has seen
			return backup
		}},
		{"other entries, as many", audit.AlarmFork, 8, func(t *testing.T, h house) house {
			backup := house{store: h.store.Clone()}
			backup.Log = audittest.NewLog(t, backup.store)
			backup.grow(t, 3)
			return backup
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 5)
			s := newServer(t, 1, h.Verifier())
			if err := h.once(t, s); err != nil {
				t.Fatal(err)
			}
			backup := c.lose(t, h)
			h.grow(t, 3)
			if err := h.once(t, s); err != nil {
				t.Fatal(err)
			}
			last, err := backup.Checkpoint(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				err := backup.once(t, s)
				var alarm *audit.AlarmError
				if !errors.As(err, &alarm) || alarm.Alarm != c.alarm || alarm.Who != s.name || alarm.Size != c.known {
					t.Fatalf("the witness: %v", err)
				}
			}
			if n := backup.alarms(t); n != 1 {
				t.Errorf("%d entries about the alarm, want 1", n)
			}
			// Neither this log signs, nor one that is opened anew on the same store; what was published stays served.
			for name, l := range map[string]*audit.Log{"this log": backup.Log, "after a restart": audittest.NewLog(t, backup.store)} {
				if _, err := l.Publish(t.Context()); !errors.Is(err, audit.ErrAlarm) {
					t.Errorf("%s: Publish: %v", name, err)
				}
				if now, err := l.Checkpoint(t.Context()); err != nil || now.Size != last.Size {
					t.Errorf("%s: the checkpoint is of %d entries, %v", name, now.Size, err)
				}
				if condition, err := l.Condition(t.Context()); err != nil || !condition.Refusing() || condition.Alarms[0] != c.alarm {
					t.Errorf("%s: the condition: %+v, %v", name, condition, err)
				}
			}
			// Entries go on being written: an emergency waits for nobody.
			audittest.Add(t, backup.store, audit.Event{Type: audit.GlassOpened, At: audittest.Epoch(), Actor: audit.Actor{Kind: audit.ByResponder}})

			event := audit.Event{Type: audit.LogAlarm, At: audittest.Epoch(), Actor: audit.Actor{Kind: audit.ByOperator}, Outcome: audit.Done}
			taken, err := witness.Resume(t.Context(), backup.store, event)
			if err != nil || len(taken) != 1 || taken[0].Alarm != c.alarm || backup.alarms(t) != 2 {
				t.Errorf("Resume = %+v, %v; %d entries", taken, err, backup.alarms(t))
			}
			resumed := house{audittest.NewLog(t, backup.store), backup.store}
			resumed.grow(t, 0)
			if err := resumed.once(t, s); !errors.Is(err, audit.ErrAlarm) {
				t.Errorf("after it was taken back, the same witness: %v", err)
			}
		})
	}
}

// TestSomebodyElsePublishes: the witness knows more than this turn began with, because another process has published and asked meanwhile.
func TestSomebodyElsePublishes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 5)
	s := newServer(t, 1, h.Verifier())
	s.wrong = func(http.ResponseWriter, *http.Request) bool {
		if s.asked == 1 {
			h.grow(t, 3)
			signed, err := h.Checkpoint(t.Context())
			if err != nil {
				t.Error(err)
			}
			c, err := audit.OpenCheckpoint(h.Verifier(), signed.Note)
			if err != nil {
				t.Error(err)
			}
			s.size, s.root = c.Size, c.Root
		}
		return false
	}
	err := h.once(t, s)
	if size, _ := s.seen(); err != nil || h.alarms(t) != 0 || size != 8 {
		t.Errorf("%v, %d alarms, the witness knows %d", err, h.alarms(t), size)
	}
}

// TestABadWitnessIsOnlyAWarning: nothing that is no contradiction stops the log.
func TestABadWitnessIsOnlyAWarning(t *testing.T) {
	t.Parallel()
	conflict := func(size string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", audit.WitnessSizeType)
			w.WriteHeader(http.StatusConflict)
			io.WriteString(w, size)
			return true
		}
	}
	turn := int64(0)
	for name, wrong := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"it does not know the log": func(w http.ResponseWriter, r *http.Request) bool { http.NotFound(w, r); return true },
		"it leads elsewhere": func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			return true
		},
		"it never stops answering": func(w http.ResponseWriter, _ *http.Request) bool {
			for range 1000 {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					break
				}
			}
			return true
		},
		"it breaks off":           func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) },
		"it repeats what we said": conflict("0\n"),
		"it names no size":        conflict("a page of a proxy"),
		"it names a size each time": func(w http.ResponseWriter, r *http.Request) bool {
			turn++
			return conflict(fmt.Sprint(turn, "\n"))(w, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, 5)
			s := newServer(t, 1, h.Verifier())
			s.wrong = wrong
			err := h.once(t, s)
			if !errors.Is(err, audit.ErrWitness) || errors.Is(err, audit.ErrAlarm) || strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("Ask: %v", err)
			}
			if _, asked := s.seen(); asked > 3 {
				t.Errorf("asked %d times in one turn", asked)
			}
			h.grow(t, 1)
			c := h.condition(t)
			if len(c.Alarms) != 0 || len(c.Witnesses) != 1 || !c.Witnesses[0].SignedAt.IsZero() || !c.Cosigned().IsZero() || h.alarms(t) != 0 {
				t.Errorf("the condition: %+v", c)
			}
		})
	}
}

func TestAFalseCosignatureIsAnAlarmThatDoesNotStopTheLog(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 5)
	s := newServer(t, 1, h.Verifier())
	s.wrong = func(w http.ResponseWriter, _ *http.Request) bool {
		io.WriteString(w, s.line(audit.Checkpoint{Origin: audittest.Origin, Size: 5}))
		return true
	}
	if err := h.once(t, s); !errors.Is(err, audit.ErrAlarm) {
		t.Errorf("Ask: %v", err)
	}
	h.grow(t, 1)
	c := h.condition(t)
	if c.Refusing() || len(c.Alarms) != 1 || c.Alarms[0] != audit.AlarmSignature || h.alarms(t) != 1 {
		t.Errorf("the condition: %+v, %d entries", c, h.alarms(t))
	}
	signed, err := h.Checkpoint(t.Context())
	if err != nil || bytes.Contains(signed.Note, []byte(s.name)) {
		t.Errorf("the false line is served: %v\n%s", err, signed.Note)
	}
}

// TestAnAlarmHoldsWithoutTheStore: the disk keeps nothing any more; the log signs nothing all the same.
func TestAnAlarmHoldsWithoutTheStore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 5)
	s := newServer(t, 1, h.Verifier())
	s.size = 1500
	h.store.Fault = func(op audittest.Operation) error {
		if op == audittest.Commit {
			return errors.New("no space left on the device")
		}
		return nil
	}
	if err := h.once(t, s); !errors.Is(err, audit.ErrAlarm) {
		t.Errorf("Ask: %v", err)
	}
	h.store.Fault = nil
	if _, err := h.Publish(t.Context()); !errors.Is(err, audit.ErrAlarm) {
		t.Errorf("Publish: %v", err)
	}
	if c := h.condition(t); !c.Refusing() {
		t.Errorf("the condition: %+v", c)
	}
}

func TestNothingIsAskedBeforeSomethingIsPublished(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 0)
	s := newServer(t, 1, h.Verifier())
	err := h.once(t, s)
	if _, asked := s.seen(); !errors.Is(err, audit.ErrNotFound) || asked != 0 {
		t.Errorf("asked %d times: %v", asked, err)
	}
}

// TestAStalledWitnessDelaysNobody: while one witness does not answer, entries are written, the log is published, and another witness cosigns.
func TestAStalledWitnessDelaysNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 5)
	stalled, good := newServer(t, 1, h.Verifier()), newServer(t, 2, h.Verifier())
	reached, release := make(chan struct{}), make(chan struct{})
	stalled.wrong = func(_ http.ResponseWriter, r *http.Request) bool {
		close(reached)
		<-release
		return true
	}
	defer close(release)
	cosigned := make(chan struct{})
	good.wrong = func(http.ResponseWriter, *http.Request) bool {
		if good.asked == 1 {
			close(cosigned)
		}
		return false
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- h.asking(t, stalled, good).Run(ctx) }()
	<-reached
	<-cosigned
	for range 20 {
		h.grow(t, 1)
	}
	signed, err := h.Checkpoint(t.Context())
	if err != nil || signed.Size != 25 {
		t.Errorf("%d entries are published, %v", signed.Size, err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
