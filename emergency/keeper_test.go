package emergency_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/summary"
)

// family is a mother who keeps the record of a child.
type family struct {
	app    *emergencytest.App
	mother *emergencytest.Person
	child  emergency.PatientID
}

func newFamily(t *testing.T, birth summary.Date) family {
	t.Helper()
	app := emergencytest.NewApp(t)
	f := family{app: app, mother: app.SignUp(t, "Mother")}
	f.child = f.mother.Patient(t, "adult")
	if err := f.born(t, f.mother, birth); err != nil {
		t.Fatal(err)
	}
	return f
}

// born writes down when the child was born.
func (f family) born(t *testing.T, by *emergencytest.Person, birth summary.Date) error {
	t.Helper()
	record, err := f.app.Service.Record(t.Context(), by.Caller(t), f.child)
	if err != nil {
		t.Fatal(err)
	}
	identity := record.Identity
	identity.Birth = birth
	return f.app.Service.EditIdentity(t.Context(), by.Caller(t), f.child, identity, record.Lang, emergency.IdentityTag(record))
}

// invite has somebody invite to a role, and returns the secret of the link.
func (f family) invite(t *testing.T, by *emergencytest.Person, role string) string {
	t.Helper()
	made, err := f.app.Service.InviteKeeper(t.Context(), by.Caller(t), f.child, "Somebody", role)
	if err != nil {
		t.Fatal(err)
	}
	return secretOf(t, made.Link)
}

func (f family) accept(t *testing.T, who *emergencytest.Person, secret string) error {
	t.Helper()
	_, err := f.app.Service.AcceptInvitation(t.Context(), who.Caller(t), secret, emergency.Acceptance{})
	return err
}

// joins invites somebody to a role who comes.
func (f family) joins(t *testing.T, by, who *emergencytest.Person, role string) {
	t.Helper()
	if err := f.accept(t, who, f.invite(t, by, role)); err != nil {
		t.Fatal(err)
	}
}

func (f family) account(t *testing.T, who *emergencytest.Person) emergency.AccountID {
	t.Helper()
	return who.Caller(t).Account
}

// roles are the roles of all who keep the record.
func (f family) roles(t *testing.T, by *emergencytest.Person) map[string]string {
	t.Helper()
	view, err := f.app.Service.Keepers(t.Context(), by.Caller(t), f.child)
	if err != nil {
		t.Fatal(err)
	}
	roles := map[string]string{}
	for _, keeper := range view.Keepers {
		roles[keeper.Name] = keeper.Role
	}
	return roles
}

