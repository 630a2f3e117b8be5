//go:build linux

package faults

import (
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
)

// crowd is how many people open the glass at the same moment.
const crowd = 1000

// storm lets a crowd open the glass again and again, each until the first answer that is none, or a refusal. acknowledged is called with the
// number of answers so far after each that carried data; what they were is returned.
func (s *server) storm(t *testing.T, cards []card, acknowledged func(total int)) (answers []opened, refusals []answer) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := range crowd {
		all.Go(func() {
			for {
				o, got, err := s.open(cards[n%len(cards)])
				if err != nil {
					return // the server has gone
				}
				mu.Lock()
				if got.status != http.StatusOK {
					refusals = append(refusals, got)
					mu.Unlock()
					return
				}
				answers = append(answers, o)
				total := len(answers)
				mu.Unlock()
				acknowledged(total)
			}
		})
	}
	all.Wait()
	return answers, refusals
}

// logged checks that each answer that carried data has its entry (I1, I2).
func logged(t *testing.T, entries []audit.Entry, answers []opened) {
	t.Helper()
	seen := map[int64]bool{}
	for _, o := range answers {
		switch i := o.Entry.Index; {
		case i < 0 || i >= int64(len(entries)):
			t.Errorf("an answer names entry %d, the log has %d", i, len(entries))
		case seen[i]:
			t.Errorf("two answers name entry %d", i)
		default:
			seen[i] = true
			leaf := entries[i].Leaf.LeafHash()
			if got := hex.EncodeToString(leaf[:]); got != o.Entry.Leaf || entries[i].Type != audit.GlassOpened {
				t.Errorf("entry %d is %s with leaf %s, the answer says %s", i, entries[i].Type, got, o.Entry.Leaf)
			}
		}
	}
}

// F1, promise 1: whenever the power goes during a thousand openings, every answer that carried data has its entry afterwards, and the house opens again.
func TestNoLogNoDataAfterKill(t *testing.T) {
	h := newHouse(t, "")
	people := listed(t, h.issue(t, household()))
	seed := uint64(number(t, "LOCKET_FAULT_SEED", 1))
	random := rand.New(rand.NewPCG(seed, 0))
	var all []opened
	for round := range number(t, "LOCKET_FAULT_ROUNDS", 3) {
		s := h.serve(t)
		after := 1 + random.IntN(1500)
		answers, refusals := s.storm(t, people, func(total int) {
			if total == after {
				s.kill()
			}
		})
		if len(answers) < after {
			t.Fatalf("round %d, seed %d: the server ended after %d answers, before it was killed at %d: %s", round, seed, len(answers), after, s.logged())
		}
		for _, refusal := range refusals { // a machine that is too busy keeps nobody waiting without end; then the answer says so
			if refusal.status != http.StatusServiceUnavailable {
				t.Errorf("round %d: a responder with a card in hand was refused: %d %s", round, refusal.status, refusal.body)
				break
			}
		}
		all = append(all, answers...)

		again := h.serve(t)
		o, got, err := again.open(people[0])
		if err != nil || got.status != http.StatusOK {
			t.Fatalf("round %d: the first opening after the kill: %v, status %d %s", round, err, got.status, got.body)
		}
		all = append(all, o)
		again.kill()
	}
	t.Logf("%d answers", len(all))
	logged(t, h.entries(t), all)
}

// F15: a server that is told to stop under load answers what it has begun, refuses the rest, and ends well and in time.
func TestStopUnderLoad(t *testing.T) {
	h := newHouse(t, "")
	people := listed(t, h.issue(t, household()))
	s := h.serve(t)
	code, took := make(chan int, 1), time.Duration(0)
	answers, refusals := s.storm(t, people, func(total int) {
		if total == 400 {
			begun := time.Now()
			stopped := s.stop(t)
			took = time.Since(begun)
			code <- stopped
		}
	})
	if got := <-code; got != 0 {
		t.Errorf("exit code %d, want 0: %s", got, s.logged())
	}
	if took > 15*time.Second {
		t.Errorf("it took %v, want 10 s and what the machine makes of it", took)
	}
	for _, refusal := range refusals {
		if refusal.status != http.StatusServiceUnavailable {
			t.Errorf("a refusal is %d %s", refusal.status, refusal.body)
		}
	}
	entries := h.entries(t)
	logged(t, entries, answers)
	if n := count(entries, audit.GlassOpened); n != len(answers) {
		t.Errorf("%d openings are in the log and %d were answered: work was begun and its answer cut off", n, len(answers))
	}
}
