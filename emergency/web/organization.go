package web

import (
	"encoding/base64"
	"html/template"
	"net/http"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

// organizations lists what the caller belongs to; who belongs to one is taken there.
func (s *Server) organizations(x *exchange) error {
	views, err := s.Service.Memberships(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	if len(views) == 1 {
		return x.redirect(organizationPath(views[0]))
	}
	p := x.newPage("org.title")
	p.Back = "/home"
	type line struct{ Path, Name, Kind string }
	var lines []line
	for _, view := range views {
		lines = append(lines, line{organizationPath(view), view.Name, x.kind(view.Kind)})
	}
	p.D = lines
	return x.show("org", p)
}

// organizationPath is the page of an organization; the privacy officers have one of their own.
func organizationPath(view emergency.OrganizationView) string {
	if view.Kind == emergency.KindOperator {
		return "/officer"
	}
	return "/org/" + string(view.ID)
}

// crewMember is a line of the crew.
type crewMember struct {
	Account, Name, Role string
	Since               string
	Suspended           string // since when, "" while the badge counts
	Self, Last          bool   // Last: the only administrator
}

// crewInvited is somebody who has not come yet.
type crewInvited struct{ ID, Name, Role, Until string }

// crewOpening is an opening by the crew.
type crewOpening struct {
	Name, At, When, Reason string
	Ended                  string
	Sensitive, Drill       bool
}

// crewData is the data of the page of an organization.
type crewData struct {
	ID, Name, Kind, Country string
	Admin, Hardware         bool
	Members                 []crewMember
	Pending                 []crewInvited
	Openings                []crewOpening
	Fields                  []field // of an invitation
	Fresh                   int
	Mail                    *mailQuestion
	Reviews                 []owed // answers that the organization owes; see org_reviews
}

func (s *Server) crew(x *exchange) error { return x.crewPage(nil) }

func (x *exchange) crewPage(faults []fault) error {
	id := emergency.OrganizationID(x.variable("organization"))
	crew, err := x.Service.Crew(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	data := crewData{ID: string(crew.ID), Name: crew.Name, Kind: x.kind(crew.Kind), Admin: crew.Role == emergency.RoleAdmin, Hardware: crew.Hardware, Fresh: x.freshSeconds()}
	if crew.Country != "" {
		data.Country = x.country(crew.Country)
	}
	for _, m := range crew.Members {
		line := crewMember{Account: string(m.Account), Name: m.Name, Role: x.T("org.role." + m.Role), Since: x.day(m.CreatedAt), Self: m.Self,
			Last: m.Role == emergency.RoleAdmin && crew.Admins < 2}
		if !m.SuspendedAt.IsZero() {
			line.Suspended = x.day(m.SuspendedAt)
		}
		data.Members = append(data.Members, line)
	}
	for _, p := range crew.Pending {
		data.Pending = append(data.Pending, crewInvited{ID: p.ID, Name: p.Name, Role: x.T("org.role." + p.Role), Until: x.day(p.ExpiresAt)})
	}
	for _, o := range crew.Openings {
		line := crewOpening{Name: o.Name, Reason: x.coded("reason", o.Reason), Sensitive: o.Step == "sensitive", Drill: o.Drill}
		line.At, line.When = x.moment(o.At)
		if !o.EndedAt.IsZero() {
			line.Ended, _ = x.moment(o.EndedAt)
		}
		data.Openings = append(data.Openings, line)
	}
	data.Fields = []field{
		{ID: "name", Kind: "text", Label: x.T("org.invite.name"), Hint: x.T("org.invite.name.hint"), Value: x.value("name")},
		{ID: "role", Kind: "radio", Label: x.T("org.invite.role"), Options: []option{
			{Value: emergency.RoleResponder, Label: x.T("org.role.responder"), Hint: x.T("org.role.responder.hint"), Chosen: x.value("role") != emergency.RoleAdmin},
			{Value: emergency.RoleAdmin, Label: x.T("org.role.admin"), Hint: x.T("org.role.admin.hint"), Chosen: x.value("role") == emergency.RoleAdmin}}},
	}
	status := http.StatusOK
	if len(faults) > 0 {
		status = http.StatusBadRequest
		mark(data.Fields, faults)
	}
	if data.Admin {
		if data.Reviews, err = x.reviewsToAnswer(id); err != nil {
			return err
		}
		if data.Mail, err = x.reviewMail(id); err != nil {
			return err
		}
	}
	p := x.newPage("org.crew.title")
	p.Title, p.Back, p.Faults = crew.Name, "/home", faults
	if data.Admin {
		p.Scripts = []string{"js/console/approve.js"}
	}
	p.D = data
	return x.render(status, "org_crew", p)
}

// inviteCrew invites somebody. The link is shown this once: the page is the answer to the form, so that no address leads to it again.
func (s *Server) inviteCrew(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id := emergency.OrganizationID(x.variable("organization"))
	link, err := s.Service.InviteMember(x.r.Context(), x.caller, id, x.value("name"), x.value("role"))
	if wrong, is := x.faultOf(err); is {
		wrong.Text = x.T("record.empty")
		return x.crewPage([]fault{wrong})
	}
	if err != nil {
		return err
	}
	return x.invitedPage("/org/"+string(id), x.value("name"), link)
}

// invitedPage shows the link of an invitation, as text and as a code, once.
func (x *exchange) invitedPage(back, name string, link emergency.Invited) error {
	picture, err := picture(link.Link)
	if err != nil {
		return err
	}
	p := x.newPage("org.invited.title")
	p.Back = back
	p.D = struct {
		Name, Link, Until string
		Picture           template.URL
	}{name, link.Link, x.day(link.ExpiresAt), picture}
	return x.render(http.StatusOK, "invited", p)
}

// picture is a text as a QR code, for the source of an image.
func picture(text string) (template.URL, error) {
	code, err := cards.StrongestQR(text, 0)
	if err != nil {
		return "", err
	}
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(code.SVG(cards.Picture{}))), nil
}

// withdrawInvitation ends an invitation that nobody has taken up yet.
func (s *Server) withdrawInvitation(x *exchange) error {
	id := emergency.OrganizationID(x.variable("organization"))
	if err := s.Service.WithdrawInvitation(x.r.Context(), x.caller, id, x.variable("invitation")); err != nil {
		return err
	}
	return x.redirect("/org/" + string(id))
}

// suspendMember takes a badge away. It needs no passkey: it must be quick.
func (s *Server) suspendMember(x *exchange) error {
	id := emergency.OrganizationID(x.variable("organization"))
	if err := s.Service.SuspendMember(x.r.Context(), x.caller, id, emergency.AccountID(x.variable("member"))); err != nil {
		return err
	}
	return x.redirect("/org/" + string(id))
}

// restoreMember gives a badge back.
func (s *Server) restoreMember(x *exchange) error {
	id := emergency.OrganizationID(x.variable("organization"))
	if err := s.Service.RestoreMember(x.r.Context(), x.caller, id, emergency.AccountID(x.variable("member"))); err != nil {
		return err
	}
	return x.redirect("/org/" + string(id))
}
