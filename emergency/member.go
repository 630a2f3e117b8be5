package emergency

import (
	"context"
	"errors"
	"time"

	"github.com/locket-health/locket/audit"
)

// Member is an account that belongs to an organization.
type Member struct {
	Organization OrganizationID
	Account      AccountID
	Role         string // RoleAdmin, RoleResponder
	SealedName   []byte // as the organization knows them
	CreatedAt    time.Time
	SuspendedAt  time.Time // zero while their badge counts
}

// What a member may do.
const (
	RoleAdmin     = "admin"     // invites and suspends members, answers reviews, and has a badge
	RoleResponder = "responder" // has a badge
)

// MemberView is somebody of an organization, as its administrators see them.
type MemberView struct {
	Account     AccountID
	Name        string
	Role        string
	CreatedAt   time.Time
	SuspendedAt time.Time
	Self        bool // the caller
}

// PendingMember is somebody who was invited and has not come yet.
type PendingMember struct {
	ID        string // names the invitation; it opens nothing
	Name      string
	Role      string
	ExpiresAt time.Time
}

// CrewOpening is an opening by somebody of an organization. It says nothing of the patient.
type CrewOpening struct {
	Grant   GrantID
	Member  AccountID
	Name    string // of the member
	At      time.Time
	Until   time.Time
	EndedAt time.Time
	Step    string
	Reason  string
	Drill   bool
}

// Crew is an organization as one of its members sees it. A responder sees themselves and their own openings.
type Crew struct {
	OrganizationView
	Members  []MemberView
	Pending  []PendingMember
	Openings []CrewOpening // newest first
}

// maxMembers bounds an organization: its page lists them all.
const maxMembers = 2000

// crewOpenings is how many openings the page of an organization shows.
const crewOpenings = 100

// inviteTo stores an invitation to an organization, with its entry.
func (s *Service) inviteTo(tx Tx, c Caller, id OrganizationID, body invited) (Invited, error) {
	purpose := InviteMember
	if body.Role == RoleAdmin {
		purpose = InviteAdmin
	}
	event := s.event(c, audit.MemberInvited, string(id))
	event.Details = map[string]string{"role": body.Role}
	tx.Append(event)
	return s.invite(tx, c, purpose, string(id), body)
}

// InviteMember invites somebody to an organization that the caller administers. Name is what the organization calls them: it stands on their badge.
func (s *Service) InviteMember(ctx context.Context, c Caller, id OrganizationID, name, role string) (Invited, error) {
	name, err := cleanName("name", name)
	if err != nil {
		return Invited{}, err
	}
	if role != RoleAdmin && role != RoleResponder {
		return Invited{}, ErrInvalid.with("field", "role")
	}
	var link Invited
	err = s.Store.Update(ctx, func(tx Tx) error {
		if err := s.administers(tx, c, id); err != nil {
			return err
		}
		if !c.fresh(s.now()) {
			return ErrFreshPasskey
		}
		members, err := tx.Members(id)
		if err != nil {
			return err
		}
		pending, err := s.pending(tx, id)
		if err != nil {
			return err
		}
		if len(members)+len(pending) >= maxMembers {
			return ErrTooLarge
		}
		link, err = s.inviteTo(tx, c, id, invited{Name: name, Role: role})
		return err
	})
	return link, err
}

// WithdrawInvitation ends an invitation to an organization that the caller administers before anybody has taken it up.
func (s *Service) WithdrawInvitation(ctx context.Context, c Caller, id OrganizationID, invitation string) error {
	hash, err := parseToken(invitation)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		if err := s.administers(tx, c, id); err != nil {
			return err
		}
		taken, err := tx.TakeInvitation(hash)
		if err != nil {
			return err
		}
		if taken.Target != string(id) || taken.Purpose != InviteAdmin && taken.Purpose != InviteMember {
			return ErrNotFound
		}
		tx.Append(s.event(c, audit.InvitationWithdrawn, string(id)))
		return nil
	})
}

