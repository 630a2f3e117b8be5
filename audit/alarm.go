package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// ErrAlarm says that the log is contradicted. [Log.Publish] signs nothing until an operator has looked.
var ErrAlarm = errors.New("audit: refusing to sign: the log is contradicted")

// Alarm says what contradicts a log. The words are for machines: metrics, the store, entries.
type Alarm string

// The alarms there are, the most serious first. A witness may be wrong, or lie; that it is believed costs the publication of the log, never an opening.
const (
	AlarmFork      Alarm = "witness_fork"      // a witness has cosigned other entries than these
	AlarmAhead     Alarm = "witness_ahead"     // a witness has cosigned more entries than were published: the end of the log is lost
	AlarmSevered   Alarm = "severed"           // what is stored does not continue what was published, or lies behind the high-water mark
	AlarmCheck     Alarm = "check"             // the log's check of itself has found damage
	AlarmSignature Alarm = "witness_signature" // what a witness has sent as its cosignature is none
)

// Alarms returns all of them, the most serious first.
func Alarms() []Alarm {
	return []Alarm{AlarmFork, AlarmAhead, AlarmSevered, AlarmCheck, AlarmSignature}
}

// Refuses reports whether nothing is signed while the alarm stands: a checkpoint would be one more proof of two logs under one name.
func (a Alarm) Refuses() bool { return a == AlarmFork || a == AlarmAhead || a == AlarmSevered }

// graver reports whether a is more serious than b.
func (a Alarm) graver(b Alarm) bool {
	return a != "" && (b == "" || slices.Index(Alarms(), a) < slices.Index(Alarms(), b))
}

// AlarmError is an alarm and who raises it. It wraps [ErrAlarm].
type AlarmError struct {
	Alarm Alarm
	Who   string // name of the witness; empty for the log's check of itself
	Size  int64  // entries that the witness knows, or about which it was asked
}

func (e *AlarmError) Error() string {
	switch e.Alarm {
	case AlarmFork:
		return fmt.Sprintf("audit: the witness %s has seen %d other entries under the name of this log", e.Who, e.Size)
	case AlarmAhead:
		return fmt.Sprintf("audit: the witness %s has seen %d entries of this log, and not all of them are here", e.Who, e.Size)
	case AlarmSignature:
		return fmt.Sprintf("audit: what the witness %s has sent as its cosignature does not verify", e.Who)
	default:
		return "audit: the check of the log has found damage"
	}
}

func (e *AlarmError) Unwrap() error { return ErrAlarm }

// Event returns the entry that says so.
func (e *AlarmError) Event(now time.Time) Event {
	details := map[string]string{"cause": string(e.Alarm)}
	if e.Who != "" {
		details["witness"], details["size"] = e.Who, strconv.FormatInt(e.Size, 10)
	}
	return Event{Type: LogAlarm, At: now.UTC().Truncate(time.Millisecond), Actor: Actor{Kind: ByServer}, Outcome: Failed, Details: details}
}

// SelfCheck is the name under which a store keeps the outcome of the log's check of itself, beside what witnesses have said.
const SelfCheck = ""

// Testimony is what a witness has said last about an epoch, or the check of the log under the name [SelfCheck].
type Testimony struct {
	Witness  string    // its vkey
	Epoch    int       // that it is about
	Size     int64     // of the last checkpoint that it is known to have cosigned; entries that the check went through
	SignedAt time.Time // time of its last cosignature, or of the last check that found nothing; zero before the first
	AskedAt  time.Time // when it was asked last, whatever came of it
	Alarm    Alarm     // what it has contradicted; it stands until an operator takes it back, that of the check until the next one finds nothing
}

// Name returns the name of the witness.
func (t Testimony) Name() string {
	w, err := ParseWitness(t.Witness)
	if err != nil {
		return ""
	}
	return w.Name()
}

// Raise makes an alarm the one that stands, unless a graver one does.
func (t *Testimony) Raise(alarm Alarm) {
	if alarm.graver(t.Alarm) {
		t.Alarm = alarm
	}
}

