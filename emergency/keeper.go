package emergency

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/locket-health/locket/audit"
)

// Keeper is an account that keeps a patient's record.
type Keeper struct {
	Account AccountID
	Patient PatientID
	Role    string // KeeperSelf, KeeperGuardian, KeeperOther
	AddedAt time.Time
	SeenSeq uint64 // the last log entry of the patient that this keeper has looked at: what one has seen is still news to another
}

// In which capacity somebody keeps a record.
const (
	KeeperOther    = "keeper"
	KeeperGuardian = "guardian" // does not see what the patient keeps confidential, and makes nobody a keeper
	KeeperSelf     = "self"     // the patient
)

// maxKeepers is how many keep one record at most, those who are invited included.
const maxKeepers = 10

// KeeperView is somebody who keeps a record, as those who keep it with them see them.
type KeeperView struct {
	Account   AccountID
	Name      string
	Role      string
	AddedAt   time.Time
	You       bool
	Removable bool // by the caller; of the caller's own: may leave
}

// KeeperInvited is somebody who was invited and has not come yet.
type KeeperInvited struct {
	Name, Role string
	ExpiresAt  time.Time
}

// KeepersView says who keeps a record, and what the caller may do about it.
type KeepersView struct {
	Role        string // the caller's own
	Keepers     []KeeperView
	Invited     []KeeperInvited
	MayInvite   []string // the roles that the caller may invite to
	BirthKnown  bool     // without a birth date nobody can be invited to take over their own record
	HandoverDue bool     // the record was begun for a child who is old enough now to keep it
}

// Keepers says who keeps the record of a patient whom the caller keeps.
func (s *Service) Keepers(ctx context.Context, c Caller, id PatientID) (KeepersView, error) {
	var view KeepersView
	err := s.Store.View(ctx, func(r Reader) error {
		if !c.SignedIn() {
			return ErrSignIn
		}
		patient, err := s.keptIn(r, c, id)
		if err != nil {
			return err
		}
		keepers, err := r.KeepersOf(id)
		if err != nil {
			return err
		}
		me, found := keeperAmong(keepers, c.Account)
		if !found {
			return ErrNotFound
		}
		birth, err := s.birthIn(r, c, id)
		if err != nil {
			s.Logger.ErrorContext(ctx, "a record cannot be read; who keeps it is said all the same", "err", err)
		}
		view.Role, view.BirthKnown = me.Role, birth != ""
		if s.everybodys(id) {
			keepers = []Keeper{me} // those who try a demonstration do not learn of one another
		}
		for _, keeper := range keepers {
			account, err := r.Account(keeper.Account)
			if err != nil {
				return err
			}
			profile, err := s.openProfile(account)
			if err != nil {
				return err
			}
			view.Keepers = append(view.Keepers, KeeperView{Account: keeper.Account, Name: profile.Name, Role: keeper.Role, AddedAt: keeper.AddedAt,
				You: keeper.Account == c.Account, Removable: removable(keepers, me, keeper) == nil})
		}
		for _, role := range []string{KeeperOther, KeeperGuardian, KeeperSelf} {
			if !s.everybodys(id) && mayInvite(keepers, me, role) && (role != KeeperSelf || grown(birth, ownAccountAge, s.now())) {
				view.MayInvite = append(view.MayInvite, role)
			}
		}
		view.HandoverDue = slices.Contains(view.MayInvite, KeeperSelf) && s.outgrown(patient, birth)
		view.Invited, err = s.keepersInvited(r, id)
		return err
	})
	return view, err
}

// keepersInvited lists who was invited to keep a record and may still come.
func (s *Service) keepersInvited(r Reader, id PatientID) (list []KeeperInvited, err error) {
	for _, purpose := range []string{InviteKeeper, InviteSelf} {
		open, err := r.Invitations(purpose, string(id))
		if err != nil {
			return nil, err
		}
		for _, invitation := range open {
			if !s.now().Before(invitation.ExpiresAt) {
				continue
			}
			body, err := s.openInvitation(invitation)
			if err != nil {
				return nil, err
			}
			list = append(list, KeeperInvited{Name: body.Name, Role: body.Role, ExpiresAt: invitation.ExpiresAt})
		}
	}
	return list, nil
}

// everybodys reports whether a patient is kept by whoever comes, as those of a demonstration are. Nobody there is anybody's guardian.
func (s *Service) everybodys(id PatientID) bool { return slices.Contains(s.welcome, id) }

