package emergency

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Invitation is a link that somebody takes up once: to administer an organization, to wear its badge, to be a contact, to keep a record together, or to look at
// one event as a contact. Only the hash of its secret is stored.
type Invitation struct {
	Token     Token
	Purpose   string
	Target    string    // the organization, contact or patient
	By        AccountID // "" for the operator
	Sealed    []byte    // what else it says
	CreatedAt time.Time
	ExpiresAt time.Time
}

// The purposes of invitations.
const (
	InviteAdmin   = "admin"   // to administer an organization
	InviteMember  = "member"  // to wear its badge
	InviteContact = "contact" // to be told of openings and to be asked
	InviteKeeper  = "keeper"  // to keep a record together
	InviteSelf    = "self"    // to take over one's own record
	InviteEvent   = "event"   // a contact's way to one opening or wait; it can be used until it expires
)

// invitationLife is how long an invitation waits to be taken up.
const invitationLife = 7 * 24 * time.Hour

// invitePath is the page on which an invitation is taken up. Its secret stands behind #.
const invitePath = "/invite"

// Invited is an invitation for whoever passes it on: nothing shows the link again.
type Invited struct {
	Link      string
	ExpiresAt time.Time
}

// InvitationView is what an invitation is for, as whoever holds its link may read it.
type InvitationView struct {
	Purpose      string
	Name         string // of whoever is invited, or of whom it is about, as the inviter says
	Organization string // its name
	Kind         string // of the organization; the role of a keeper
	About        string // initials of the patient whose contact or keeper somebody is to be
	Hardware     bool   // it takes passkeys alone that are bound to hardware
	ExpiresAt    time.Time
}

// Acceptance is what somebody says who takes an invitation up.
type Acceptance struct {
	Name string // what they are to be called, "" for as they were invited
	Code bool   // a contact: to be known by a code, not by the passkey of an account
}

// Accepted is what comes of it.
type Accepted struct {
	Location string // the page to go on to; of a contact the one that is theirs for years, which they should keep
	Code     string // of a contact who chose one; it is shown once
}

// invited is what Invitation.Sealed holds.
type invited struct {
	Name string `json:"name,omitempty"`
	Role string `json:"role,omitempty"`
}

// invite stores an invitation in a transaction and returns its link.
func (s *Service) invite(tx Tx, c Caller, purpose, target string, body invited) (Invited, error) {
	secret, hash, err := s.newToken()
	if err != nil {
		return Invited{}, err
	}
	plain, err := json.Marshal(body)
	if err != nil {
		return Invited{}, err
	}
	now := s.now()
	invitation := Invitation{Token: hash, Purpose: purpose, Target: target, By: c.Account, CreatedAt: now, ExpiresAt: now.Add(invitationLife)}
	if invitation.Sealed, err = s.seal("invitation", "body", hash.String(), plain); err != nil {
		return Invited{}, err
	}
	return Invited{Link: s.URL + invitePath + "#" + secret, ExpiresAt: invitation.ExpiresAt}, tx.PutInvitation(invitation)
}

// openInvitation reads what an invitation says.
func (s *Service) openInvitation(i Invitation) (invited, error) {
	var body invited
	plain, err := s.unseal("invitation", "body", i.Token.String(), i.Sealed)
	if err != nil || plain == nil {
		return body, err
	}
	return body, json.Unmarshal(plain, &body)
}

// Invitation says what a link is for. One that is unknown, used, withdrawn or over is ErrNotFound, and so is one whose organization or patient is not there any more.
func (s *Service) Invitation(ctx context.Context, c Caller, token string) (InvitationView, error) {
	var view InvitationView
	err := s.Store.View(ctx, func(r Reader) error {
		invitation, err := r.Invitation(hashToken(token))
		if err != nil {
			return err
		}
		view, err = s.viewInvitation(r, invitation)
		return err
	})
	return view, err
}

// viewInvitation reads an invitation that can still be taken up.
func (s *Service) viewInvitation(r Reader, invitation Invitation) (InvitationView, error) {
	if !s.now().Before(invitation.ExpiresAt) {
		return InvitationView{}, ErrNotFound
	}
	body, err := s.openInvitation(invitation)
	if err != nil {
		return InvitationView{}, err
	}
	view := InvitationView{Purpose: invitation.Purpose, Name: body.Name, ExpiresAt: invitation.ExpiresAt}
	switch invitation.Purpose {
	case InviteAdmin, InviteMember:
		organization, err := s.activeOrganization(r, OrganizationID(invitation.Target))
		if err != nil {
			return InvitationView{}, err
		}
		view.Organization, view.Kind, view.Hardware = organization.Name, organization.Kind, organization.Hardware
	case InviteContact:
		if view.About, err = s.viewContactInvitation(r, ContactID(invitation.Target)); err != nil {
			return InvitationView{}, err
		}
	case InviteKeeper, InviteSelf:
		view.Kind = body.Role
		if view.About, err = s.viewKeeperInvitation(r, invitation, body.Role); err != nil {
			return InvitationView{}, err
		}
	default:
		return InvitationView{}, ErrNotFound // the link of an event is taken up by nobody
	}
	return view, nil
}

// AcceptInvitation takes an invitation up, once: of all who try at the same moment one succeeds, and whoever is refused has not used it up. Until then whoever
// was invited may do nothing.
func (s *Service) AcceptInvitation(ctx context.Context, c Caller, token string, acceptance Acceptance) (Accepted, error) {
	if acceptance.Name != "" {
		name, err := cleanName("name", acceptance.Name)
		if err != nil {
			return Accepted{}, err
		}
		acceptance.Name = name
	}
	var drawn *contactCode
	if acceptance.Code {
		var err error
		if drawn, err = s.drawContactCode(ctx, token); err != nil {
			return Accepted{}, err
		}
	}
	var accepted Accepted
	err := s.Store.Update(ctx, func(tx Tx) error {
		invitation, err := tx.TakeInvitation(hashToken(token))
		if err != nil {
			return err
		}
		if !s.now().Before(invitation.ExpiresAt) {
			return ErrNotFound
		}
		switch invitation.Purpose {
		case InviteAdmin, InviteMember:
			accepted, err = s.acceptMember(tx, c, invitation, acceptance)
		case InviteContact:
			accepted, err = s.acceptContact(tx, c, invitation, drawn)
		case InviteKeeper, InviteSelf:
			accepted, err = s.acceptKeeper(tx, c, invitation)
		default:
			err = ErrNotFound
		}
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return Accepted{}, ErrNotFound // all that is wrong with a link is one answer
	}
	return accepted, err
}
