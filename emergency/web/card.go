package web

import (
	"slices"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/summary"
)

// cardRow is a card in the list.
type cardRow struct {
	emergency.CardView
	Name    string // its label, else its carrier
	Kind    string // its carrier, where the name is another
	Print   string // where it is printed, "" for what is not
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
		if carrier := x.coded("carrier", view.Carrier); row.Name == "" {
			row.Name = carrier
		} else {
			row.Kind = carrier
		}
		if pages := x.cardPages(p.Back+"/cards/"+view.ID, view.Carrier); len(pages) > 0 {
			row.Print = pages[0].URL
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

// cardData is the data of a card's page.
type cardData struct {
	frontData
	Issued   bool   // it was issued just now
	URL      string // of this page
	Carrier  string
	Name     string // of the carrier
	Next     string // what to do with it
	Label    string
	Address  string // where the card leads, "" where that is nowhere
	Code     string // to be typed, "" for none
	Picture  string // address of a picture of it, "" for what has none
	Warnings []warning
	Pages    []cardFile // to be printed
	Files    []cardFile // to be kept, or given to a program
	Contact  *contact
	Tag      *tagWords
	Health   *healthData
	Link     *linkData
}

// healthData is a SMART Health Card as its keeper sees it.
type healthData struct{ OnCode []line }

// linkData is a SMART Health Link as its keeper sees it.
type linkData struct {
	URI, Passcode string // the passcode is "" when it was shown before
	Ended         bool   // it takes no more tries
	Facts         []fact
}

// card shows an issued card to its keeper.
func (s *Server) card(x *exchange) error {
	patient, issued, err := x.issued()
	if err != nil {
		return err
	}
	return x.issuedPage(patient, issued, x.r.URL.Query().Has("issued"))
}

// issuedPage shows what is on a card, and what to do with it. It may have been issued just now.
func (x *exchange) issuedPage(patient emergency.PatientID, issued emergency.Issued, now bool) error {
	p, _, err := x.patientPage("cards", "console.card.title")
	if err != nil {
		return err
	}
	record, err := x.Service.Record(x.r.Context(), x.caller, patient)
	if err != nil {
		return err
	}
	front, err := x.front(issued.CardPreview, record)
	if err != nil {
		return err
	}
	code, err := issued.Code()
	if err != nil {
		return err
	}
	p.Back = "/patients/" + string(patient) + "/cards"
	p.Scripts = []string{"js/console/front.js"}
	data := cardData{frontData: front, Issued: now, URL: p.Back + "/" + issued.ID.String(), Carrier: issued.Carrier,
		Name: x.coded("carrier", issued.Carrier), Next: x.T("console.next." + issued.Carrier), Label: issued.Label, Address: issued.Address.URL(),
		Warnings: x.warnings(issued.Warnings)}
	if code.Modules > 0 {
		data.Picture = data.URL + "/files/card.svg"
	}
	if data.Issued {
		p.Title = x.T("console.card.issued")
	}
	if issued.ShortCode != "" {
		data.Code = issued.ShortCode.String()
	}
	data.Pages, data.Files = x.cardPages(data.URL, issued.Carrier), x.cardFiles(data.URL, issued)
	switch issued.Carrier {
	case emergency.CarrierBracelet:
		data.Address = issued.ShortAddress().URL()
	case emergency.CarrierWallpaper:
		data.Picture = data.Files[0].URL
	case emergency.CarrierVCard:
		data.Picture = data.URL + "/files/card.svg" // a code that is made of words
		if data.Contact, err = x.contact(issued); err != nil {
			return err
		}
	case emergency.CarrierNTAG213, emergency.CarrierNTAG215, emergency.CarrierNTAG216:
		tag := tagOf(issued.TagMessage())
		data.Tag, data.Address = &tag, tag.URL
		p.Scripts = append(p.Scripts, "js/console/nfc.js")
	case emergency.CarrierNTAG424:
		data.Address = issued.ShortAddress().URL()
	case emergency.CarrierSHC:
		data.Address, data.Health = "", x.healthData(issued, record)
	case emergency.CarrierSHL:
		data.Address, data.Left = "", nil
		data.Link = &linkData{URI: issued.Link.URI, Passcode: issued.Link.Passcode, Ended: issued.Link.Attempts == 0, Facts: x.issuedLinkFacts(*issued.Link)}
		if data.Link.Ended { // there is nothing to do with it any more
			data.Next, data.Picture, data.Files = "", "", nil
			data.Warnings = append(data.Warnings, warning{Text: x.T("console.link.ended"), Severe: true})
		}
	}
	p.D = data
	return x.show("card", p)
}

func (x *exchange) healthData(issued emergency.Issued, record summary.Record) *healthData {
	var data healthData
	for _, id := range issued.Health.Items {
		if item, found := record.Item(id); found {
			data.OnCode = append(data.OnCode, x.line(item, record.Lang))
		}
	}
	return &data
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