func keeperAmong(keepers []Keeper, account AccountID) (Keeper, bool) {
	i := slices.IndexFunc(keepers, func(k Keeper) bool { return k.Account == account })
	if i < 0 {
		return Keeper{}, false
	}
	return keepers[i], true
}

// keptBySelf reports whether the patient is one of the keepers.
func keptBySelf(keepers []Keeper) bool {
	return slices.ContainsFunc(keepers, func(k Keeper) bool { return k.Role == KeeperSelf })
}

// mayInvite reports whether a keeper may invite somebody to a role. A patient who keeps their own record says alone who keeps it with them, and a guardian makes
// nobody more than they are: what they ask for themselves by another account they do not get either.
func mayInvite(keepers []Keeper, me Keeper, role string) bool {
	switch {
	case role == KeeperSelf && keptBySelf(keepers):
		return false
	case me.Role == KeeperSelf:
		return true
	}
	return me.Role == KeeperOther && !keptBySelf(keepers)
}

// removable says whether me may end that other keeps the record. Everybody may leave, as long as somebody stays who is not a guardian alone.
func removable(keepers []Keeper, me, other Keeper) error {
	if me.Account != other.Account && (other.Role == KeeperSelf || me.Role == KeeperGuardian || me.Role != KeeperSelf && keptBySelf(keepers)) {
		return ErrGuardian
	}
	for _, keeper := range keepers {
		if keeper.Account != other.Account && (keeper.Role != KeeperGuardian || other.Role == KeeperGuardian) {
			return nil
		}
	}
	return ErrLastKeeper
}

// InviteKeeper invites somebody by a link to keep a record too, in a role. It needs a fresh passkey: a keeper sees what no break-glass opens.
func (s *Service) InviteKeeper(ctx context.Context, c Caller, id PatientID, name, role string) (Invited, error) {
	if !slices.Contains([]string{KeeperOther, KeeperGuardian, KeeperSelf}, role) {
		return Invited{}, ErrInvalid.with("field", "role")
	}
	name, err := cleanName("name", name)
	if err != nil {
		return Invited{}, err
	}
	var made Invited
	err = s.Store.Update(ctx, func(tx Tx) error {
		me, keepers, err := s.keptWith(tx, c, id)
		if err != nil {
			return err
		}
		if !mayInvite(keepers, me, role) || s.everybodys(id) {
			return ErrGuardian
		}
		purpose := InviteKeeper
		if role == KeeperSelf {
			purpose = InviteSelf
			birth, err := s.birthIn(tx, c, id)
			if err != nil {
				return err
			}
			if !grown(birth, ownAccountAge, s.now()) {
				return ErrTooYoung.with("age", ownAccountAge)
			}
			if err := tx.DeleteInvitations(InviteSelf, string(id)); err != nil { // there is one patient: a new link ends the one before
				return err
			}
		}
		waiting, err := s.keepersInvited(tx, id)
		if err != nil {
			return err
		}
		if len(keepers)+len(waiting) >= maxKeepers {
			return ErrTooLarge.with("limit", maxKeepers)
		}
		if made, err = s.invite(tx, c, purpose, string(id), invited{Name: name, Role: role}); err != nil {
			return err
		}
		event := s.event(c, audit.KeeperInvited, string(id))
		event.Details = map[string]string{"role": role}
		tx.Append(event)
		return s.tellKeepers(tx, id)
	})
	return made, err
}

// keptWith reads the caller and all keepers of a patient whom they keep, for an act that needs a fresh passkey.
func (s *Service) keptWith(r Reader, c Caller, id PatientID) (me Keeper, keepers []Keeper, err error) {
	if !c.SignedIn() {
		return me, nil, ErrSignIn // keeping together is no matter of an operator
	}
	if _, err := s.keptCool(r, c, id); err != nil {
		return me, nil, err
	}
	if keepers, err = r.KeepersOf(id); err != nil {
		return me, nil, err
	}
	me, found := keeperAmong(keepers, c.Account)
	if !found {
		return me, nil, ErrNotFound
	}
	return me, keepers, nil
}

// tellKeepers tells the own addresses that who keeps the record is changing.
func (s *Service) tellKeepers(tx Tx, id PatientID) error {
	return s.tell(tx, news{Kind: NewsKeepers, Patient: id, OwnOnly: true})
}