// After returns the testimony as it is kept after an earlier one of the same witness, which may have been kept while this one was asked for. No cosignature takes
// an alarm away: a witness that was shown other entries once has seen them for good. Nor does a larger size become a smaller one. The check of the log speaks of all
// that is there, and its last word counts.
func (t Testimony) After(kept Testimony) Testimony {
	if t.Witness == SelfCheck {
		return t
	}
	t.Raise(kept.Alarm)
	if t.Size < kept.Size {
		t.Size, t.SignedAt = kept.Size, kept.SignedAt
	}
	return t
}

// WitnessStore is where the words of witnesses are kept.
type WitnessStore interface {
	// Testimonies returns the last testimony of each witness and of the check about this epoch, by witness.
	Testimonies(ctx context.Context, epoch int) ([]Testimony, error)
	// Testify keeps a testimony in place of the witness's last one about the same epoch, and with it a cosignature, unless that is nil. The event, unless that is
	// nil, is appended in the same transaction if the alarm is not the one that was kept. What is kept by then counts as [Testimony.After] says: somebody else
	// may have asked meanwhile.
	Testify(ctx context.Context, said Testimony, cosignature *Cosignature, event *Event) error
	// Retract takes back every alarm about an epoch and appends the event in the same transaction, if there was one. It returns the testimonies as they were.
	Retract(ctx context.Context, epoch int, event Event) ([]Testimony, error)
}

// Condition is how the log stands in the eyes of those who watch it.
type Condition struct {
	Alarms    []Alarm     // that stand, the most serious first, each once
	Witnesses []Testimony // of those who are asked, by witness
	Check     Testimony   // zero before the first check
}

// Refusing reports whether nothing is signed.
func (c Condition) Refusing() bool {
	return len(c.Alarms) > 0 && slices.ContainsFunc(c.Alarms, Alarm.Refuses)
}

// Cosigned returns when a witness has cosigned last; zero if none ever has.
func (c Condition) Cosigned() time.Time {
	var last time.Time
	for _, t := range c.Witnesses {
		if t.SignedAt.After(last) {
			last = t.SignedAt
		}
	}
	return last
}

// forgetWitness is how long after it was asked last a witness counts as one that is asked: the operator has taken it off the list since.
const forgetWitness = 24 * time.Hour

// Condition reads how the log stands.
func (l *Log) Condition(ctx context.Context) (Condition, error) {
	testimonies, err := l.store.Testimonies(ctx, l.number)
	if err != nil {
		return Condition{}, fmt.Errorf("audit: reading what witnesses have said: %w", err)
	}
	var c Condition
	standing := map[Alarm]bool{}
	if alarm := l.refused.Load(); alarm != nil {
		standing[alarm.Alarm] = true
	}
	standing[AlarmSevered] = l.severed.Load()
	for _, t := range testimonies {
		if t.Alarm != "" {
			standing[t.Alarm] = true
		}
		switch {
		case t.Witness == SelfCheck:
			c.Check = t
		case t.Alarm != "" || l.now().Sub(t.AskedAt) < forgetWitness:
			c.Witnesses = append(c.Witnesses, t)
		}
	}
	for _, alarm := range Alarms() {
		if standing[alarm] {
			c.Alarms = append(c.Alarms, alarm)
		}
	}
	return c, nil
}

// Refuse makes the log sign nothing more for as long as the process runs, whether the store can keep the alarm or not. An alarm that does not refuse
// is ignored.
func (l *Log) Refuse(alarm *AlarmError) {
	if alarm != nil && alarm.Alarm.Refuses() {
		l.refused.CompareAndSwap(nil, alarm)
	}
}

// noteContinuity remembers whether a publication was refused because the log does not continue what was published. The next one looks again.
func (l *Log) noteContinuity(err error) {
	switch {
	case err == nil:
		l.severed.Store(false)
	case errors.Is(err, ErrFork), errors.Is(err, ErrRolledBack), errors.Is(err, ErrMark):
		l.severed.Store(true)
	}
}

// contradicted returns an error that wraps ErrAlarm while an alarm stands that refuses.
func (l *Log) contradicted(ctx context.Context) error {
	if alarm := l.refused.Load(); alarm != nil {
		return alarm
	}
	testimonies, err := l.store.Testimonies(ctx, l.number)
	if err != nil {
		return fmt.Errorf("audit: reading what witnesses have said: %w", err)
	}
	for _, t := range testimonies {
		if t.Alarm.Refuses() {
			return &AlarmError{t.Alarm, t.Name(), t.Size}
		}
	}
	return nil
}
