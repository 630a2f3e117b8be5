package datadir_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/vault"
)

// alarms counts the entries that say that the log is contradicted.
func alarms(t *testing.T, house *datadir.House) int {
	t.Helper()
	state, err := house.Store.LogState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	entries, err := house.Store.Entries(t.Context(), 0, state.Size)
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

// TestSelfCheckRaisesOneAlarm: damage is an entry once, and an alarm for as long as it is there; the log is published all the same.
func TestSelfCheckRaisesOneAlarm(t *testing.T) {
	dir := newHouse(t)
	house, err := datadir.Open(t.Context(), datadir.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer house.Close(context.WithoutCancel(t.Context()))
	good := house.Keys.Data
	other, err := vault.NewDataKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issue(t, dir) // so that there is something to open
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name    string
		key     *vault.DataKey
		damaged bool
		alarms  int
		last    time.Time // without damage
	}{
		{"all is well", good, false, 0, at},
		{"a payload does not open", other, true, 1, at},
		{"nor the next night", other, true, 1, at},
		{"it opens again", good, false, 1, at.Add(3 * 24 * time.Hour)},
		{"and then not", other, true, 2, at.Add(3 * 24 * time.Hour)},
	} {
		house.Keys.Data = c.key
		report, err := house.SelfCheck(t.Context(), func() time.Time { return at }, 0)
		var damage *datadir.DamageError
		if errors.As(err, &damage) != c.damaged || !c.damaged && err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if n := alarms(t, house); n != c.alarms {
			t.Errorf("%s: %d entries, want %d", c.name, n, c.alarms)
		}
		condition, err := house.Log.Condition(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := condition.Check; (got.Alarm != "") != c.damaged || !got.AskedAt.Equal(at) || !got.SignedAt.Equal(c.last) || condition.Refusing() {
			t.Errorf("%s: %+v", c.name, condition)
		}
		if !c.damaged && condition.Check.Size != report.Size {
			t.Errorf("%s: %d entries were checked, and %d are said to be", c.name, report.Size, condition.Check.Size)
		}
		if _, err := house.Log.Publish(t.Context()); err != nil {
			t.Errorf("%s: Publish: %v", c.name, err)
		}
		at = at.Add(24 * time.Hour)
	}
	house.Keys.Data = good
}

// TestSelfCheckEndsWhenTheServerDoes: a check that is cut short says nothing about the log.
func TestSelfCheckEndsWhenTheServerDoes(t *testing.T) {
	house, err := datadir.Open(t.Context(), datadir.Options{Dir: newHouse(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer house.Close(context.WithoutCancel(t.Context()))
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var damage *datadir.DamageError
	if _, err := house.SelfCheck(ctx, time.Now, 3); err == nil || errors.As(err, &damage) {
		t.Errorf("SelfCheck: %v", err)
	}
	if condition, err := house.Log.Condition(t.Context()); err != nil || !condition.Check.AskedAt.IsZero() {
		t.Errorf("the condition: %+v, %v", condition, err)
	}
}
