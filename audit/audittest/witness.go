package audittest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/audit"
)

// Testify keeps a testimony, and its cosignature and entry, in one transaction.
func (m *Memory) Testify(ctx context.Context, said audit.Testimony, cosignature *audit.Cosignature, event *audit.Event) error {
	return m.Update(ctx, func(tx audit.Tx) error {
		before := m.last(said)
		said = said.After(before)
		if event != nil && before.Alarm != said.Alarm {
			if _, err := audit.Append(ctx, tx, Sealer(), rand.Reader, []audit.Event{*event}); err != nil {
				return err
			}
		}
		mine := tx.(*transaction)
		mine.writes = append(mine.writes, func(c *Contents) {
			c.Testimonies = put(c.Testimonies, said, func(a, b audit.Testimony) int {
				return cmp.Or(cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Witness, b.Witness))
			})
			if cosignature != nil {
				kept := *cosignature
				kept.Line = bytes.Clone(kept.Line)
				c.Cosignatures = put(c.Cosignatures, kept, func(a, b audit.Cosignature) int {
					return cmp.Or(cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Size, b.Size), cmp.Compare(a.Witness, b.Witness))
				})
			}
		})
		return nil
	})
}

// Retract takes back every alarm about an epoch, with the entry that says so.
func (m *Memory) Retract(ctx context.Context, epoch int, event audit.Event) (taken []audit.Testimony, err error) {
	err = m.Update(ctx, func(tx audit.Tx) error {
		all, err := m.Testimonies(ctx, epoch)
		if err != nil {
			return err
		}
		taken = slices.DeleteFunc(all, func(t audit.Testimony) bool { return t.Alarm == "" })
		if len(taken) == 0 {
			return nil
		}
		mine := tx.(*transaction)
		mine.writes = append(mine.writes, func(c *Contents) {
			c.Testimonies = slices.Clone(c.Testimonies)
			for i := range c.Testimonies {
				if c.Testimonies[i].Epoch == epoch {
					c.Testimonies[i].Alarm = ""
				}
			}
		})
		_, err = audit.Append(ctx, tx, Sealer(), rand.Reader, []audit.Event{event})
		return err
	})
	return taken, err
}

// last is what is kept of whose testimony this is.
func (m *Memory) last(of audit.Testimony) audit.Testimony {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, kept := range m.kept.Testimonies {
		if kept.Witness == of.Witness && kept.Epoch == of.Epoch {
			return kept
		}
	}
	return audit.Testimony{}
}

// put puts a value at its place in a sorted list, or in the place of its like.
func put[T any](list []T, value T, order func(a, b T) int) []T {
	list = slices.Clone(list)
	at, found := slices.BinarySearchFunc(list, value, order)
	if found {
		list[at] = value
		return list
	}
	return slices.Insert(list, at, value)
}

// Testimonies returns what was said last about an epoch.
func (m *Memory) Testimonies(_ context.Context, epoch int) ([]audit.Testimony, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.DeleteFunc(slices.Clone(m.kept.Testimonies), func(t audit.Testimony) bool { return t.Epoch != epoch }), nil
}

// Cosignatures returns those of a checkpoint of the present epoch.
func (m *Memory) Cosignatures(ctx context.Context, size int64) ([]audit.Cosignature, error) {
	return m.Epoch(m.present()).Cosignatures(ctx, size)
}

func (e epoch) Cosignatures(_ context.Context, size int64) ([]audit.Cosignature, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return slices.DeleteFunc(slices.Clone(e.kept.Cosignatures), func(c audit.Cosignature) bool { return c.Epoch != e.number || c.Size != size }), nil
}

