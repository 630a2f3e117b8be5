package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// cardRow is a card in the list.
type cardRow struct {
	emergency.CardView
	Name    string // its label, else its carrier
	State   string // "active", "expired" or "revoked"
	Expires string
	At      string // revoked at
}

// cards lists a patient's cards, the newest first.
func (s *Server) cards(x *exchange) error {
	p, id, err := x.patientPage("cards", "console.cards.title")
	if err != nil {
		return err
	}
	views, err := s.Service.Cards(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	account, err := s.Service.Account(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	var rows []cardRow
	for _, view := range slices.Backward(views) {
		row := cardRow{CardView: view, Name: view.Label, State: "active", Expires: x.day(view.ExpiresAt)}
		if row.Name == "" {
			row.Name = x.coded("carrier", view.Carrier)
		}
		switch {
		case !view.RevokedAt.IsZero():
			row.State, row.At = "revoked", x.day(view.RevokedAt)
		case !s.Now().Before(view.ExpiresAt):
			row.State = "expired"
		}
		rows = append(rows, row)
	}
	p.D = struct {
		Cards []cardRow
		Ready bool
	}{rows, account.ReadyToIssue}
	return x.show("cards", p)
}

// day is the date of a moment in words.
func (x *exchange) day(at time.Time) string { return x.date(summary.DateOf(at.UTC())) }

// maxChoices is how many items are offered one by one; all others go by importance.
const maxChoices = 500

// choice is an item that can go on the front.
type choice struct {
	line
	Options []option
}

// newCard asks what goes on the front. By importance is the default for every item, so nothing has to be chosen.
func (s *Server) newCard(x *exchange) error {
	p, id, err := x.patientPage("cards", "console.choose.title")
	if err != nil {
		return err
	}
	record, err := s.Service.Record(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	p.Back += "/cards"
	var choices []choice
	more := 0
	for _, item := range record.Sorted().Items {
		if item.Section.Layer() != section.Ordinary || item.Hidden {
			continue
		}
		if len(choices) == maxChoices {
			more++
			continue
		}
		c := choice{line: x.line(item, record.Lang)}
		for _, value := range []string{"", summary.FrontAlways, summary.FrontNever} {
			name := value
			if name == "" {
				name = "default"
			}
			c.Options = append(c.Options, option{Value: value, Label: x.T("front." + name), Chosen: item.Front == value})
		}
		choices = append(choices, c)
	}
	p.D = struct {
		Choices []choice
		More    int
		Label   field
	}{choices, more, field{ID: "label", Kind: "text", Label: x.T("console.choose.label"), Hint: x.T("console.choose.label.hint")}}
	return x.show("card_new", p)
}

// chosen reads the choices of a form: one value an item under "front-<id>", or the lists that the check page carries.
func (x *exchange) chosen() emergency.CardChoices {
	choices := emergency.CardChoices{Always: x.r.PostForm["always"], Never: x.r.PostForm["never"]}
	for name, values := range x.r.PostForm {
		id, ok := strings.CutPrefix(name, "front-")
		if !ok || len(values) == 0 {
			continue
		}
		switch values[0] {
		case summary.FrontAlways:
			choices.Always = append(choices.Always, id)
		case summary.FrontNever:
			choices.Never = append(choices.Never, id)
		}
	}
	slices.Sort(choices.Always)
	slices.Sort(choices.Never)
	return choices
}

// leftLine is an item that is not on the front, and why.
type leftLine struct {
	line
	Why string
}

// frontData is a front as a finder sees it, with what is not on it. The reader's own modules draw it from Draft (static/js/console/front.js); the rest
// is what a browser without scripts shows.
type frontData struct {
	Draft    string // the front as JSON
	Identity []fact
	Name     string
	Lang     string
	Lines    []line
	Left     []leftLine
	Expires  string
	Bytes    int
}

func (x *exchange) front(preview emergency.CardPreview, record summary.Record) (frontData, error) {
	front := preview.Front
	draft, err := json.Marshal(front)
	if err != nil {
		return frontData{}, err
	}
	data := frontData{Draft: string(draft), Name: front.Identity.Name, Lang: front.Lang, Expires: x.day(preview.ExpiresAt), Bytes: preview.PayloadBytes}
	add := func(key, value string, own bool) {
		if value != "" {
			data.Identity = append(data.Identity, fact{Label: x.T(key), Value: value, Own: own})
		}
	}
	add("field.identity.birth", x.date(front.Identity.Birth), false)
	add("field.identity.gender", x.coded("gender", front.Identity.Gender), false)
	add("field.identity.languages", x.languages(front.Identity.Languages), false)
	add("field.identity.country", x.country(front.Identity.Country), false)
	add("field.identity.answers_to", front.Identity.AnswersTo, true)
	for _, item := range front.Items {
		data.Lines = append(data.Lines, x.line(itemOf(item), front.Lang))
	}
	for _, left := range preview.Left {
		if item, found := record.Item(left.ItemID); found {
			data.Left = append(data.Left, leftLine{x.line(item, record.Lang), x.T("left." + string(left.Reason))})
		}
	}
	return data, nil
}

// itemOf is a line of a front as the item that it came from, as far as a front holds it.
func itemOf(f summary.FrontItem) summary.Item {
	item := summary.Item{Section: f.Section, Term: f.Term, Text: f.Text, Detail: f.Detail, Note: f.Note, Severity: f.Severity, Criticality: f.Criticality,
		Status: f.Status, Date: f.Date, Name: f.Name, Phone: f.Phone, Relation: f.Relation, Absent: f.Absent, Source: f.Source, Confirmed: f.Confirmed}
	for _, r := range f.Reactions {
		item.Reactions = append(item.Reactions, summary.Concept{Term: r.Term, Text: r.Text})
	}
	return item
}

// previewCard shows exactly what a finder will see and what did not fit, before anything is issued.
func (s *Server) previewCard(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	return x.checkPage(http.StatusOK, nil)
}

// checkPage shows the front that the form's choices make of the record as it is now.
func (x *exchange) checkPage(status int, faults []fault) error {
	p, id, err := x.patientPage("cards", "console.check.title")
	if err != nil {
		return err
	}
	record, err := x.Service.Record(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	choices := x.chosen()
	preview, err := x.Service.PreviewCard(x.r.Context(), x.caller, id, choices)
	if err != nil {
		return err
	}
	front, err := x.front(preview, record)
	if err != nil {
		return err
	}
	p.Back += "/cards/new"
	p.Faults = faults
	p.Scripts = []string{"js/console/front.js", "js/console/approve.js"}
	p.D = struct {
		frontData
		Choices emergency.CardChoices
		Version int64 // of the record that is shown: another one is not issued unseen
		Label   string
		Fresh   int
	}{front, choices, preview.RecordVersion, x.value("label"), x.freshSeconds()}
	return x.render(status, "card_check", p)
}

// issueCard issues the card that was checked. When the record was changed meanwhile, what it holds now is shown instead.
func (s *Server) issueCard(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	choices := x.chosen()
	if checked := x.value("version"); checked != "" {
		if choices.Version, err = strconv.ParseInt(checked, 10, 64); err != nil {
			return invalid("not_number", "version")
		}
	}
	issued, err := s.Service.IssueCard(x.r.Context(), x.caller, id, choices, x.value("label"))
	if errors.Is(err, emergency.ErrChanged) {
		return x.checkPage(http.StatusConflict, []fault{{Text: x.T("console.check.changed")}})
	}
	if err != nil {
		return err
	}
	return x.redirect("/patients/" + string(id) + "/cards/" + issued.ID.String() + "?issued")
}

// cardID is the card of the path.
func (x *exchange) cardID() (cards.ID, error) {
	id, err := cards.ParseID(x.variable("card"))
	if err != nil {
		return id, notFound
	}
	return id, nil
}

// issued reads the card of the path for its keeper.
func (x *exchange) issued() (emergency.PatientID, emergency.Issued, error) {
	patient, err := x.patient()
	if err != nil {
		return "", emergency.Issued{}, err
	}
	id, err := x.cardID()
	if err != nil {
		return "", emergency.Issued{}, err
	}
	issued, err := x.Service.CardForPrint(x.r.Context(), x.caller, patient, id)
	return patient, issued, err
}

// warning is what to know before a code is printed.
type warning struct {
	Text   string
	Severe bool
}

// card shows an issued card to its keeper: the code, the short code, what to print.
func (s *Server) card(x *exchange) error {
	patient, issued, err := x.issued()
	if err != nil {
		return err
	}
	p, _, err := x.patientPage("cards", "console.card.title")
	if err != nil {
		return err
	}
	record, err := s.Service.Record(x.r.Context(), x.caller, patient)
	if err != nil {
		return err
	}
	done := x.r.URL.Query().Has("issued")
	if done {
		p.Title = x.T("console.card.issued")
	}
	var warnings []warning
	for _, w := range issued.Warnings {
		warnings = append(warnings, warning{x.T("warning."+string(w.Code), "value", w.Value, "limit", w.Limit), w.Severe})
	}
	front, err := x.front(issued.CardPreview, record)
	if err != nil {
		return err
	}
	p.Back = "/patients/" + string(patient) + "/cards"
	p.Scripts = []string{"js/console/front.js"}
	p.D = struct {
		frontData
		Issued   bool
		URL      string // of this page
		Address  string
		Code     string
		Carrier  string
		Label    string
		Warnings []warning
	}{front, done, p.Back + "/" + issued.ID.String(), issued.Address.URL(), issued.ShortCode.String(),
		x.coded("carrier", issued.Carrier), issued.Label, warnings}
	return x.show("card", p)
}

// pixelsAModule makes a module six dots wide, which is 0.51 mm at 300 dpi.
const pixelsAModule = 6

// cardFile serves the code of a card as a picture, or the message for a tag.
func (s *Server) cardFile(x *exchange) error {
	_, issued, err := x.issued()
	if err != nil {
		return err
	}
	format := x.variable("format")
	if format == "ndef" {
		message, err := issued.Address.Message().Encode()
		if err != nil {
			return err
		}
		x.attach("application/octet-stream", "locket-card.ndef")
		return x.bytes("application/octet-stream", message)
	}
	matrix, err := cards.EncodeQR(issued.Address.URL(), cards.LevelM)
	if err != nil {
		return err
	}
	if format == "png" {
		picture, err := matrix.PNG(pixelsAModule)
		if err != nil {
			return err
		}
		return x.bytes("image/png", picture)
	}
	return x.bytes("image/svg+xml", matrix.SVG(cards.Picture{ModuleMM: issued.ModuleMM, Title: x.T("console.card.picture"), Lang: x.lang.Code}))
}

// revokePage asks before a card is revoked.
func (s *Server) revokePage(x *exchange) error {
	p, patient, err := x.patientPage("cards", "console.revoke.title")
	if err != nil {
		return err
	}
	id, err := x.cardID()
	if err != nil {
		return err
	}
	view, err := s.Service.Card(x.r.Context(), x.caller, patient, id)
	if err != nil {
		return err
	}
	p.Back = "/patients/" + string(patient) + "/cards"
	p.Scripts = []string{"js/console/approve.js"}
	p.D = struct {
		Action, Label string
		Fresh         int
	}{p.Back + "/" + view.ID + "/revoke", view.Label, x.freshSeconds()}
	return x.show("card_revoke", p)
}

// revokeCard revokes a card.
func (s *Server) revokeCard(x *exchange) error {
	patient, err := x.patient()
	if err != nil {
		return err
	}
	id, err := x.cardID()
	if err != nil {
		return err
	}
	if err := s.Service.RevokeCard(x.r.Context(), x.caller, patient, id); err != nil {
		return err
	}
	return x.redirect("/patients/" + string(patient) + "/cards")
}
