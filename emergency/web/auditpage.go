package web

import (
	"errors"
	"strconv"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/locale"
)

// auditPage is the data of the public page about the log.
type auditPage struct {
	Alarms    []string // what contradicts the log, in words
	Refusing  bool     // and nothing more is published
	Facts     []entryFact
	Witnesses [][]entryFact
	Kept      []entryFact
	Earlier   [][]entryFact // epochs that are closed, the last one first
	VKeys     []string      // that sign
	Address   string        // of the log
	Commands  []string
}

// auditPage tells everybody how the log stands, and how to check it without asking this server.
func (s *Server) auditPage(x *exchange) error {
	condition, err := s.Config.Log.Condition(x.r.Context())
	if err != nil {
		return err
	}
	d := auditPage{Refusing: condition.Refusing(), VKeys: s.Config.Log.VKeys()}
	for _, alarm := range condition.Alarms {
		d.Alarms = append(d.Alarms, x.T("audit.cause."+string(alarm)))
	}
	if d.Facts, err = x.logFacts(condition); err != nil {
		return err
	}
	for _, t := range condition.Witnesses {
		d.Witnesses = append(d.Witnesses, append([]entryFact{{Label: x.T("audit.witness"), Value: t.Name()}}, x.since("audit.confirmed", t.SignedAt)...))
	}
	epochs, err := s.Config.Log.Epochs(x.r.Context())
	if err != nil {
		return err
	}
	d.Address = s.logAddress(epochs[len(epochs)-1].Number)
	for i := len(epochs) - 2; i >= 0; i-- {
		d.Earlier = append(d.Earlier, []entryFact{
			{Label: x.T("audit.address"), Value: s.logAddress(epochs[i].Number)},
			{Label: x.T("audit.entries"), Value: strconv.FormatInt(epochs[i].Size, 10)},
			x.momentFact("audit.ended", epochs[i].Ended),
		})
	}
	if d.Kept, err = x.keptFacts(epochs[len(epochs)-1].Number); err != nil {
		return err
	}
	d.Commands = []string{"curl " + d.Address + "/checkpoint", "locket audit verify --url " + s.URL + " --vkey " + d.VKeys[0]}
	p := x.newPage("audit.title")
	p.Back, p.D = "/", d
	return x.show("audit", p)
}

// logAddress is where an epoch of the log is served.
func (s *Server) logAddress(epoch int) string { return audit.EpochOrigin(s.URL+"/audit/log", epoch) }

// logFacts says how much is published and when, and what the last check of the log has found.
func (x *exchange) logFacts(condition audit.Condition) ([]entryFact, error) {
	checkpoint, err := x.Config.Log.Checkpoint(x.r.Context())
	if err != nil && !errors.Is(err, audit.ErrNotFound) {
		return nil, err
	}
	facts := []entryFact{{Label: x.T("audit.entries"), Value: strconv.FormatInt(checkpoint.Size, 10)}, x.momentFact("audit.published", checkpoint.At)}
	return append(facts, x.momentFact("audit.checked", condition.Check.SignedAt)), nil
}

// keptFacts says how long entries stay, and from where on they are there in the present epoch.
func (x *exchange) keptFacts(epoch int) ([]entryFact, error) {
	published, err := x.Config.Log.Epoch(x.r.Context(), epoch)
	if err != nil {
		return nil, err
	}
	minimum, err := published.Minimum(x.r.Context())
	if err != nil {
		return nil, err
	}
	life := x.T("audit.kept.for_ever")
	if x.Policy.Life > 0 {
		life = x.Catalog.Format(x.lang.Code, roughly(x.Policy.Life))
	}
	facts := []entryFact{{Label: x.T("audit.kept.life"), Value: life}}
	if minimum > 0 {
		facts = append(facts, entryFact{Label: x.T("audit.kept.first"), Value: strconv.FormatInt(minimum, 10)})
	}
	return facts, nil
}

// since is when something was last seen, and how long ago: that is for how long nobody would have noticed.
func (x *exchange) since(label string, at time.Time) []entryFact {
	facts := []entryFact{x.momentFact(label, at)}
	if !at.IsZero() {
		facts = append(facts, entryFact{Label: x.T("audit.age"), Value: x.Catalog.Format(x.lang.Code, roughly(x.Now().Sub(at)))})
	}
	return facts
}

// momentFact is a moment under a label, or that there was none yet.
func (x *exchange) momentFact(label string, at time.Time) entryFact {
	if at.IsZero() {
		return entryFact{Label: x.T(label), Value: x.T("audit.never")}
	}
	value, when := x.moment(at)
	return entryFact{Label: x.T(label), Value: value, When: when}
}

// roughly is a length of time in one unit, rounded down. Years are none of them: the words for them are those of an age.
func roughly(d time.Duration) locale.Duration {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}} {
		if d >= 2*unit.of {
			return locale.Duration{Count: int(d / unit.of), Unit: unit.name}
		}
	}
	return locale.Duration{Count: int(max(d, 0) / time.Minute), Unit: "minute"}
}
