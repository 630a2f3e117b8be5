package web

import (
	"net/http"
	"slices"

	"github.com/locket-health/locket/emergency"
)

// keeperLine is somebody who keeps a record.
type keeperLine struct {
	Name, Role, Since string
	You               bool
	Remove            string // where it is ended, "" where the reader cannot
}

// keeperInvited is somebody who has not come yet.
type keeperInvited struct{ Name, Role, Until string }

// keepersData is the data of the page on who keeps a record.
type keepersData struct {
	Base     string
	Keepers  []keeperLine
	Invited  []keeperInvited
	Withdraw bool
	Due      string  // said when a child is old enough to keep the record
	Fields   []field // of an invitation; none where the reader may invite nobody
	Birth    bool    // a birth date has to be written down before the patient can be invited
	Guardian bool
	Fresh    int
}

// keepers says who keeps a record together.
func (s *Server) keepers(x *exchange) error { return x.keepersPage(nil) }

func (x *exchange) keepersPage(faults []fault) error {
	p, id, err := x.patientPage("", "keepers.title")
	if err != nil {
		return err
	}
	view, err := x.Service.Keepers(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	data := keepersData{Base: p.Back + "/keepers", Guardian: view.Role == emergency.KeeperGuardian, Fresh: x.freshSeconds(),
		Birth: !view.BirthKnown && slices.Contains(view.MayInvite, emergency.KeeperOther)}
	if view.HandoverDue {
		data.Due = x.T("keepers.due", "name", p.Nav.Name)
	}
	for _, keeper := range view.Keepers {
		line := keeperLine{Name: keeper.Name, Role: x.T("keepers.role." + keeper.Role), Since: x.day(keeper.AddedAt), You: keeper.You}
		if keeper.Removable {
			line.Remove = data.Base + "/" + string(keeper.Account) + "/remove"
		}
		data.Keepers = append(data.Keepers, line)
	}
	for _, invited := range view.Invited {
		data.Invited = append(data.Invited, keeperInvited{invited.Name, x.T("keepers.role." + invited.Role), x.day(invited.ExpiresAt)})
	}
	data.Withdraw = len(data.Invited) > 0 && !data.Guardian
	if len(view.MayInvite) > 0 {
		data.Fields = x.keeperFields(view, p.Nav.Name)
	}
	status := http.StatusOK
	if len(faults) > 0 {
		status = http.StatusBadRequest
		mark(data.Fields, faults)
	}
	p.Faults, p.Scripts, p.D = faults, []string{"js/console/approve.js"}, data
	return x.render(status, "keepers", p)
}

// keeperFields ask whom to invite, and to what.
func (x *exchange) keeperFields(view emergency.KeepersView, patient string) []field {
	chosen := x.value("role")
	if !slices.Contains(view.MayInvite, chosen) {
		chosen = view.MayInvite[0]
		if view.HandoverDue {
			chosen = emergency.KeeperSelf
		}
	}
	role := field{ID: "role", Kind: "radio", Label: x.T("keepers.invite.role")}
	for _, each := range view.MayInvite {
		role.Options = append(role.Options, option{Value: each, Label: x.T("keepers.invite."+each, "name", patient), Hint: x.T("keepers.invite."+each+".hint", "name", patient), Chosen: each == chosen})
	}
	return []field{{ID: "name", Kind: "text", Label: x.T("keepers.invite.name"), Value: x.value("name")}, role}
}

// inviteKeeper invites somebody. The link is shown this once: the page is the answer to the form, so that no address leads to it again.
func (s *Server) inviteKeeper(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	made, err := s.Service.InviteKeeper(x.r.Context(), x.caller, id, x.value("name"), x.value("role"))
	if wrong, is := x.faultOf(err); is {
		wrong.Text = x.T("keepers.fault." + wrong.Field)
		return x.keepersPage([]fault{wrong})
	}
	if err != nil {
		return err
	}
	return x.invitedPage("/patients/"+string(id)+"/keepers", x.value("name"), made)
}

// withdrawKeepers ends the invitations that nobody has taken up.
func (s *Server) withdrawKeepers(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	if err := s.Service.WithdrawKeepers(x.r.Context(), x.caller, id); err != nil {
		return err
	}
	return x.redirect("/patients/" + string(id) + "/keepers")
}

// askRemoveKeeper asks whether somebody is to keep a record no more.
func (s *Server) askRemoveKeeper(x *exchange) error {
	p, id, err := x.patientPage("", "keepers.remove.title")
	if err != nil {
		return err
	}
	view, err := s.Service.Keepers(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(view.Keepers, func(k emergency.KeeperView) bool { return string(k.Account) == x.variable("keeper") })
	if i < 0 || !view.Keepers[i].Removable {
		return notFound
	}
	keeper := view.Keepers[i]
	data := struct {
		Action, Lead, Button string
		Fresh                int
	}{p.Back + "/keepers/" + string(keeper.Account) + "/remove", x.T("keepers.remove.lead"), x.T("keepers.remove.button"), x.freshSeconds()}
	p.Title = x.T("keepers.remove.title", "name", keeper.Name)
	if keeper.You {
		p.Title, data.Lead, data.Button = x.T("keepers.leave.title"), x.T("keepers.leave.lead"), x.T("keepers.leave.button")
	}
	p.Back, p.Scripts, p.D = p.Back+"/keepers", []string{"js/console/approve.js"}, data
	return x.show("keeper_remove", p)
}

// removeKeeper ends that somebody keeps a record.
func (s *Server) removeKeeper(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	account := emergency.AccountID(x.variable("keeper"))
	if err := s.Service.RemoveKeeper(x.r.Context(), x.caller, id, account); err != nil {
		return err
	}
	if account == x.caller.Account {
		return x.redirect("/home")
	}
	return x.redirect("/patients/" + string(id) + "/keepers")
}
