package audit_test

import (
	"slices"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

// TestConditionSaysWhenPublicationIsRefused: the alarm stands for as long as the log does not continue what was published, and no longer.
func TestConditionSaysWhenPublicationIsRefused(t *testing.T) {
	s := audittest.NewMemory()
	audittest.Add(t, s, audittest.Event(0), audittest.Event(1), audittest.Event(2))
	l := audittest.NewLog(t, s)
	if _, err := l.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	audittest.Add(t, s, audittest.Event(3))
	turn := func(edit func(*audittest.Contents), want ...audit.Alarm) {
		t.Helper()
		s.Tamper(edit)
		_, err := l.Publish(t.Context())
		c, readErr := l.Condition(t.Context())
		if readErr != nil || (err != nil) != (len(want) > 0) || !slices.Equal(c.Alarms, want) || c.Refusing() != (len(want) > 0) {
			t.Errorf("Publish: %v; the condition: %+v, %v; want %v", err, c, readErr, want)
		}
	}
	damage := func(c *audittest.Contents) { c.Entries[3].Leaf[20] ^= 1 }
	turn(damage, audit.AlarmSevered)
	turn(damage)
	turn(func(c *audittest.Contents) {
		c.Testimonies = []audit.Testimony{{Witness: audit.SelfCheck, Epoch: 1, Alarm: audit.AlarmCheck}, {Witness: "w1", Epoch: 1, Alarm: audit.AlarmAhead},
			{Witness: "w2", Epoch: 1, Alarm: audit.AlarmFork}, {Witness: "w3", Epoch: 1, Alarm: audit.AlarmFork}, {Witness: "w4", Epoch: 2, Alarm: audit.AlarmSignature}}
	}, audit.AlarmFork, audit.AlarmAhead, audit.AlarmCheck) // the gravest first, each once, and of this epoch alone
}

func TestAGraverAlarmTakesTheLessersPlace(t *testing.T) {
	for i, graver := range audit.Alarms() {
		for _, lesser := range audit.Alarms()[i:] {
			up, down := audit.Testimony{Alarm: lesser}, audit.Testimony{Alarm: graver}
			up.Raise(graver)
			down.Raise(lesser)
			if up.Alarm != graver || down.Alarm != graver {
				t.Errorf("%s and %s: %s, %s", graver, lesser, up.Alarm, down.Alarm)
			}
		}
		event := (&audit.AlarmError{Alarm: graver, Who: "witness.example/w1", Size: 3}).Event(time.Unix(1_700_000_000, 123))
		if err := event.Validate(); err != nil || event.Details["cause"] != string(graver) {
			t.Errorf("the entry of %s: %v, %v", graver, event.Details, err)
		}
	}
}