func (f family) kinds(t *testing.T, by *emergencytest.Person) (kinds []audit.Type) {
	t.Helper()
	history, err := f.app.Service.History(t.Context(), by.Caller(t), f.child, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range history.Entries {
		kinds = append(kinds, entry.Event.Type)
	}
	return kinds
}

// TestTwoKeepOneRecord goes from the invitation of a second keeper to the end of it.
func TestTwoKeepOneRecord(t *testing.T) {
	t.Parallel()
	f := newFamily(t, "2017-04-11")
	s, ctx := f.app.Service, t.Context()
	father, other := f.app.SignUp(t, "Father"), f.app.SignUp(t, "Somebody else")
	own := named(t, f.app, f.mother, f.child, emergency.NewContact{Name: "Mother", Mail: "mother@example.org", Own: true})

	secret := f.invite(t, f.mother, emergency.KeeperOther)
	view, err := s.Invitation(ctx, stranger, secret)
	if err != nil || view.Purpose != emergency.InviteKeeper || view.Kind != emergency.KeeperOther || view.About == "" {
		t.Errorf("the invitation says %+v, %v", view, err)
	}
	if err := f.accept(t, f.mother, secret); !errors.Is(err, emergency.ErrKeeper) {
		t.Errorf("whoever keeps the record already: %v, want ErrKeeper", err)
	}
	if err := f.accept(t, father, secret); err != nil {
		t.Fatalf("the invitation, after somebody was refused: %v", err)
	}
	if err := f.accept(t, other, secret); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("the link a second time: %v, want ErrNotFound", err)
	}
	for _, who := range []*emergencytest.Person{f.mother, father} {
		if patients, err := s.Patients(ctx, who.Caller(t)); err != nil || len(patients) != 1 || patients[0].ID != f.child {
			t.Errorf("a keeper keeps %d patients, %v", len(patients), err)
		}
	}
	if err := father.Approve(t, emergency.Action{Kind: emergency.ActionRules, Target: string(f.child), Body: rules.Canonical(rules.Private())}); err != nil {
		t.Errorf("one keeper of two changes the rules: %v", err)
	}
	told, _ := letters(t, f.app, f.child, own.id)
	slices.Sort(told)
	want := []string{emergency.NewsInvited, emergency.NewsKeepers, emergency.NewsKeepers, emergency.NewsRulesNow}
	if !slices.Equal(told, want) {
		t.Errorf("the own address was told %v, want %v", told, want)
	}

	issued := father.Issue(t, f.child)
	if _, err := s.Open(ctx, stranger, emergencytest.OpenRequest(issued)); err != nil {
		t.Fatal(err)
	}
	if err := s.MarkSeen(ctx, father.Caller(t), f.child, 1000); err != nil {
		t.Fatal(err)
	}
	for who, want := range map[*emergencytest.Person]int{f.mother: 2, father: 0} { // that somebody came, and the opening
		if view, err := s.Patient(ctx, who.Caller(t), f.child); err != nil || view.Unseen != want {
			t.Errorf("after one keeper has looked another has %d unseen, want %d, %v", view.Unseen, want, err)
		}
	}

	f.app.Clock.Add(10 * time.Minute)
	fatherID := f.account(t, father)
	if err := s.RemoveKeeper(ctx, f.mother.Caller(t), f.child, fatherID); !errors.Is(err, emergency.ErrFreshPasskey) {
		t.Errorf("somebody is removed without a fresh passkey: %v", err)
	}
	if _, err := s.InviteKeeper(ctx, f.mother.Caller(t), f.child, "Somebody", emergency.KeeperOther); !errors.Is(err, emergency.ErrFreshPasskey) {
		t.Errorf("somebody is invited without a fresh passkey: %v", err)
	}
	if err := father.Approve(t, emergency.Action{Kind: emergency.ActionVerify}); err != nil {
		t.Fatal(err)
	}
	left := f.invite(t, father, emergency.KeeperOther)
	if err := f.mother.Approve(t, emergency.Action{Kind: emergency.ActionVerify}); err != nil {
		t.Fatal(err)
	}
	caller := father.Caller(t)
	if err := s.RemoveKeeper(ctx, f.mother.Caller(t), f.child, fatherID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Record(ctx, caller, f.child); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("the next request of whoever was removed: %v, want ErrNotFound", err)
	}
	if err := f.accept(t, other, left); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("an invitation of somebody who was removed since: %v, want ErrNotFound", err)
	}
	if err := s.RemoveKeeper(ctx, f.mother.Caller(t), f.child, f.account(t, f.mother)); !errors.Is(err, emergency.ErrLastKeeper) {
		t.Errorf("the last keeper leaves: %v, want ErrLastKeeper", err)
	}
	kinds := f.kinds(t, f.mother)
	for _, kind := range []audit.Type{audit.KeeperInvited, audit.KeeperAdded, audit.KeeperRemoved} {
		if !slices.Contains(kinds, kind) {
			t.Errorf("%s is no entry of the log", kind)
		}
	}
}

// TestAKeeperNeverBecomesMoreByAsking holds that no guardian, contact or second account climbs: the takeover that a grantee of another service was once given for
// asking (break-glass.md, section 4, item 4).
func TestAKeeperNeverBecomesMoreByAsking(t *testing.T) {
	t.Parallel()
	f := newFamily(t, "2010-01-01")
	s, ctx := f.app.Service, t.Context()
	guardian, second, contact := f.app.SignUp(t, "Guardian"), f.app.SignUp(t, "Second account"), f.app.SignUp(t, "Contact")
	f.joins(t, f.mother, guardian, emergency.KeeperGuardian)
	_, made, err := s.AddContact(ctx, f.mother.Caller(t), f.child, emergency.NewContact{Name: "Contact"})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.accept(t, contact, secretOf(t, made.Link)); err != nil {
		t.Fatal(err)
	}
	for who, want := range map[*emergencytest.Person]error{guardian: emergency.ErrGuardian, contact: emergency.ErrNotFound, second: emergency.ErrNotFound} {
		for _, role := range []string{emergency.KeeperOther, emergency.KeeperGuardian, emergency.KeeperSelf} {
			if _, err := s.InviteKeeper(ctx, who.Caller(t), f.child, "Me", role); !errors.Is(err, want) {
				t.Errorf("somebody invites to %s: %v, want %v", role, err, want)
			}
		}
		if err := s.RemoveKeeper(ctx, who.Caller(t), f.child, f.account(t, f.mother)); !errors.Is(err, want) {
			t.Errorf("somebody removes the mother: %v, want %v", err, want)
		}
		if err := s.WithdrawKeepers(ctx, who.Caller(t), f.child); !errors.Is(err, want) {
			t.Errorf("somebody withdraws invitations: %v, want %v", err, want)
		}
	}
	for _, role := range []string{emergency.KeeperOther, emergency.KeeperSelf} {
		secret := f.invite(t, f.mother, role)
		if err := f.accept(t, guardian, secret); !errors.Is(err, emergency.ErrKeeper) {
			t.Errorf("a guardian takes up a link to %s: %v, want ErrKeeper", role, err)
		}
		if _, err := s.AcceptInvitation(ctx, stranger, secret, emergency.Acceptance{}); !errors.Is(err, emergency.ErrSignIn) {
			t.Errorf("a stranger takes up a link to %s: %v, want ErrSignIn", role, err)
		}
	}
	if _, err := s.InviteKeeper(ctx, f.mother.Caller(t), f.child, "Me", "owner"); !errors.Is(err, emergency.ErrInvalid) {
		t.Errorf("a role that there is not: %v, want ErrInvalid", err)
	}
	if got := f.roles(t, f.mother); len(got) != 2 || got["Guardian"] != emergency.KeeperGuardian {
		t.Errorf("the roles are %v", got)
	}
}

