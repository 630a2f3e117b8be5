package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

const (
	// questionsInDrill is how many things a stranger is asked about.
	questionsInDrill = 3
	// confirmedAtOnce is how many items of a record are shown to be confirmed together.
	confirmedAtOnce = 30
)

// askedInDrill are the sections that questions are made from, the most urgent first.
var askedInDrill = []section.Section{section.Allergies, section.Medications, section.Contacts, section.Conditions, section.Devices, section.Directives, section.Needs}

// drillQuestion is what a stranger has to find on a card, and the right answer.
type drillQuestion struct {
	Ask     string
	Answers []line
}

// drillLine is an item that is to be confirmed.
type drillLine struct {
	line
	Section string
}

// drillDone is a past drill in words.
type drillDone struct{ At, When, Outcome string }

// drillData is the data of the page of a drill: before it, while it runs, and after.
type drillData struct {
	Base      string
	Step      string // "begin", "run" or "confirm"
	Card      bool   // there is one to rehearse with
	Due       bool
	Until     string // the drill that runs ends then, "" when it has ended
	Name      string
	Host      string
	Goal      int // seconds
	Questions []drillQuestion
	Fields    []field     // of the result
	Result    string      // of the drill that was just finished
	Helps     bool        // what helps is said
	Lines     []drillLine // to be confirmed
	More      int         // that are not shown yet
	Changed   bool
	Past      []drillDone
	Fresh     int
}

// drill rehearses with a card: can a stranger with no signal read it in ten seconds?
func (s *Server) drill(x *exchange) error { return x.drillPage(nil) }

func (x *exchange) drillPage(faults []fault) error {
	p, id, err := x.patientPage("", "drill.title")
	if err != nil {
		return err
	}
	view, err := x.Service.Drills(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	data := drillData{Base: p.Back + "/drill", Step: "begin", Card: view.Card != cards.ID{}, Due: view.Due, Name: p.Nav.Name, Host: x.host(),
		Goal: int(emergency.DrillGoal.Seconds()), Fresh: x.freshSeconds()}
	if !view.Until.IsZero() {
		data.Until, _ = x.moment(view.Until)
	}
	for _, done := range view.Past {
		line := drillDone{Outcome: x.T("drill.outcome."+done.Outcome, "count", done.Seconds)}
		line.At, line.When = x.moment(done.At)
		data.Past = append(data.Past, line)
	}
	query := x.r.URL.Query()
	switch {
	case view.Waits:
		data.Step, p.Title = "run", x.T("drill.run.title")
		data.Questions = x.drillQuestions(view.Front, p.Nav.Name)
		data.Fields = x.drillFields()
		mark(data.Fields, faults)
		p.Scripts = []string{"js/console/drill.js"}
	case query.Get("step") == "confirm" && len(view.Past) > 0:
		data.Step, p.Title, data.Changed = "confirm", x.T("drill.confirm.title"), query.Has("changed")
		data.Result, data.Helps = data.Past[0].Outcome, view.Past[0].Outcome != emergency.DrillRead
		if data.Lines, data.More, err = x.unconfirmed(id); err != nil {
			return err
		}
	default:
		p.Scripts = []string{"js/console/approve.js"}
	}
	status := http.StatusOK
	if len(faults) > 0 {
		status = http.StatusBadRequest
	}
	p.Faults, p.D = faults, data
	return x.render(status, "drill", p)
}

// drillQuestions are made from what the card says.
func (x *exchange) drillQuestions(front summary.Front, name string) (questions []drillQuestion) {
	for _, where := range askedInDrill {
		question := drillQuestion{Ask: x.T("drill.ask."+where.String(), "name", name)}
		for _, item := range front.Items {
			if item.Section == where {
				question.Answers = append(question.Answers, x.line(itemOf(item), front.Lang))
			}
		}
		if len(question.Answers) > 0 && len(questions) < questionsInDrill {
			questions = append(questions, question)
		}
	}
	return questions
}

// drillFields ask how it went.
func (x *exchange) drillFields() []field {
	return []field{
		{ID: "right", Kind: "radio", Label: x.T("drill.right"), Options: []option{
			{Value: "yes", Label: x.T("drill.right.yes"), Chosen: x.value("right") == "yes"},
			{Value: "no", Label: x.T("drill.right.no"), Chosen: x.value("right") == "no"}}},
		{ID: "seconds", Kind: "date", Label: x.T("drill.seconds"), Hint: x.T("drill.seconds.hint"), Value: x.value("seconds")},
	}
}

// unconfirmed are items that nobody has confirmed today, as many as are shown at once, and how many more there are.
func (x *exchange) unconfirmed(id emergency.PatientID) (lines []drillLine, more int, err error) {
	record, err := x.Service.Record(x.r.Context(), x.caller, id)
	if err != nil {
		return nil, 0, err
	}
	today := summary.DateOf(x.Now().UTC())
	for _, item := range record.Items {
		switch {
		case item.Confirmed == today:
		case len(lines) == confirmedAtOnce:
			more++
		default:
			lines = append(lines, drillLine{x.line(item, record.Lang), item.Section.String()})
		}
	}
	return lines, more, nil
}

// beginDrill begins a drill.
func (s *Server) beginDrill(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	if err := s.Service.BeginDrill(x.r.Context(), x.caller, id); err != nil {
		return err
	}
	return x.redirect("/patients/" + string(id) + "/drill")
}

// finishDrill takes what came of it.
func (s *Server) finishDrill(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	seconds, err := strconv.Atoi(x.value("seconds"))
	right := x.value("right")
	var faults []fault
	if right != "yes" && right != "no" {
		faults = append(faults, fault{"right", x.T("drill.fault.right")})
	}
	if err != nil {
		faults = append(faults, fault{"seconds", x.T("drill.fault.seconds")})
	}
	if len(faults) > 0 {
		return x.drillPage(faults)
	}
	err = s.Service.FinishDrill(x.r.Context(), x.caller, id, emergency.DrillResult{Seconds: seconds, Right: right == "yes"})
	if wrong, is := x.faultOf(err); is {
		wrong.Text = x.T("drill.fault.seconds")
		return x.drillPage([]fault{wrong})
	}
	if err != nil {
		return err
	}
	return x.redirect("/patients/" + string(id) + "/drill?step=confirm")
}

// confirmInDrill says of the items that were shown, or of one of them, that they are still so.
func (s *Server) confirmInDrill(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	tags := map[string]string{}
	for name, values := range x.r.PostForm {
		if item, is := strings.CutPrefix(name, "tag-"); is && len(values) == 1 {
			tags[item] = values[0]
		}
	}
	back := "/patients/" + string(id) + "/drill?step=confirm"
	err = s.Service.ConfirmItems(x.r.Context(), x.caller, id, tags)
	if errors.Is(err, emergency.ErrConflict) {
		return x.redirect(back + "&changed")
	}
	if err != nil {
		return err
	}
	return x.redirect(back)
}
