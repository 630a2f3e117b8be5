package web

import (
	"net/http"

	"github.com/locket-health/locket/emergency"
)

// contactLine is a contact as a keeper reads them.
type contactLine struct {
	ID, Name, Reach string
	Own, ByPasskey  bool
	Confirmed       string // since when, "" while they may do nothing
	Invited         string // until when they can confirm, "" when the link has ended
	Stopped         string
}

// contacts lists whom a patient has named, and what they were told.
func (s *Server) contacts(x *exchange) error {
	p, id, err := x.patientPage("contacts", "contacts.title")
	if err != nil {
		return err
	}
	views, err := s.Service.Contacts(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	var lines []contactLine
	for _, view := range views {
		line := contactLine{ID: string(view.ID), Name: view.Name, Reach: x.chain("console.chain", view.Mail, view.Phone), Own: view.Own, ByPasskey: view.ByPasskey}
		if !view.ConfirmedAt.IsZero() {
			line.Confirmed = x.day(view.ConfirmedAt)
		}
		if view.InvitedTill.After(x.Now()) {
			line.Invited = x.day(view.InvitedTill)
		}
		if !view.StoppedAt.IsZero() {
			line.Stopped = x.day(view.StoppedAt)
		}
		lines = append(lines, line)
	}
	told, err := x.notices(id)
	if err != nil {
		return err
	}
	p.Scripts = []string{"js/console/approve.js"}
	p.D = struct {
		Base    string
		Lines   []contactLine
		Fresh   int
		Notices noticeList
	}{p.Back + "/contacts", lines, x.freshSeconds(), told}
	return x.show("contacts", p)
}

// newContact asks whom to tell.
func (s *Server) newContact(x *exchange) error { return x.newContactPage(nil) }

func (x *exchange) newContactPage(faults []fault) error {
	p, _, err := x.patientPage("contacts", "contacts.new")
	if err != nil {
		return err
	}
	lang := field{ID: "lang", Kind: "select", Label: x.T("contacts.lang")}
	chosen := x.value("lang")
	if chosen == "" {
		chosen = x.lang.Code
	}
	for _, each := range x.Catalog.Languages() {
		lang.Options = append(lang.Options, option{Value: each.Code, Label: each.Name, Chosen: each.Code == chosen})
	}
	fields := []field{
		{ID: "name", Kind: "text", Label: x.T("contacts.name"), Hint: x.T("contacts.name.hint"), Value: x.value("name")},
		{ID: "mail", Kind: "text", Label: x.T("contacts.mail"), Hint: x.T("contacts.mail.hint"), Value: x.value("mail"), Auto: "off"},
		{ID: "phone", Kind: "tel", Label: x.T("contacts.phone"), Hint: x.T("contacts.phone.hint"), Value: x.value("phone")},
		lang,
		{ID: "own", Kind: "checkbox", Label: x.T("contacts.own"), Hint: x.T("contacts.own.hint"), Ticked: x.value("own") == ticked},
	}
	status := http.StatusOK
	if len(faults) > 0 {
		status = http.StatusBadRequest
		mark(fields, faults)
	}
	p.Back, p.Faults, p.Scripts = p.Back+"/contacts", faults, []string{"js/console/approve.js"}
	p.D = struct {
		Action string
		Fields []field
		Fresh  int
	}{p.Back + "/new", fields, x.freshSeconds()}
	return x.render(status, "contact_new", p)
}

// addContact names somebody, and shows the link by which they confirm.
func (s *Server) addContact(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	added := emergency.NewContact{Name: x.value("name"), Mail: x.value("mail"), Phone: x.value("phone"), Lang: x.value("lang"), Own: x.value("own") == ticked}
	_, made, err := s.Service.AddContact(x.r.Context(), x.caller, id, added)
	if wrong, is := x.faultOf(err); is {
		wrong.Text = x.T("contacts.fault." + wrong.Field)
		return x.newContactPage([]fault{wrong})
	}
	if err != nil {
		return err
	}
	return x.invitedPage("/patients/"+string(id)+"/contacts", added.Name, made)
}

// namedContact finds the contact of the path among those of a patient whom the caller keeps.
func (x *exchange) namedContact(id emergency.PatientID) (emergency.ContactView, error) {
	views, err := x.Service.Contacts(x.r.Context(), x.caller, id)
	if err != nil {
		return emergency.ContactView{}, err
	}
	for _, view := range views {
		if string(view.ID) == x.variable("contact") {
			return view, nil
		}
	}
	return emergency.ContactView{}, emergency.ErrNotFound
}

// inviteContact makes another link for a contact who has not confirmed yet.
func (s *Server) inviteContact(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	view, err := x.namedContact(id)
	if err != nil {
		return err
	}
	made, err := s.Service.InviteContact(x.r.Context(), x.caller, id, view.ID)
	if err != nil {
		return err
	}
	return x.invitedPage("/patients/"+string(id)+"/contacts", view.Name, made)
}

// askStop asks whether somebody is to be a contact no more.
func (s *Server) askStop(x *exchange) error {
	p, id, err := x.patientPage("contacts", "contacts.stop.title")
	if err != nil {
		return err
	}
	view, err := x.namedContact(id)
	if err != nil {
		return err
	}
	p.Title = x.T("contacts.stop.title", "name", view.Name)
	p.Back, p.Scripts = p.Back+"/contacts", []string{"js/console/approve.js"}
	p.D = struct {
		Action string
		Fresh  int
	}{p.Back + "/" + string(view.ID) + "/stop", x.freshSeconds()}
	return x.show("contact_stop", p)
}

// stopContact ends that somebody is a contact.
func (s *Server) stopContact(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	if err := s.Service.StopContact(x.r.Context(), x.caller, id, emergency.ContactID(x.variable("contact"))); err != nil {
		return err
	}
	return x.redirect("/patients/" + string(id) + "/contacts")
}