// TestAChildTakesTheRecordOver follows a child from twelve to the age at which the record is theirs to decide about.
func TestAChildTakesTheRecordOver(t *testing.T) {
	t.Parallel()
	f := newFamily(t, "2014-11-23") // twelve tomorrow
	s := f.app.Service
	ctx := context.Background()
	mother := f.mother
	father, daughter, friend := f.app.SignUp(t, "Father"), f.app.SignUp(t, "Daughter"), f.app.SignUp(t, "Friend")
	f.joins(t, mother, father, emergency.KeeperOther)
	if _, err := s.InviteKeeper(ctx, mother.Caller(t), f.child, "Daughter", emergency.KeeperSelf); !errors.Is(err, emergency.ErrTooYoung) {
		t.Errorf("a child the day before the twelfth birthday: %v, want ErrTooYoung", err)
	}
	later(t, &f, 24*time.Hour, mother, father, daughter, friend)
	pending := f.invite(t, father, emergency.KeeperOther)
	f.joins(t, mother, daughter, emergency.KeeperSelf)
	if got := f.roles(t, daughter); got["Daughter"] != emergency.KeeperSelf || got["Mother"] != emergency.KeeperGuardian || got["Father"] != emergency.KeeperGuardian {
		t.Errorf("the roles are %v", got)
	}
	if kinds := f.kinds(t, daughter); slices.Contains(kinds, audit.HandedOver) {
		t.Error("the record was handed over to a child of twelve")
	}
	if err := f.accept(t, friend, pending); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("whom a guardian had invited before: %v, want ErrNotFound", err)
	}
	private := emergency.Action{Kind: emergency.ActionRules, Target: string(f.child), Body: rules.Canonical(rules.Private())}
	if err := mother.Approve(t, private); err != nil {
		t.Errorf("the guardian of a child of twelve changes the rules: %v", err)
	}
	if err := mother.Approve(t, emergency.Action{Kind: emergency.ActionDeletePatient, Target: string(f.child)}); !errors.Is(err, emergency.ErrGuardian) {
		t.Errorf("a guardian deletes the patient's record: %v, want ErrGuardian", err)
	}
	if err := f.born(t, mother, "2020-01-01"); !errors.Is(err, emergency.ErrGuardian) {
		t.Errorf("a guardian makes the patient younger: %v, want ErrGuardian", err)
	}
	for _, by := range []*emergencytest.Person{mother, father} {
		if err := s.RemoveKeeper(ctx, by.Caller(t), f.child, f.account(t, daughter)); !errors.Is(err, emergency.ErrGuardian) {
			t.Errorf("a guardian removes the patient: %v, want ErrGuardian", err)
		}
	}
	if err := s.RemoveKeeper(ctx, daughter.Caller(t), f.child, f.account(t, daughter)); !errors.Is(err, emergency.ErrLastKeeper) {
		t.Errorf("the patient leaves guardians alone: %v, want ErrLastKeeper", err)
	}

	if err := f.born(t, daughter, "2010-11-23"); err != nil { // four years pass
		t.Fatal(err)
	}
	open := emergency.Action{Kind: emergency.ActionRules, Target: string(f.child), Body: rules.Canonical(rules.Open())}
	for person, want := range map[*emergencytest.Person]bool{mother: true, daughter: false} {
		if view, err := s.Rules(ctx, person.Caller(t), f.child); err != nil || view.Guarded != want {
			t.Errorf("the page of the rules says guarded %v, %v, want %v", view.Guarded, err, want)
		}
	}
	if err := mother.Approve(t, open); !errors.Is(err, emergency.ErrGuardian) {
		t.Errorf("a guardian changes the rules of somebody of sixteen: %v, want ErrGuardian", err)
	}
	policy := rules.Private()
	policy.Delay = 24 * time.Hour
	for _, action := range []emergency.Action{{Kind: emergency.ActionRules, Target: string(f.child), Body: rules.Canonical(policy)}, open} {
		if err := daughter.Approve(t, action); err != nil {
			t.Fatalf("the patient changes the rules: %v", err)
		}
	}
	if err := s.VetoPendingRules(ctx, mother.Caller(t), f.child); err != nil {
		t.Errorf("a guardian stops wider rules: %v", err)
	}
	if err := s.RemoveKeeper(ctx, daughter.Caller(t), f.child, f.account(t, father)); err != nil {
		t.Errorf("the patient removes a guardian: %v", err)
	}
	if err := f.accept(t, mother, f.invite(t, daughter, emergency.KeeperOther)); err != nil {
		t.Errorf("the patient makes a guardian a keeper: %v", err)
	}
	if got := f.roles(t, daughter); len(got) != 2 || got["Mother"] != emergency.KeeperOther {
		t.Errorf("the roles are %v", got)
	}
}