// acceptMember makes whoever is signed in a member of the organization that invites them.
func (s *Service) acceptMember(tx Tx, c Caller, invitation Invitation, acceptance Acceptance) (Accepted, error) {
	if !c.SignedIn() {
		return Accepted{}, ErrSignIn
	}
	id := OrganizationID(invitation.Target)
	organization, err := s.activeOrganization(tx, id)
	if err != nil {
		return Accepted{}, err
	}
	if organization.Hardware {
		bound, err := s.boundToHardware(tx, c.Account)
		if err != nil {
			return Accepted{}, err
		}
		if !bound {
			return Accepted{}, ErrHardware
		}
	}
	body, err := s.openInvitation(invitation)
	if err != nil {
		return Accepted{}, err
	}
	member := Member{Organization: id, Account: c.Account, Role: RoleResponder, CreatedAt: s.now()}
	if invitation.Purpose == InviteAdmin {
		member.Role = RoleAdmin
	}
	// Somebody who was suspended does not come back by a colleague's link.
	before, err := tx.Member(id, c.Account)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Accepted{}, err
	}
	if err == nil && (!before.SuspendedAt.IsZero() || before.Role == RoleAdmin || before.Role == member.Role) {
		return Accepted{}, ErrMember
	}
	name := body.Name
	if name == "" {
		name = acceptance.Name // nobody has said it for them: the first administrator
	}
	if name == "" {
		account, err := tx.Account(c.Account)
		if err != nil {
			return Accepted{}, err
		}
		profile, err := s.openProfile(account)
		if err != nil {
			return Accepted{}, err
		}
		name = profile.Name
	}
	if member.SealedName, err = s.seal("member", "name", memberRow(id, c.Account), []byte(name)); err != nil {
		return Accepted{}, err
	}
	event := s.event(c, audit.MemberAdded, string(id))
	event.Details = map[string]string{"member": string(c.Account), "role": member.Role}
	tx.Append(event)
	location := "/org/" + string(id)
	if organization.Kind == KindOperator {
		location = "/officer"
	}
	return Accepted{Location: location}, tx.PutMember(member)
}

func memberRow(organization OrganizationID, account AccountID) string {
	return string(organization) + "/" + string(account)
}

// SuspendMember takes somebody's badge away at once: no badge of theirs counts, what they have opened with it closes, and their next request is one of anybody.
// The organization's administrators can, and the privacy officers of this house. The last administrator cannot be suspended: suspend the organization.
func (s *Service) SuspendMember(ctx context.Context, c Caller, id OrganizationID, account AccountID) error {
	return s.changeMember(ctx, c, id, account, audit.MemberSuspended, func(tx Tx, member *Member) error {
		if !member.SuspendedAt.IsZero() {
			return ErrNotFound
		}
		members, err := tx.Members(id)
		if err != nil {
			return err
		}
		if _, admins := active(members); member.Role == RoleAdmin && admins < 2 {
			return ErrLastAdmin
		}
		now := s.now()
		member.SuspendedAt = now
		return errors.Join(tx.RevokeBadges(id, account, now), tx.EndMemberGrants(id, account, now))
	})
}

// RestoreMember gives somebody their badge back. What was revoked and what was closed stays so.
func (s *Service) RestoreMember(ctx context.Context, c Caller, id OrganizationID, account AccountID) error {
	if !c.fresh(s.now()) {
		return errors.Join(signedIn(c), ErrFreshPasskey)
	}
	return s.changeMember(ctx, c, id, account, audit.MemberRestored, func(_ Tx, member *Member) error {
		if member.SuspendedAt.IsZero() {
			return ErrNotFound
		}
		member.SuspendedAt = time.Time{}
		return nil
	})
}

func (s *Service) changeMember(ctx context.Context, c Caller, id OrganizationID, account AccountID, kind audit.Type, change func(Tx, *Member) error) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		officer, err := officerIn(tx, c)
		if err != nil {
			return err
		}
		if !officer {
			if err := s.administers(tx, c, id); err != nil {
				return err
			}
		}
		member, err := tx.Member(id, account)
		if err != nil {
			return err
		}
		if err := change(tx, &member); err != nil {
			return err
		}
		event := s.event(c, kind, string(id))
		event.Details = map[string]string{"member": string(account)}
		tx.Append(event)
		return tx.PutMember(member)
	})
}

// leaveOrganizations ends the badges of an account that is deleted. What the organizations call it stays: it stands beside what it has opened.
func (s *Service) leaveOrganizations(tx Tx, c Caller) error {
	members, err := tx.Memberships(c.Account)
	if err != nil {
		return err
	}
	now := s.now()
	for _, member := range members {
		if !member.SuspendedAt.IsZero() {
			continue
		}
		member.SuspendedAt = now
		event := s.event(c, audit.MemberSuspended, string(member.Organization))
		event.Details = map[string]string{"member": string(c.Account), "cause": "account_deleted"}
		tx.Append(event)
		if err := errors.Join(tx.RevokeBadges(member.Organization, c.Account, now), tx.EndMemberGrants(member.Organization, c.Account, now), tx.PutMember(member)); err != nil {
			return err
		}
	}
	return nil
}

