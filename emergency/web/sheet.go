package web

import (
	"crypto/rand"
	"net/url"
	"slices"
	"strings"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/carrier"
)

// sheetRow names a card on a sheet.
type sheetRow struct {
	patient emergency.PatientID
	card    cards.ID
}

// sheetQuery names the cards of a sheet in an address. Nothing else is said there: what is printed beside them is kept with the cards, so that no link
// can put words on somebody's sheet.
func sheetQuery(rows []sheetRow) url.Values {
	query := url.Values{}
	for _, row := range rows {
		query.Add("card", string(row.patient)+"."+row.card.String())
	}
	return query
}

// rows are the cards of a sheet: those that the address names, else the newest one of everybody in the household.
func (x *exchange) rows() ([]sheetRow, error) {
	people, err := x.Service.Patients(x.r.Context(), x.caller)
	if err != nil {
		return nil, err
	}
	if named := x.r.URL.Query()["card"]; len(named) > 0 {
		return namedRows(named, len(people))
	}
	var rows []sheetRow
	for _, person := range people {
		views, err := x.Service.Cards(x.r.Context(), x.caller, person.ID)
		if err != nil {
			return nil, err
		}
		for _, view := range slices.Backward(views) {
			id, err := cards.ParseID(view.ID)
			if err == nil && view.Carrier == emergency.CarrierSheet && view.RevokedAt.IsZero() && x.Now().Before(view.ExpiresAt) {
				rows = append(rows, sheetRow{person.ID, id})
				break
			}
		}
	}
	return rows, nil
}

// namedRows reads the cards that an address names. There are no more of them than people in the household.
func namedRows(named []string, people int) (rows []sheetRow, err error) {
	if len(named) > people {
		return nil, notFound
	}
	for _, name := range named {
		patient, card, _ := strings.Cut(name, ".")
		id, err := cards.ParseID(card)
		if err != nil {
			return nil, notFound
		}
		rows = append(rows, sheetRow{emergency.PatientID(patient), id})
	}
	return rows, nil
}

// sheetReady says what to do with a sheet that was issued, and offers it for print.
func (s *Server) sheetReady(x *exchange) error {
	rows, err := x.rows()
	if err != nil {
		return err
	}
	type person struct{ Name, URL string }
	var people []person
	for _, row := range rows {
		view, err := s.Service.Patient(x.r.Context(), x.caller, row.patient)
		if err != nil {
			return err
		}
		people = append(people, person{view.Name, "/patients/" + string(row.patient) + "/cards/" + row.card.String()})
	}
	var pages []cardFile
	for _, look := range []string{"sheet", "contrast"} {
		for _, paper := range sheetPapers {
			query := sheetQuery(rows)
			query.Set("paper", string(paper))
			if look != "sheet" {
				query.Set(look, "")
			}
			label := x.T("console.beside", "first", x.T("console.print."+look), "second", x.T("console.paper."+string(paper)))
			pages = append(pages, cardFile{URL: "/household/sheet/print?" + query.Encode(), Label: label})
		}
	}
	p := x.newPage("console.sheet.ready")
	p.Back = "/home"
	p.D = struct {
		People []person
		Pages  []cardFile
	}{people, pages}
	return x.show("sheet_ready", p)
}

// sheetPapers are what a sheet is printed on.
var sheetPapers = []cards.Paper{cards.PaperA4, cards.PaperLetter}

// printSheet serves the page of a household. It holds what opens the records of all of them, so it needs a fresh passkey as every card does.
func (s *Server) printSheet(x *exchange) error {
	query := x.r.URL.Query()
	paper := cards.Paper(query.Get("paper"))
	if !slices.Contains(sheetPapers, paper) {
		return notFound
	}
	rows, err := x.rows()
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return notFound
	}
	var made []carrier.Made
	var newest emergency.Issued // of those that name a meeting place
	for _, row := range rows {
		issued, err := s.Service.CardForPrint(x.r.Context(), x.caller, row.patient, row.card)
		if err != nil {
			return err
		}
		record, err := s.Service.Record(x.r.Context(), x.caller, row.patient)
		if err != nil {
			return err
		}
		if issued.Meeting != "" && !issued.IssuedAt.Before(newest.IssuedAt) {
			newest = issued
		}
		made = append(made, carrier.Made{Issued: issued, Record: record})
	}
	print := carrier.Print{Paper: paper, Nonce: rand.Text(), HighContrast: query.Has("contrast")}
	page, err := s.Words.Sheet(made, carrier.SheetOptions{Options: carrier.Options{Now: s.Now()}, Print: print, Meeting: newest.Meeting})
	if err != nil {
		return err
	}
	return x.printed(page, print.Nonce)
}
