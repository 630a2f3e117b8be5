package web

import (
	"net/http"
	"slices"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// sheetForm asks who is on the sheet of a household and where they meet.
func (s *Server) sheetForm(x *exchange) error {
	people, err := x.household()
	if err != nil {
		return err
	}
	return x.sheetPage(people, nil)
}

// relative is somebody of a household, with the record that a row of the sheet is made from.
type relative struct {
	emergency.PatientView
	record summary.Record
}

// household are the people of the caller who have a record.
func (x *exchange) household() (people []relative, err error) {
	views, err := x.Service.Patients(x.r.Context(), x.caller)
	if err != nil {
		return nil, err
	}
	for _, view := range views {
		if view.RecordVersion == 0 {
			continue
		}
		record, err := x.Service.Record(x.r.Context(), x.caller, view.ID)
		if err != nil {
			return nil, err
		}
		people = append(people, relative{view, record})
	}
	return people, nil
}

func (x *exchange) sheetPage(people []relative, faults []fault) error {
	account, err := x.Service.Account(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	wanted := append(x.r.URL.Query()["person"], x.r.PostForm["person"]...)
	who := field{ID: "person", Kind: "checkboxes", Label: x.T("console.sheet.who")}
	for _, person := range people {
		chosen := len(wanted) == 0 || slices.Contains(wanted, string(person.ID))
		who.Options = append(who.Options, option{Value: string(person.ID), Label: person.Name, Chosen: chosen})
	}
	fields := []field{who, {ID: "meeting", Kind: "text", Label: x.T("console.sheet.place"), Hint: x.T("console.sheet.place.hint"), Value: x.value("meeting")}}
	status := http.StatusOK
	if len(faults) > 0 {
		status = http.StatusBadRequest
		mark(fields, faults)
	}
	p := x.newPage("console.sheet.title")
	p.Back, p.Faults, p.Scripts = "/home", faults, []string{"js/console/approve.js"}
	p.D = struct {
		Fields []field
		Far    []string // who live out of the area
		Nobody bool
		Ready  bool
		Fresh  int
	}{fields, x.farAway(people), len(people) == 0, account.ReadyToIssue, x.freshSeconds()}
	return x.render(status, "sheet", p)
}

// farAway are the contacts who live out of the area: the sheet names them above all others.
func (x *exchange) farAway(people []relative) (far []string) {
	for _, person := range people {
		for _, item := range person.record.Section(section.Contacts) {
			said := x.T("console.beside", "first", item.Name, "second", item.Phone)
			if item.OutOfArea && !item.Hidden && !slices.Contains(far, said) {
				far = append(far, said)
			}
		}
	}
	return far
}

// issueSheet issues a card for everybody who was chosen, all of them by one passkey, or for nobody.
func (s *Server) issueSheet(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	people, err := x.household()
	if err != nil {
		return err
	}
	var chosen []emergency.PatientID
	for _, person := range people {
		if slices.Contains(x.r.PostForm["person"], string(person.ID)) {
			chosen = append(chosen, person.ID)
		}
	}
	if len(chosen) == 0 {
		return x.sheetPage(people, []fault{{"person", x.T("console.sheet.nobody_chosen")}})
	}
	meeting := x.value("meeting")
	if len(meeting) > emergency.MaxMeeting {
		return x.sheetPage(people, []fault{{"meeting", x.T("record.too_long", "max", emergency.MaxMeeting)}})
	}
	issued, err := s.Service.IssueSheet(x.r.Context(), x.caller, chosen, meeting, "")
	if f, wrong := x.faultOf(err); wrong && f.Field == "meeting" {
		return x.sheetPage(people, []fault{f})
	}
	if err != nil {
		return err
	}
	rows := make([]sheetRow, len(issued))
	for i, card := range issued {
		rows[i] = sheetRow{card.Patient, card.ID}
	}
	return x.redirect("/household/sheet/ready?" + sheetQuery(rows).Encode())
}