// WithdrawKeepers ends every invitation to keep a record. It needs no fresh passkey: it takes nothing from anybody.
func (s *Service) WithdrawKeepers(ctx context.Context, c Caller, id PatientID) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		if _, err := s.keptIn(tx, c, id); err != nil {
			return err
		}
		me, err := tx.Keeper(c.Account, id)
		if err != nil {
			return err
		}
		if me.Role == KeeperGuardian {
			return ErrGuardian
		}
		waiting, err := s.keepersInvited(tx, id)
		if err != nil {
			return err
		}
		if len(waiting) == 0 {
			return ErrNotFound
		}
		tx.Append(s.event(c, audit.InvitationWithdrawn, string(id)))
		return s.endKeeperInvitations(tx, id)
	})
}

func (s *Service) endKeeperInvitations(tx Tx, id PatientID) error {
	return errors.Join(tx.DeleteInvitations(InviteKeeper, string(id)), tx.DeleteInvitations(InviteSelf, string(id)))
}

// RemoveKeeper ends that an account keeps a record: what it does next about it fails. The patient's own account is removed by nobody else, and somebody who is not
// a guardian always stays.
func (s *Service) RemoveKeeper(ctx context.Context, c Caller, id PatientID, account AccountID) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		me, keepers, err := s.keptWith(tx, c, id)
		if err != nil {
			return err
		}
		other, found := keeperAmong(keepers, account)
		if !found || s.everybodys(id) && account != c.Account {
			return ErrNotFound
		}
		if err := removable(keepers, me, other); err != nil {
			return err
		}
		if err := s.tellKeepers(tx, id); err != nil {
			return err
		}
		event := s.event(c, audit.KeeperRemoved, string(id))
		event.Details = map[string]string{"role": other.Role, "keeper": string(other.Account)}
		tx.Append(event)
		return tx.DeleteKeeper(account, id)
	})
}

// viewKeeperInvitation says to what role somebody is invited, and by initials alone for whom. It holds only while whoever invited them still may.
func (s *Service) viewKeeperInvitation(r Reader, invitation Invitation, role string) (about string, err error) {
	patient, _, _, err := s.invitedTo(r, invitation, role)
	if err != nil {
		return "", err
	}
	return s.initialsOf(patient)
}

// invitedTo reads the patient that an invitation is about, who keeps them, and who has invited.
func (s *Service) invitedTo(r Reader, invitation Invitation, role string) (Patient, []Keeper, Keeper, error) {
	patient, err := r.Patient(PatientID(invitation.Target))
	if err != nil {
		return Patient{}, nil, Keeper{}, err
	}
	keepers, err := r.KeepersOf(patient.ID)
	if err != nil {
		return Patient{}, nil, Keeper{}, err
	}
	by, found := keeperAmong(keepers, invitation.By)
	if !patient.DeletedAt.IsZero() || !found || !mayInvite(keepers, by, role) {
		return Patient{}, nil, Keeper{}, ErrNotFound
	}
	return patient, keepers, by, nil
}

// acceptKeeper makes whoever is signed in a keeper of the record to which they were invited. With role self the record is theirs from then on: everybody else
// who keeps it becomes a guardian.
func (s *Service) acceptKeeper(tx Tx, c Caller, invitation Invitation) (Accepted, error) {
	if !c.SignedIn() {
		return Accepted{}, ErrSignIn
	}
	body, err := s.openInvitation(invitation)
	if err != nil {
		return Accepted{}, err
	}
	patient, keepers, by, err := s.invitedTo(tx, invitation, body.Role)
	if err != nil {
		return Accepted{}, err
	}
	if before, keeps := keeperAmong(keepers, c.Account); keeps {
		// A guardian becomes more by the patient's own word alone, and nobody the patient by taking up a link of their own.
		if before.Role != KeeperGuardian || by.Role != KeeperSelf || body.Role != KeeperOther {
			return Accepted{}, ErrKeeper
		}
	}
	household, err := tx.Kept(c.Account)
	if err != nil {
		return Accepted{}, err
	}
	if len(household) >= maxHousehold {
		return Accepted{}, ErrTooLarge.with("limit", maxHousehold)
	}
	event := s.event(c, audit.KeeperAdded, string(patient.ID))
	event.Details = map[string]string{"role": body.Role, "keeper": string(c.Account)}
	if err := tx.PutKeeper(Keeper{Account: c.Account, Patient: patient.ID, Role: body.Role, AddedAt: s.now(), SeenSeq: by.SeenSeq}); err != nil {
		return Accepted{}, err
	}
	if body.Role == KeeperSelf {
		if event.Type, err = s.handOver(tx, c, patient.ID, keepers); err != nil {
			return Accepted{}, err
		}
	}
	tx.Append(event)
	return Accepted{Location: "/patients/" + string(patient.ID)}, s.tellKeepers(tx, patient.ID)
}
