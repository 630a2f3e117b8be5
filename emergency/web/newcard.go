package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// maxChoices is how many items are offered one by one; all others go by importance.
const maxChoices = 500

// choice is an item that can go on the front.
type choice struct {
	line
	Options []option
}

// newCard asks what a card is to say, by what carries it.
func (s *Server) newCard(x *exchange) error {
	carrier := x.r.URL.Query().Get("carrier")
	switch {
	case carrier == "":
		carrier = emergency.CarrierWallet
	case carrier == emergency.CarrierSheet:
		return x.redirect("/household/sheet?person=" + url.QueryEscape(x.variable("patient")))
	case !slices.Contains(emergency.Carriers(), carrier):
		return notFound
	}
	return x.choosePage(http.StatusOK, carrier, nil)
}

// choosePage asks what goes on the front, or behind the link. By importance is the default for every item, so nothing has to be chosen.
func (x *exchange) choosePage(status int, carrier string, faults []fault) error {
	p, id, err := x.patientPage("cards", "console.choose.title")
	if err != nil {
		return err
	}
	record, err := x.Service.Record(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	p.Back += "/cards/carriers"
	p.Faults = faults
	data := struct {
		Carrier string
		Name    string // of the carrier
		Lead    string
		Fields  []field
		Choices []choice
		More    int
	}{Carrier: carrier, Name: x.coded("carrier", carrier), Lead: x.T(leadOf(carrier))}
	if carrier == emergency.CarrierSHL {
		p.Title = x.T("console.link.title")
		data.Fields = x.linkFields()
	} else {
		data.Choices, data.More = x.frontChoices(record)
	}
	if carrier == emergency.CarrierVCard {
		data.Fields = append(data.Fields, field{ID: "readable", Kind: "checkbox", Label: x.T("console.choose.readable"), Ticked: x.value("readable") == ticked})
	}
	data.Fields = append(data.Fields, field{ID: "label", Kind: "text", Label: x.T("console.choose.label"), Hint: x.T("console.choose.label.hint"), Value: x.value("label")})
	mark(data.Fields, faults)
	p.D = data
	return x.render(status, "card_new", p)
}

// leadOf is the key of what is said about who can read a card.
func leadOf(carrier string) string {
	switch {
	case carrier == emergency.CarrierVCard, carrier == emergency.CarrierSHC, carrier == emergency.CarrierSHL:
		return "console.choose.lead." + carrier
	case needsNetwork(carrier):
		return "console.choose.lead.online"
	}
	return "console.choose.lead"
}

// frontChoices are the items that can go on a front, as many as are offered one by one, and how many more there are. What was chosen already stays.
func (x *exchange) frontChoices(record summary.Record) (choices []choice, more int) {
	for _, item := range record.Sorted().Items {
		if item.Section.Layer() != section.Ordinary || item.Hidden {
			continue
		}
		if len(choices) == maxChoices {
			more++
			continue
		}
		c := choice{line: x.line(item, record.Lang)}
		chosen := item.Front
		if sent, asked := x.r.PostForm["front-"+item.ID]; asked {
			chosen = sent[0]
		}
		for _, value := range []string{"", summary.FrontAlways, summary.FrontNever} {
			name := value
			if name == "" {
				name = "default"
			}
			c.Options = append(c.Options, option{Value: value, Label: x.T("front." + name), Chosen: chosen == value})
		}
		choices = append(choices, c)
	}
	return choices, more
}

// chosen reads the choices of a form: one value an item under "front-<id>", or the lists that the check page carries.
func (x *exchange) chosen() (emergency.CardChoices, error) {
	choices := emergency.CardChoices{Carrier: x.value("carrier"), Always: x.r.PostForm["always"], Never: x.r.PostForm["never"]}
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
	switch choices.Carrier {
	case "":
		choices.Carrier = emergency.CarrierWallet
	case emergency.CarrierVCard:
		if x.value("readable") != ticked {
			return choices, invalid("not_agreed", "readable")
		}
	case emergency.CarrierSHL:
		link, err := x.chosenLink()
		choices.Link = link
		return choices, err
	}
	return choices, nil
}

// previewCard shows exactly what a finder will see and what did not fit, before anything is issued.
func (s *Server) previewCard(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	return x.checkPage(http.StatusOK, nil)
}

// checkData is the data of the page on which a card is checked.
type checkData struct {
	frontData
	Carrier  string
	Name     string   // of the carrier
	OnCard   []line   // what a SMART Health Card says
	Contact  *contact // what a no-signal code says
	Link     []fact   // what a SMART Health Link gives, and how
	Warnings []warning
	Hidden   url.Values // the form that issues what is shown here
	Fresh    int
}

// checkPage shows the card that the form's choices make of the record as it is now. What cannot be issued as it was chosen is asked again.
func (x *exchange) checkPage(status int, faults []fault) error {
	p, id, err := x.patientPage("cards", "console.check.title")
	if err != nil {
		return err
	}
	record, err := x.Service.Record(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	choices, err := x.chosen()
	var preview emergency.CardPreview
	if err == nil {
		preview, err = x.Service.PreviewCard(x.r.Context(), x.caller, id, choices)
	}
	if f, wrong := x.choiceFault(choices.Carrier, err); wrong {
		return x.choosePage(http.StatusBadRequest, choices.Carrier, []fault{f})
	}
	if err != nil {
		return err
	}
	front, err := x.front(preview, record)
	if err != nil {
		return err
	}
	p.Back += "/cards/new?carrier=" + choices.Carrier
	p.Faults = faults
	p.Scripts = []string{"js/console/front.js", "js/console/approve.js"}
	data := checkData{frontData: front, Carrier: choices.Carrier, Name: x.coded("carrier", choices.Carrier), Warnings: x.warnings(preview.Warnings),
		Hidden: x.again(choices, preview.RecordVersion), Fresh: x.freshSeconds()}
	switch choices.Carrier {
	case emergency.CarrierVCard:
		if data.Contact, err = x.contact(emergency.Issued{CardPreview: preview, Carrier: choices.Carrier}); err != nil {
			return err
		}
	case emergency.CarrierSHC:
		data.OnCard = x.onHealthCard(preview, record)
	case emergency.CarrierSHL:
		data.Link, data.Left = x.linkFacts(choices.Link, preview.ExpiresAt), nil
	}
	p.D = data
	return x.render(status, "card_check", p)
}

// choiceFault finds in an error what somebody who chooses can put right.
func (x *exchange) choiceFault(carrier string, err error) (fault, bool) {
	f, wrong := x.faultOf(err)
	if !wrong || !slices.Contains([]string{"readable", "passcode", "label", "life", "section"}, f.Field) {
		return fault{}, false
	}
	if carrier == emergency.CarrierSHL && f.Field == "label" {
		f.Field = "link_label" // the one that viewers show
	}
	if key := "console.choose.fault." + f.Field; x.Catalog.Has(key) {
		f.Text = x.T(key, "count", emergency.MinPasscode)
	}
	return f, true
}

// again is the form that issues what was checked: the choices as they were read, and the version of the record that was shown, for another one is not
// issued unseen.
func (x *exchange) again(choices emergency.CardChoices, version int64) url.Values {
	form := url.Values{"carrier": {choices.Carrier}, "version": {strconv.FormatInt(version, 10)}, "label": {x.value("label")}, "always": choices.Always, "never": choices.Never}
	switch choices.Carrier {
	case emergency.CarrierVCard:
		form.Set("readable", ticked)
	case emergency.CarrierSHL:
		for _, name := range []string{"section", "passcode", "life", "link_label"} {
			form[name] = x.r.PostForm[name]
		}
	}
	return form
}

// onHealthCard are the items that a SMART Health Card says: all that were not left out.
func (x *exchange) onHealthCard(preview emergency.CardPreview, record summary.Record) (lines []line) {
	for _, item := range record.Sorted().Items {
		left := slices.ContainsFunc(preview.Left, func(l summary.Left) bool { return l.ItemID == item.ID && l.Reason != summary.LeftShortened })
		if !left && !item.Hidden && item.Section.Layer() == section.Ordinary {
			lines = append(lines, x.line(item, record.Lang))
		}
	}
	return lines
}

// warning is what to know before a code is printed.
type warning struct {
	Text   string
	Severe bool
}

func (x *exchange) warnings(list []cards.Warning) (said []warning) {
	for _, w := range list {
		said = append(said, warning{x.T("warning."+string(w.Code), "value", w.Value, "limit", w.Limit), w.Severe})
	}
	return said
}

// issueCard issues the card that was checked. When the record was changed meanwhile, what it holds now is shown instead. The page of a link is the answer
// to the form: its passcode is shown this once, and no address leads to it again.
func (s *Server) issueCard(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	choices, err := x.chosen()
	if err != nil {
		return err
	}
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
	if issued.Link != nil {
		return x.issuedPage(id, issued, true)
	}
	return x.redirect("/patients/" + string(id) + "/cards/" + issued.ID.String() + "?issued")
}