// TestADemonstrationsVisitorsDoNotMeet: they all keep the same people, learn nothing of one another and take nobody over.
func TestADemonstrationsVisitorsDoNotMeet(t *testing.T) {
	t.Parallel()
	f := newFamily(t, "2000-01-01")
	f.app.Service.Welcome(f.child)
	visitor := f.app.SignUp(t, "Visitor")
	if got := f.roles(t, visitor); len(got) != 1 || got["Visitor"] != emergency.KeeperOther {
		t.Errorf("a visitor sees %v", got)
	}
	for _, role := range []string{emergency.KeeperOther, emergency.KeeperSelf} {
		if _, err := f.app.Service.InviteKeeper(t.Context(), visitor.Caller(t), f.child, "Me", role); !errors.Is(err, emergency.ErrGuardian) {
			t.Errorf("a visitor invites to %s: %v, want ErrGuardian", role, err)
		}
	}
	if err := f.app.Service.RemoveKeeper(t.Context(), visitor.Caller(t), f.child, f.account(t, f.mother)); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("a visitor removes another: %v, want ErrNotFound", err)
	}
}

// later moves the clock and has people sign in again.
func later(t *testing.T, f *family, by time.Duration, people ...*emergencytest.Person) {
	t.Helper()
	f.app.Clock.Add(by)
	for _, person := range people {
		if err := person.SignIn(t); err != nil {
			t.Fatal(err)
		}
	}
}

// TestARecordIsHandedOverWhenAChildIsOldEnough holds what guardians are told, and when.
func TestARecordIsHandedOverWhenAChildIsOldEnough(t *testing.T) {
	t.Parallel()
	f := newFamily(t, "2010-11-23") // sixteen tomorrow
	s, ctx := f.app.Service, t.Context()
	due := func() bool {
		view, err := s.Keepers(ctx, f.mother.Caller(t), f.child)
		if err != nil {
			t.Fatal(err)
		}
		return view.HandoverDue
	}
	if due() {
		t.Error("the record is to be handed over a day too early")
	}
	daughter := f.app.SignUp(t, "Daughter")
	later(t, &f, 24*time.Hour, f.mother, daughter)
	if !due() {
		t.Error("nobody says that the child is old enough")
	}
	grown, err := s.CreatePatient(ctx, f.mother.Caller(t), "Mother herself")
	if err != nil {
		t.Fatal(err)
	}
	itself := f
	itself.child = grown
	if err := itself.born(t, f.mother, "1980-01-01"); err != nil {
		t.Fatal(err)
	}
	if view, err := s.Keepers(ctx, f.mother.Caller(t), grown); err != nil || view.HandoverDue {
		t.Errorf("the record of somebody who was grown when it was begun is to be handed over: %v, %v", view.HandoverDue, err)
	}
	f.joins(t, f.mother, daughter, emergency.KeeperSelf)
	if kinds := f.kinds(t, daughter); kinds[len(kinds)-1] != audit.HandedOver {
		t.Errorf("the last entry is %s, want %s", kinds[len(kinds)-1], audit.HandedOver)
	}
	if due() {
		t.Error("the record is still to be handed over")
	}
	if got := itself.roles(t, f.mother); len(got) != 1 {
		t.Errorf("another record changed hands: %v", got)
	}
}
