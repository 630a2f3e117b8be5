package storage

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

// Keys of the log are kept with the entries that say so, and an epoch begins with its key and its statement or not at all.
func TestLogKeys(t *testing.T) {
	ctx := t.Context()
	s := openTest(t, Config{})
	at := audittest.Epoch()
	first, next := LogKey{Epoch: 1, VKey: audittest.EpochVKey(t, 1), Added: at}, LogKey{Epoch: 1, VKey: "next", Added: at.Add(time.Hour)}
	made := audit.Event{Type: audit.KeyMade, At: at, Actor: audit.Actor{Kind: audit.ByOperator}, Outcome: audit.Done, Details: map[string]string{"use": "log"}}
	if err := s.PutLogKey(ctx, first); err != nil {
		t.Fatal(err)
	}
	if err := s.PutLogKey(ctx, next, made); err != nil {
		t.Fatal(err)
	}
	first.Added, first.Retired = at.Add(24*time.Hour), at.Add(2*time.Hour)
	if err := s.PutLogKey(ctx, first, made); err != nil {
		t.Fatal(err)
	}
	first.Added = at // as it was first said
	if err := s.PutLogKey(ctx, LogKey{Epoch: 1, VKey: "never"}, audit.Event{}); !errors.Is(err, audit.ErrInvalid) {
		t.Errorf("with an event that the log refuses: %v, want ErrInvalid", err)
	}
	want := []LogKey{first, next}
	check := func() {
		t.Helper()
		got, err := s.LogKeys(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("LogKeys (-want +got):\n%s", diff)
		}
	}
	check()

	stale := audittest.Recovery(t, s, 2)
	if err := s.PutLogKey(ctx, next, made); err != nil {
		t.Fatal(err)
	}
	if err := s.BeginEpoch(ctx, stale); !errors.Is(err, audit.ErrConflict) {
		t.Errorf("a statement about an earlier end: %v, want ErrConflict", err)
	}
	check()
	statement := audittest.Recovery(t, s, 2)
	if err := s.BeginEpoch(ctx, statement); err != nil {
		t.Fatal(err)
	}
	want = append(want, LogKey{Epoch: 2, VKey: statement.VKey, Added: statement.At})
	check()
	if report := audittest.VerifyEpochs(t, s, 2); report.Size != 4 || report.Epochs != 2 {
		t.Errorf("the log holds %d entries in %d epochs", report.Size, report.Epochs)
	}
}

// The triggers stop accidents with what epochs rest on.
func TestEpochsAreKept(t *testing.T) {
	s := openTest(t, Config{})
	if err := s.PutLogKey(t.Context(), LogKey{Epoch: 1, VKey: "first", Added: audittest.Epoch(), Retired: audittest.Epoch()}); err != nil {
		t.Fatal(err)
	}
	if err := s.BeginEpoch(t.Context(), audittest.Recovery(t, s, 2)); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{
		`DELETE FROM log_epoch`,
		`UPDATE log_epoch SET size = 7`,
		`DELETE FROM log_key`,
		`UPDATE log_key SET vkey = 'other'`,
		`UPDATE log_key SET retired_at = 5 WHERE vkey = 'first'`,
		`UPDATE log_state SET epoch = 1`,
		`UPDATE log_state SET first = 1`,
		`UPDATE log_state SET first_hash = 1`,
	} {
		if err := s.update(t.Context(), func(x *tx) error {
			n, err := x.t.exec(statement(command))
			if n == 0 && err == nil {
				t.Errorf("%s touches nothing", command)
			}
			return err
		}); err == nil {
			t.Errorf("%s went through", command)
		}
	}
}
