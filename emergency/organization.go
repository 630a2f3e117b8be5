package emergency

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/locket-health/locket/audit"
)

// OrganizationID names an organization of this house.
type OrganizationID string

// Organization is whom badges are given by: an ambulance service, a hospital, a shelter.
type Organization struct {
	ID          OrganizationID
	SealedName  []byte
	SealedMail  []byte // where its administrators are told that a patient waits for an answer, nil for nowhere
	Kind        string // rules.KindEMS, ..., or KindOperator
	Country     string // ISO 3166-1 alpha-2, "" for none
	Hardware    bool   // its members' passkeys must be bound to hardware
	CreatedAt   time.Time
	SuspendedAt time.Time // zero while its badges count
}

// KindOperator is the kind of the organization whose members are the privacy officers of this house. It breaks no glass.
const KindOperator = "operator"

// OrganizationView is an organization with its name.
type OrganizationView struct {
	ID          OrganizationID
	Name        string
	Kind        string
	Country     string
	Hardware    bool
	CreatedAt   time.Time
	SuspendedAt time.Time
	Active      int    // members whose badges count, where it was asked for
	Admins      int    // of them
	Role        string // of the caller, where a member asks
}

// NewOrganization is what an organization begins with.
type NewOrganization struct {
	Name     string
	Kind     string
	Country  string
	Hardware bool
}

