package web

import (
	"github.com/locket-health/locket/emergency"
)

// invitePage is the page on which an invitation is taken up. What the invitation is for stands behind #, and only the page's script reads it.
func (s *Server) invitePage(x *exchange) error {
	p := x.newPage("org.invite.title")
	p.Scripts = []string{"js/console/invite.js"}
	p.D = field{ID: "name", Kind: "text", Label: x.T("console.signup.name"), Hint: x.T("console.signup.name.hint"), Auto: "name"}
	return x.show("invite", p)
}

// inviteRequest carries the secret of an invitation, and what whoever takes it up says.
type inviteRequest struct {
	Token string `json:"token"`
	Name  string `json:"name"`
	Proof string `json:"proof"` // of a contact: "passkey", or "code" to be known by a code
}

// inviteSaid is what an invitation is for, in words too.
type inviteSaid struct {
	Purpose      string `json:"purpose"`
	Name         string `json:"name"`
	Organization string `json:"organization"`
	Kind         string `json:"kind"`
	SignedIn     bool   `json:"signed_in"`
	Account      string `json:"account"` // the name of the account that is signed in
	Hardware     bool   `json:"hardware"`
	Title        string `json:"title"`
	Text         string `json:"text"`
	Key          string `json:"key"`    // what kind of passkey is asked for, "" for any
	Button       string `json:"button"` // for whoever is signed in
}

// invitation says what an invitation is for. One that was used, withdrawn or is over is as unknown as one that never was.
func (s *Server) invitation(x *exchange) error {
	var request inviteRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	view, err := s.Service.Invitation(x.r.Context(), x.caller, request.Token)
	if err != nil {
		return err
	}
	said := inviteSaid{Purpose: view.Purpose, Name: view.Name, Organization: view.Organization, Kind: view.Kind, SignedIn: x.caller.SignedIn(), Hardware: view.Hardware}
	if said.SignedIn {
		account, err := s.Service.Account(x.r.Context(), x.caller)
		if err != nil {
			return err
		}
		said.Account = x.T("org.invite.signed_in", "name", account.Name)
	}
	if view.Hardware {
		said.Key = x.T("org.invite.hardware")
	}
	purpose := view.Purpose
	switch view.Kind {
	case emergency.KindOperator:
		purpose = "officer"
	case emergency.KeeperGuardian:
		purpose = view.Kind
	}
	args := map[string]any{"name": view.Name, "organization": view.Organization, "kind": x.kind(view.Kind), "host": x.host(), "initials": view.About}
	said.Title, said.Text, said.Button = x.T("invite."+purpose+".title", args), x.T("invite."+purpose+".text", args), x.T("invite."+purpose+".button", args)
	return x.json(said)
}

// beginInvited begins the sign-up of somebody who was invited: whoever invites may ask for a passkey on a security key.
func (s *Server) beginInvited(x *exchange) error {
	var request inviteRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	b, err := s.Service.BeginInvitedSignup(x.r.Context(), x.caller, request.Name, x.lang.Code, request.Token)
	if err != nil {
		return err
	}
	return x.begin(b)
}

// acceptInvitation takes an invitation up.
func (s *Server) acceptInvitation(x *exchange) error {
	var request inviteRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	accepted, err := s.Service.AcceptInvitation(x.r.Context(), x.caller, request.Token, emergency.Acceptance{Name: request.Name, Code: request.Proof == "code"})
	if err != nil {
		return err
	}
	return x.json(struct {
		Location string `json:"location"`
		Code     string `json:"code,omitempty"`
	}{accepted.Location, accepted.Code})
}

// kind is a kind of organization in words; one that has none is shown as it is.
func (x *exchange) kind(kind string) string { return x.coded("org.kind", kind) }