// testWitnesses checks the promises of [audit.WitnessStore], and that each epoch has its own testimonies and cosignatures.
func testWitnesses(t *testing.T, s Store) {
	Add(t, s, Event(0))
	testify := func(said audit.Testimony, cosignature *audit.Cosignature, event *audit.Event) {
		t.Helper()
		if err := s.Testify(t.Context(), said, cosignature, event); err != nil {
			t.Fatalf("Testify: %v", err)
		}
	}
	testimonies := func(epoch int) []audit.Testimony {
		t.Helper()
		list, err := s.Testimonies(t.Context(), epoch)
		if err != nil {
			t.Fatalf("Testimonies: %v", err)
		}
		return list
	}
	cosignatures := func(r audit.Reader, size int64) []audit.Cosignature {
		t.Helper()
		list, err := r.Cosignatures(t.Context(), size)
		if err != nil {
			t.Fatalf("Cosignatures: %v", err)
		}
		return list
	}
	if got := testimonies(1); len(got) != 0 {
		t.Errorf("before the first: %+v", got)
	}
	two := audit.Testimony{Witness: "w2", Epoch: 1, Size: 1, SignedAt: Epoch(), AskedAt: Epoch().Add(time.Millisecond)}
	one := audit.Testimony{Witness: "w1", Epoch: 1, AskedAt: Epoch()}
	line := audit.Cosignature{Witness: "w2", Epoch: 1, Size: 1, At: Epoch(), Line: []byte("— w2 AAAA\n")}
	testify(two, &line, nil)
	testify(one, nil, nil)
	if diff := gocmp.Diff([]audit.Testimony{one, two}, testimonies(1)); diff != "" {
		t.Errorf("testimonies:\n%s", diff)
	}
	later := line
	later.At, later.Line = line.At.Add(time.Minute), []byte("— w2 BBBB\n")
	testify(two, &later, nil)
	other := audit.Cosignature{Witness: "w1", Epoch: 1, Size: 1, At: Epoch(), Line: []byte("— w1 CCCC\n")}
	testify(one, &other, nil)
	if diff := gocmp.Diff([]audit.Cosignature{other, later}, cosignatures(s, 1)); diff != "" {
		t.Errorf("cosignatures:\n%s", diff)
	}
	if got := cosignatures(s, 2); len(got) != 0 {
		t.Errorf("cosignatures of another size: %+v", got)
	}

	// An alarm is an entry when it is raised and when another takes its place, and not while it stands.
	event := (&audit.AlarmError{Alarm: audit.AlarmAhead, Who: "w1", Size: 9}).Event(Epoch())
	for _, alarm := range []audit.Alarm{audit.AlarmAhead, audit.AlarmAhead, audit.AlarmFork, audit.AlarmFork} {
		one.Alarm = alarm
		testify(one, nil, &event)
	}
	if got := state(t, s).Size; got != 3 {
		t.Errorf("the log holds %d entries, want 3", got)
	}
	if got := entries(t, s, 1, 3); len(got) != 2 || got[0].Type != audit.LogAlarm || got[1].Type != audit.LogAlarm {
		t.Errorf("the entries: %+v", got)
	}

	// A cosignature that was asked for before the alarm was raised, as by another command, does not take it away; nor does a lesser alarm take its place.
	for _, alarm := range []audit.Alarm{"", audit.AlarmSignature} {
		one.Alarm = alarm
		testify(one, &other, &event)
		if got := testimonies(1); got[0].Alarm != audit.AlarmFork {
			t.Errorf("after %q the alarm that stands is %q, want %q", alarm, got[0].Alarm, audit.AlarmFork)
		}
	}
	larger := two
	larger.Size, larger.SignedAt = 7, two.SignedAt.Add(time.Hour)
	testify(larger, nil, nil)
	testify(two, nil, nil) // asked for before the larger one was kept
	if got := testimonies(1); got[1] != larger {
		t.Errorf("after a larger size came a smaller one: %+v", got[1])
	}
	check := audit.Testimony{Witness: audit.SelfCheck, Epoch: 1, AskedAt: Epoch(), Alarm: audit.AlarmCheck}
	testify(check, nil, nil)
	check.Alarm = ""
	testify(check, nil, nil)
	if got := testimonies(1); got[0].Witness != audit.SelfCheck || got[0].Alarm != "" {
		t.Errorf("after a check that found nothing: %+v", got[0])
	}
	resumed := audit.Event{Type: audit.LogAlarm, At: Epoch(), Actor: audit.Actor{Kind: audit.ByOperator}, Outcome: audit.Done}
	for _, want := range []int{1, 0} {
		if taken, err := s.Retract(t.Context(), 1, resumed); err != nil || len(taken) != want || want == 1 && taken[0].Alarm != audit.AlarmFork {
			t.Errorf("Retract = %+v, %v; want %d", taken, err, want)
		}
	}
	if got := state(t, s).Size; got != 4 {
		t.Errorf("with what was taken back the log holds %d entries, want 4", got)
	}
	one.Alarm = audit.AlarmFork
	testify(one, nil, nil)

	err := s.Update(t.Context(), func(tx audit.Tx) error { return tx.BeginEpoch(t.Context(), 2, Epoch()) })
	if err != nil {
		t.Fatalf("BeginEpoch: %v", err)
	}
	if got := testimonies(2); len(got) != 0 {
		t.Errorf("testimonies about the new epoch: %+v", got)
	}
	if got := cosignatures(s, 1); len(got) != 0 {
		t.Errorf("cosignatures of the new epoch: %+v", got)
	}
	if got := cosignatures(s.Epoch(1), 1); len(got) != 2 {
		t.Errorf("cosignatures of the old epoch: %+v", got)
	}
	if got := testimonies(1); len(got) != 3 || got[1].Alarm != audit.AlarmFork {
		t.Errorf("testimonies about the old epoch: %+v", got)
	}
}