// clean checks what an operator has typed.
func (n *NewOrganization) clean() error {
	name, err := cleanName("name", n.Name)
	if err != nil {
		return err
	}
	n.Name = name
	if n.Kind == "" || n.Kind == KindOperator || len(n.Kind) > maxKind || strings.Trim(n.Kind, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ErrInvalid.with("field", "kind")
	}
	if n.Country != "" && (len(n.Country) != 2 || strings.Trim(n.Country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		return ErrInvalid.with("field", "country")
	}
	return nil
}

// maxKind bounds the word for a kind of organization, in bytes.
const maxKind = 32

// MakeOrganization makes an organization and invites somebody to administer it. Only the operator can: who is let in here speaks for an ambulance service.
func (s *Service) MakeOrganization(ctx context.Context, c Caller, new NewOrganization) (OrganizationID, Invited, error) {
	if !c.Operator {
		return "", Invited{}, ErrSignIn
	}
	if err := new.clean(); err != nil {
		return "", Invited{}, err
	}
	var id OrganizationID
	var link Invited
	err := s.Store.Update(ctx, func(tx Tx) (err error) {
		if id, err = s.putOrganization(tx, c, new); err != nil {
			return err
		}
		link, err = s.inviteTo(tx, c, id, invited{Role: RoleAdmin})
		return err
	})
	return id, link, err
}

func (s *Service) putOrganization(tx Tx, c Caller, new NewOrganization) (OrganizationID, error) {
	id, err := newID(s.Rand)
	if err != nil {
		return "", err
	}
	organization := Organization{ID: OrganizationID(id), Kind: new.Kind, Country: new.Country, Hardware: new.Hardware, CreatedAt: s.now()}
	if organization.SealedName, err = s.seal("organization", "name", id, []byte(new.Name)); err != nil {
		return "", err
	}
	event := s.event(c, audit.OrganizationMade, id)
	event.Details = map[string]string{"kind": new.Kind}
	tx.Append(event)
	return organization.ID, tx.PutOrganization(organization)
}

// InviteAdmin invites a further administrator of an organization.
func (s *Service) InviteAdmin(ctx context.Context, c Caller, id OrganizationID) (Invited, error) {
	if !c.Operator {
		return Invited{}, ErrSignIn
	}
	var link Invited
	err := s.Store.Update(ctx, func(tx Tx) (err error) {
		if _, err = s.activeOrganization(tx, id); err != nil {
			return err
		}
		link, err = s.inviteTo(tx, c, id, invited{Role: RoleAdmin})
		return err
	})
	return link, err
}

// InviteOfficer invites a privacy officer of this house, and makes the organization of the operator for the first of them.
func (s *Service) InviteOfficer(ctx context.Context, c Caller, name string) (Invited, error) {
	if !c.Operator {
		return Invited{}, ErrSignIn
	}
	name, err := cleanName("name", name)
	if err != nil {
		return Invited{}, err
	}
	var link Invited
	err = s.Store.Update(ctx, func(tx Tx) error {
		id, err := operatorIn(tx)
		if errors.Is(err, ErrNotFound) {
			id, err = s.putOrganization(tx, c, NewOrganization{Name: s.Issuer(), Kind: KindOperator})
		}
		if err != nil {
			return err
		}
		link, err = s.inviteTo(tx, c, id, invited{Name: name, Role: RoleAdmin})
		return err
	})
	return link, err
}

// operatorIn finds the organization of the operator.
func operatorIn(r Reader) (OrganizationID, error) {
	all, err := r.Organizations()
	if err != nil {
		return "", err
	}
	for _, organization := range all {
		if organization.Kind == KindOperator {
			return organization.ID, nil
		}
	}
	return "", ErrNotFound
}

// officerIn reports whether the caller is a privacy officer of this house.
func officerIn(r Reader, c Caller) (bool, error) {
	if !c.SignedIn() {
		return false, nil
	}
	id, err := operatorIn(r)
	if err == nil {
		_, err = activeMember(r, id, c.Account)
	}
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Organizations lists all organizations of the house, for its operator.
func (s *Service) Organizations(ctx context.Context, c Caller) ([]OrganizationView, error) {
	if !c.Operator {
		return nil, ErrSignIn
	}
	var views []OrganizationView
	err := s.Store.View(ctx, func(r Reader) error {
		all, err := r.Organizations()
		if err != nil {
			return err
		}
		for _, organization := range all {
			view, err := s.viewOrganization(organization)
			if err != nil {
				return err
			}
			members, err := r.Members(organization.ID)
			if err != nil {
				return err
			}
			view.Active, view.Admins = active(members)
			views = append(views, view)
		}
		return nil
	})
	return views, err
}

// active counts the members whose badges count, and the administrators among them.
func active(members []Member) (all, admins int) {
	for _, member := range members {
		if !member.SuspendedAt.IsZero() {
			continue
		}
		all++
		if member.Role == RoleAdmin {
			admins++
		}
	}
	return all, admins
}

// SuspendOrganization ends everything of an organization at once: no badge of it counts, and what was opened with one closes.
func (s *Service) SuspendOrganization(ctx context.Context, c Caller, id OrganizationID) error {
	return s.changeOrganization(ctx, c, id, audit.OrganizationSuspended, func(tx Tx, organization *Organization) error {
		now := s.now()
		if !organization.SuspendedAt.IsZero() {
			return ErrNotFound
		}
		organization.SuspendedAt = now
		if err := tx.RevokeBadges(id, "", now); err != nil {
			return err
		}
		for _, purpose := range []string{InviteAdmin, InviteMember} {
			if err := tx.DeleteInvitations(purpose, string(id)); err != nil {
				return err
			}
		}
		return tx.EndMemberGrants(id, "", now)
	})
}

// RestoreOrganization lets an organization's badges count again. Its members are as they were; what was revoked stays revoked.
func (s *Service) RestoreOrganization(ctx context.Context, c Caller, id OrganizationID) error {
	return s.changeOrganization(ctx, c, id, audit.OrganizationRestored, func(_ Tx, organization *Organization) error {
		if organization.SuspendedAt.IsZero() {
			return ErrNotFound
		}
		organization.SuspendedAt = time.Time{}
		return nil
	})
}

func (s *Service) changeOrganization(ctx context.Context, c Caller, id OrganizationID, kind audit.Type, change func(Tx, *Organization) error) error {
	if !c.Operator {
		return ErrSignIn
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		organization, err := tx.Organization(id)
		if err != nil {
			return err
		}
		if err := change(tx, &organization); err != nil {
			return err
		}
		tx.Append(s.event(c, kind, string(id)))
		return tx.PutOrganization(organization)
	})
}

func (s *Service) viewOrganization(o Organization) (OrganizationView, error) {
	name, err := s.unseal("organization", "name", string(o.ID), o.SealedName)
	return OrganizationView{ID: o.ID, Name: string(name), Kind: o.Kind, Country: o.Country, Hardware: o.Hardware, CreatedAt: o.CreatedAt,
		SuspendedAt: o.SuspendedAt}, err
}

// activeOrganization reads an organization that is not suspended; one that is answers as one that is not there.
func (s *Service) activeOrganization(r Reader, id OrganizationID) (OrganizationView, error) {
	organization, err := r.Organization(id)
	if err != nil {
		return OrganizationView{}, err
	}
	if !organization.SuspendedAt.IsZero() {
		return OrganizationView{}, ErrNotFound
	}
	return s.viewOrganization(organization)
}
