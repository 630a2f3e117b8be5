package web

import (
	"context"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// grantData is the page of an opening.
type grantData struct {
	Base     string
	Running  bool
	Drill    bool
	From     string
	Until    string // or when it was ended
	Ended    bool   // before its time
	Card     string
	Facts    []entryFact
	Sections []string
	Withheld bool // what was opened is not said
	Messages []spokenLine
	Last     int
	Answer   field
	Review   *reviewLine
}

// grant shows an opening to a keeper: who, what, until when, and what is written meanwhile.
func (s *Server) grant(x *exchange) error { return x.grantPage(nil) }

func (x *exchange) grantPage(faults []fault) error {
	p, id, err := x.patientPage("log", "grant.title")
	if err != nil {
		return err
	}
	view, err := x.Service.Grant(x.r.Context(), x.caller, id, emergency.GrantID(x.variable("grant")))
	if err != nil {
		return err
	}
	names, err := x.cardNames(x, id)
	if err != nil {
		return err
	}
	reviews, err := x.Service.Reviews(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	p.Back += "/log"
	data := grantData{Base: "/patients/" + string(id) + "/grants/" + string(view.ID), Running: view.Running, Drill: view.Drill, Ended: !view.EndedAt.IsZero(), Withheld: view.Withheld,
		Card: names[view.Card], Facts: x.whoStated(view.Stated, true)}
	data.From, _ = x.moment(view.From)
	data.Review = x.reviewLine(id, view.ID, data.From, nil)
	if said, found := reviews[view.ID]; found {
		data.Review = x.reviewLine(id, view.ID, data.From, &said)
	}
	data.Until, _ = x.moment(view.Thread.Until)
	for _, each := range view.Sections.Names() {
		data.Sections = append(data.Sections, x.coded("section", each))
	}
	for _, m := range view.Thread.Messages {
		data.Messages, data.Last = append(data.Messages, x.spoken(m)), m.Number
	}
	data.Answer = field{ID: "text", Kind: "textarea", Label: x.T("thread.answer"), Hint: x.T("thread.answer.hint"), Lang: x.lang.Code, Value: x.value("text")}
	status := http.StatusOK
	if len(faults) > 0 {
		data.Answer.Fault, status = faults[0].Text, http.StatusBadRequest
	}
	p.Faults = faults
	if data.Running {
		p.Scripts = []string{"js/console/thread.js"}
	}
	p.D = data
	return x.render(status, "grant", p)
}

// answerAsKeeper adds to the thread of an opening.
func (s *Server) answerAsKeeper(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	err = s.Service.SendAsKeeper(x.r.Context(), x.caller, id, emergency.GrantID(x.variable("grant")), x.value("text"))
	if _, wrong := x.faultOf(err); wrong {
		return x.grantPage([]fault{{"text", x.T("thread.answer.fault")}})
	}
	if err != nil {
		return err
	}
	return x.redirect("/patients/" + string(id) + "/grants/" + x.variable("grant") + "#thread")
}

// endGrant ends an opening at once.
func (s *Server) endGrant(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	if err := s.Service.EndGrant(x.r.Context(), x.caller, id, emergency.GrantID(x.variable("grant"))); err != nil {
		return err
	}
	return x.redirect("/patients/" + string(id) + "/grants/" + x.variable("grant"))
}

// grantRequest says which message of a thread a keeper's page has last.
type grantRequest struct {
	After int `json:"after"`
}

// spoken is a thread in words, for the page of a keeper.
type spoken struct {
	Messages []spokenLine `json:"messages"`
	Ended    bool         `json:"ended"`
}

// spokenLine is a message in words. Mine marks the patient's side.
type spokenLine struct {
	Number int          `json:"number"`
	Who    string       `json:"who"`
	Kind   string       `json:"kind"` // "" of an ordinary text
	Text   string       `json:"text"`
	Place  string       `json:"place"` // latitude and longitude, "" when it says none
	Geo    template.URL `json:"geo"`   // the same for a map (RFC 5870)
	At     string       `json:"at"`
	When   string       `json:"when"`
	Mine   bool         `json:"mine"`
}

// watchGrant tells the page of a keeper what is written, and when it ends.
func (s *Server) watchGrant(x *exchange) error {
	var request grantRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	grant := emergency.GrantID(x.variable("grant"))
	return x.watch("thread", watched{
		follow: func(ctx context.Context) (<-chan struct{}, func(), error) {
			return s.Service.FollowGrant(ctx, x.caller, id, grant)
		},
		look: func(ctx context.Context) (any, time.Time, bool, error) {
			view, err := s.Service.Grant(ctx, x.caller, id, grant)
			if err != nil {
				return nil, time.Time{}, true, err
			}
			said := spoken{Messages: []spokenLine{}, Ended: !view.Running}
			for _, m := range view.Thread.Messages {
				if m.Number > request.After {
					request.After = m.Number
					said.Messages = append(said.Messages, x.spoken(m))
				}
			}
			return said, view.Until, said.Ended, nil
		},
	})
}

// spoken puts a message into words.
func (x *exchange) spoken(m emergency.MessageView) spokenLine {
	line := spokenLine{Number: m.Number, Who: m.Name, Text: m.Text, Mine: m.Sender != emergency.SenderResponder}
	if line.Who == "" {
		line.Who = x.T("thread.from." + m.Sender)
	}
	if m.Kind != emergency.MessageText {
		line.Kind = x.T("thread.kind." + m.Kind)
	}
	if m.Kind == emergency.MessageLocation {
		line.Place = degrees(m.Lat) + ", " + degrees(m.Lon)
		line.Geo = template.URL("geo:" + degrees(m.Lat) + "," + degrees(m.Lon)) // #nosec G203 -- two numbers
	}
	line.At, line.When = x.moment(m.At)
	return line
}

func degrees(d float64) string { return strconv.FormatFloat(d, 'f', 4, 64) }

// grantPath is the page of the opening that an entry is about, "" when there is none. What a SMART Health Link gives has no such page.
func grantPath(id emergency.PatientID, event audit.Event) string {
	if event.Grant == "" || event.Details["step"] == "link" {
		return ""
	}
	return "/patients/" + string(id) + "/grants/" + event.Grant
}