// administers checks that the caller administers an organization. Of an organization that is none of theirs they learn nothing.
func (s *Service) administers(r Reader, c Caller, id OrganizationID) error {
	if err := signedIn(c); err != nil {
		return err
	}
	if _, err := s.activeOrganization(r, id); err != nil {
		return err
	}
	member, err := activeMember(r, id, c.Account)
	if err != nil {
		return err
	}
	if member.Role != RoleAdmin {
		return ErrNotFound
	}
	return nil
}

// activeMember reads a member who is not suspended.
func activeMember(r Reader, id OrganizationID, account AccountID) (Member, error) {
	member, err := r.Member(id, account)
	if err != nil {
		return Member{}, err
	}
	if !member.SuspendedAt.IsZero() {
		return Member{}, ErrNotFound
	}
	return member, nil
}

// signedIn is ErrSignIn for a stranger.
func signedIn(c Caller) error {
	if !c.SignedIn() {
		return ErrSignIn
	}
	return nil
}

// Memberships lists the organizations in which the caller's badge counts, and that of the operator.
func (s *Service) Memberships(ctx context.Context, c Caller) ([]OrganizationView, error) {
	if err := signedIn(c); err != nil {
		return nil, err
	}
	var views []OrganizationView
	err := s.Store.View(ctx, func(r Reader) error {
		members, err := r.Memberships(c.Account)
		if err != nil {
			return err
		}
		for _, member := range members {
			if !member.SuspendedAt.IsZero() {
				continue
			}
			view, err := s.activeOrganization(r, member.Organization)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			view.Role = member.Role
			views = append(views, view)
		}
		return nil
	})
	return views, err
}

// Crew shows an organization to one of its members.
func (s *Service) Crew(ctx context.Context, c Caller, id OrganizationID) (Crew, error) {
	var crew Crew
	if err := signedIn(c); err != nil {
		return crew, err
	}
	err := s.Store.View(ctx, func(r Reader) (err error) {
		if crew.OrganizationView, err = s.activeOrganization(r, id); err != nil {
			return err
		}
		self, err := activeMember(r, id, c.Account)
		if err != nil {
			return err
		}
		crew.Role = self.Role
		members := []Member{self}
		if self.Role == RoleAdmin {
			if members, err = r.Members(id); err != nil {
				return err
			}
			if crew.Pending, err = s.pending(r, id); err != nil {
				return err
			}
		}
		names := make(map[AccountID]string, len(members))
		for _, member := range members {
			name, err := s.unseal("member", "name", memberRow(id, member.Account), member.SealedName)
			if err != nil {
				return err
			}
			names[member.Account] = string(name)
			crew.Members = append(crew.Members, MemberView{Account: member.Account, Name: string(name), Role: member.Role, CreatedAt: member.CreatedAt,
				SuspendedAt: member.SuspendedAt, Self: member.Account == c.Account})
		}
		crew.Active, crew.Admins = active(members)
		grants, err := r.Grants(GrantFilter{Organization: id})
		if err != nil {
			return err
		}
		for _, grant := range grants {
			name, known := names[grant.Member]
			if !known || len(crew.Openings) == crewOpenings {
				continue
			}
			stated, err := s.openStated("grant", string(grant.ID), grant.SealedStated)
			if err != nil {
				return err
			}
			crew.Openings = append(crew.Openings, CrewOpening{Grant: grant.ID, Member: grant.Member, Name: name, At: grant.From, Until: grant.Until,
				EndedAt: grant.EndedAt, Step: grant.Step, Reason: stated.Reason, Drill: grant.Drill})
		}
		return nil
	})
	return crew, err
}

// pending lists who was invited to an organization and can still come.
func (s *Service) pending(r Reader, id OrganizationID) ([]PendingMember, error) {
	var pending []PendingMember
	now := s.now()
	for _, purpose := range []string{InviteAdmin, InviteMember} {
		invitations, err := r.Invitations(purpose, string(id))
		if err != nil {
			return nil, err
		}
		for _, invitation := range invitations {
			if !now.Before(invitation.ExpiresAt) {
				continue
			}
			body, err := s.openInvitation(invitation)
			if err != nil {
				return nil, err
			}
			pending = append(pending, PendingMember{ID: invitation.Token.String(), Name: body.Name, Role: body.Role, ExpiresAt: invitation.ExpiresAt})
		}
	}
	return pending, nil
}
