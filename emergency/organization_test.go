package emergency_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
)

var operator = emergency.Caller{Operator: true}

// invitationOf is the secret in the link of an invitation.
func invitationOf(t *testing.T, link emergency.Invited) string {
	t.Helper()
	_, secret, found := strings.Cut(link.Link, "/invite#")
	if !found {
		t.Fatalf("the link is %q", link.Link)
	}
	return secret
}

// ambulance makes an ambulance service with an administrator.
func ambulance(t *testing.T, app *emergencytest.App) (emergency.OrganizationID, *emergencytest.Person) {
	t.Helper()
	id, link, err := app.Service.MakeOrganization(t.Context(), operator, emergency.NewOrganization{Name: "Ambulance North", Kind: "ems", Country: "SE"})
	if err != nil {
		t.Fatal(err)
	}
	admin := app.SignUp(t, "Ada Admin")
	if _, err := app.Service.AcceptInvitation(t.Context(), admin.Caller(t), invitationOf(t, link), emergency.Acceptance{}); err != nil {
		t.Fatal(err)
	}
	return id, admin
}

// medic joins an organization by the invitation of its administrator.
func medic(t *testing.T, app *emergencytest.App, id emergency.OrganizationID, admin *emergencytest.Person, name string) *emergencytest.Person {
	t.Helper()
	link, err := app.Service.InviteMember(t.Context(), admin.Caller(t), id, name, emergency.RoleResponder)
	if err != nil {
		t.Fatal(err)
	}
	person := app.SignUp(t, "whatever the account is called")
	if _, err := app.Service.AcceptInvitation(t.Context(), person.Caller(t), invitationOf(t, link), emergency.Acceptance{}); err != nil {
		t.Fatal(err)
	}
	return person
}

// lastEntry is the newest entry of a type about a patient.
func lastEntry(t *testing.T, app *emergencytest.App, c emergency.Caller, patient emergency.PatientID, kind audit.Type) audit.Event {
	t.Helper()
	view, err := app.Service.History(t.Context(), c, patient, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(view.Entries) - 1; i >= 0; i-- {
		if view.Entries[i].Event.Type == kind {
			return view.Entries[i].Event
		}
	}
	t.Fatalf("there is no entry %s", kind)
	return audit.Event{}
}

// secondStep is a responder's request for what a stranger does not get.
func secondStep(issued emergency.Issued) emergency.OpenRequest {
	request := emergencytest.OpenRequest(issued)
	request.Step = "sensitive"
	return request
}

// badgeText is the badge in the address that its code says.
func badgeText(t *testing.T, shown emergency.BadgeView) string {
	t.Helper()
	badge, found := cards.ParseBadgeAddress(shown.Address)
	if !found {
		t.Fatalf("a badge is at %q", shown.Address)
	}
	return badge
}

// signerOf is the signer of another house.
func signerOf(t *testing.T, issuer string) *cards.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := cards.NewSigner(issuer, key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// TestABadgeOpensMoreAndSaysWhose goes the whole way of a badge: given, worn, shown from another telephone, suspended.
func TestABadgeOpensMoreAndSaysWhose(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	ctx := t.Context()
	keeper := app.SignUp(t, "Imogen")
	patient := keeper.Patient(t, "adult")
	issued := keeper.Issue(t, patient)
	id, admin := ambulance(t, app)
	kim := medic(t, app, id, admin, "Kim Medic")

	stranger, err := app.Service.Open(ctx, emergency.Caller{}, secondStep(issued))
	if err != nil {
		t.Fatal(err)
	}
	worn, err := app.Service.Open(ctx, kim.Caller(t), secondStep(issued))
	if err != nil {
		t.Fatal(err)
	}
	if worn.Sections&stranger.Sections != stranger.Sections || worn.Sections == stranger.Sections {
		t.Errorf("an ambulance crew opens %v, and a stranger %v", worn.Sections.Names(), stranger.Sections.Names())
	}
	event := lastEntry(t, app, keeper.Caller(t), patient, audit.GlassOpened)
	if event.Actor.Verified != audit.VerifiedBadge || event.Actor.Organization != "Ambulance North" || event.Actor.Name != "Kim Medic" || event.Details["organization"] != string(id) {
		t.Errorf("the log says %+v, %v", event.Actor, event.Details)
	}

	shown, err := app.Service.ShowBadge(ctx, kim.Caller(t), "")
	if err != nil {
		t.Fatal(err)
	}
	badge, found := cards.ParseBadgeAddress(shown.Address)
	if !found || !strings.HasPrefix(shown.Address, emergencytest.URL+"/b#") {
		t.Fatalf("a badge is at %q", shown.Address)
	}
	byCode := secondStep(issued)
	byCode.Badge = badge
	read, err := app.Service.Open(ctx, emergency.Caller{}, byCode)
	if err != nil || read.Sections != worn.Sections || read.Badge.Badge != "Ambulance North" || read.Badge.BadgeName != "Kim Medic" {
		t.Errorf("a badge read from another telephone opens %v as %+v (%v)", read.Sections.Names(), read.Badge, err)
	}

	crew, err := app.Service.Crew(ctx, admin.Caller(t), id)
	if err != nil || len(crew.Members) != 2 || len(crew.Openings) != 2 || crew.Openings[0].Name != "Kim Medic" {
		t.Errorf("the administrator sees %+v (%v)", crew, err)
	}
	own, err := app.Service.Crew(ctx, kim.Caller(t), id)
	if err != nil || len(own.Members) != 1 || len(own.Pending) != 0 || len(own.Openings) != 2 {
		t.Errorf("a responder sees %+v (%v)", own, err)
	}

	if err := app.Service.SuspendMember(ctx, admin.Caller(t), id, kim.Caller(t).Account); err != nil {
		t.Fatal(err)
	}
	for name, opened := range map[string]emergency.Opened{"worn": worn, "read": read} {
		again := secondStep(issued)
		again.Grant = opened.Grant
		if _, err := app.Service.Open(ctx, kim.Caller(t), again); !errors.Is(err, emergency.ErrRefused) {
			t.Errorf("what was opened by a badge that was %s stays open after the suspension: %v", name, err)
		}
	}
	for name, request := range map[string]emergency.OpenRequest{"worn": secondStep(issued), "shown": byCode} {
		opened, err := app.Service.Open(ctx, kim.Caller(t), request)
		if err != nil || opened.Sections != stranger.Sections || opened.Badge.Badge != "" {
			t.Errorf("a suspended badge that is %s opens %v (%v)", name, opened.Sections.Names(), err)
		}
	}
	if event := lastEntry(t, app, keeper.Caller(t), patient, audit.GlassOpened); event.Actor.Verified != audit.Claimed {
		t.Errorf("without a badge the log says %+v", event.Actor)
	}
	if _, err := app.Service.CheckBadge(ctx, emergency.Caller{}, badge); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("a revoked badge is checked: %v", err)
	}
	if err := app.Service.RestoreMember(ctx, admin.Caller(t), id, kim.Caller(t).Account); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.OwnBadge(ctx, kim.Caller(t)); err != nil {
		t.Errorf("a restored member has no badge: %v", err)
	}
	if _, err := app.Service.CheckBadge(ctx, emergency.Caller{}, badge); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("a revoked badge comes back with its member: %v", err)
	}
	if err := app.Service.SuspendOrganization(ctx, operator, id); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.OwnBadge(ctx, kim.Caller(t)); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("a member of a suspended organization has a badge: %v", err)
	}
}

// TestABadgeThatDoesNotCountIsLoggedLouder: whoever shows one is not refused what anybody gets.
func TestABadgeThatDoesNotCountIsLoggedLouder(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	ctx := t.Context()
	keeper := app.SignUp(t, "Imogen")
	patient := keeper.Patient(t, "adult")
	issued := keeper.Issue(t, patient)
	id, admin := ambulance(t, app)
	kim := medic(t, app, id, admin, "Kim Medic")
	shown, err := app.Service.ShowBadge(ctx, kim.Caller(t), id)
	if err != nil {
		t.Fatal(err)
	}
	badge, _ := cards.ParseBadgeAddress(shown.Address)
	app.Clock.Add(16 * time.Minute)
	for name, text := range map[string]string{"over": badge, "rubbish": "e30.e30.AA", "cut short": badge[:len(badge)-2]} {
		request := secondStep(issued)
		request.Badge = text
		opened, err := app.Service.Open(ctx, emergency.Caller{}, request)
		if err != nil || opened.Badge.Badge != "" {
			t.Errorf("with a badge that is %s: %+v, %v", name, opened.Badge, err)
		}
		if event := lastEntry(t, app, keeper.Caller(t), patient, audit.GlassOpened); event.Details["badge"] != "not_counted" || event.Actor.Verified != audit.Claimed {
			t.Errorf("a badge that is %s is logged as %v by %+v", name, event.Details, event.Actor)
		}
	}
	if _, err := app.Service.ShowBadge(ctx, keeper.Caller(t), ""); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("somebody without an organization shows a badge: %v", err)
	}
	if _, err := app.Service.ShowBadge(ctx, kim.Caller(t), "AAAAAAAAAAAAAAAAAAAAAA"); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("the badge of another organization is shown: %v", err)
	}
}

// TestABadgeIsSlowedAndNoCardIs: more openings than any crew can treat are a harvest.
func TestABadgeIsSlowedAndNoCardIs(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	ctx := t.Context()
	keeper := app.SignUp(t, "Imogen")
	issued := keeper.Issue(t, keeper.Patient(t, "adult"))
	id, admin := ambulance(t, app)
	kim := medic(t, app, id, admin, "Kim Medic")
	caller := kim.Caller(t)
	opened := 0
	var last error
	for range 100 {
		if _, last = app.Service.Open(ctx, caller, secondStep(issued)); last != nil {
			break
		}
		opened++
	}
	if !errors.Is(last, emergency.ErrTooMany) || opened != 60 {
		t.Errorf("a badge opens %d times in ten minutes, then %v", opened, last)
	}
	if _, err := app.Service.Open(ctx, emergency.Caller{}, secondStep(issued)); err != nil {
		t.Errorf("the card is closed to others: %v", err)
	}
	if _, err := app.Service.Open(ctx, admin.Caller(t), secondStep(issued)); err != nil {
		t.Errorf("a colleague is slowed down: %v", err)
	}
	app.Clock.Add(11 * time.Minute)
	if _, err := app.Service.Open(ctx, kim.Caller(t), secondStep(issued)); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

// TestAForeignBadgeCountsByTheTrustListAlone: another house vouches for its crews, and cannot speak for one of ours.
func TestAForeignBadgeCountsByTheTrustListAlone(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	ctx := t.Context()
	keeper := app.SignUp(t, "Imogen")
	patient := keeper.Patient(t, "adult")
	issued := keeper.Issue(t, patient)
	id, _ := ambulance(t, app)
	foreign := signerOf(t, "abroad.example")
	jti, err := cards.NewID(strings.NewReader("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	now := app.Clock.Now()
	text, err := foreign.SignBadge(cards.Badge{ID: jti, Issuer: "abroad.example", Organization: string(id), OrganizationName: "Abroad EMS", Kind: "ems", Country: "PT",
		Name: "Rui", IssuedAt: now, ExpiresAt: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	request := secondStep(issued)
	request.Badge = text
	open := func() emergency.Opened {
		t.Helper()
		opened, err := app.Service.Open(ctx, emergency.Caller{}, request)
		if err != nil {
			t.Fatal(err)
		}
		return opened
	}
	before := open()
	if before.Badge.Badge != "" {
		t.Errorf("nobody trusts the issuer, and its badge counts: %+v", before.Badge)
	}
	if err := app.Service.TrustIssuer(ctx, operator, cards.Issuer{Host: "abroad.example", Name: "Abroad", Keys: []cards.Key{foreign.Key()}}); err != nil {
		t.Fatal(err)
	}
	after := open()
	if after.Badge.ForeignAuthority != "abroad.example" || after.Sections == before.Sections {
		t.Errorf("the badge of a trusted issuer is %+v and opens %v", after.Badge, after.Sections.Names())
	}
	event := lastEntry(t, app, keeper.Caller(t), patient, audit.GlassOpened)
	if event.Details["organization"] != "abroad.example/"+string(id) || event.Details["authority"] != "abroad.example" {
		t.Errorf("the log says %v", event.Details)
	}
	withdrawn := foreign.Key()
	withdrawn.CompromisedSince = now
	if err := app.Service.TrustIssuer(ctx, operator, cards.Issuer{Host: "abroad.example", Name: "Abroad", Keys: []cards.Key{withdrawn, signerOf(t, "abroad.example").Key()}}); err != nil {
		t.Fatal(err)
	}
	if opened := open(); opened.Badge.Badge != "" {
		t.Errorf("a badge by a withdrawn key counts: %+v", opened.Badge)
	}
}

// TestAnInvitationIsTakenUpOnce: of 64 who hold the same link one becomes a member.
func TestAnInvitationIsTakenUpOnce(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	id, admin := ambulance(t, app)
	link, err := app.Service.InviteMember(t.Context(), admin.Caller(t), id, "Kim Medic", emergency.RoleResponder)
	if err != nil {
		t.Fatal(err)
	}
	token := invitationOf(t, link)
	var callers [64]emergency.Caller
	for i := range callers {
		callers[i] = app.SignUp(t, "Somebody").Caller(t)
	}
	var won, lost sync.Map
	var all sync.WaitGroup
	for i, caller := range callers {
		all.Go(func() {
			_, err := app.Service.AcceptInvitation(context.Background(), caller, token, emergency.Acceptance{})
			if err == nil {
				won.Store(i, true)
			} else if errors.Is(err, emergency.ErrNotFound) {
				lost.Store(i, true)
			}
		})
	}
	all.Wait()
	count := func(m *sync.Map) (n int) {
		m.Range(func(any, any) bool { n++; return true })
		return n
	}
	if count(&won) != 1 || count(&lost) != 63 {
		t.Errorf("%d won and %d found nothing, want 1 and 63", count(&won), count(&lost))
	}
}

// TestWhoeverIsInvitedMayDoNothingYet: an invitation is no membership, and one that is refused is not used up.
func TestWhoeverIsInvitedMayDoNothingYet(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	ctx := t.Context()
	id, admin := ambulance(t, app)
	invite := func(role string) string {
		t.Helper()
		link, err := app.Service.InviteMember(ctx, admin.Caller(t), id, "Kim Medic", role)
		if err != nil {
			t.Fatal(err)
		}
		return invitationOf(t, link)
	}
	token := invite(emergency.RoleResponder)
	kim := app.SignUp(t, "Kim")
	if view, err := app.Service.Invitation(ctx, emergency.Caller{}, token); err != nil || view.Organization != "Ambulance North" || view.Name != "Kim Medic" || view.Purpose != emergency.InviteMember {
		t.Errorf("the link says %+v (%v)", view, err)
	}
	if _, err := app.Service.OwnBadge(ctx, kim.Caller(t)); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("an invited person wears a badge: %v", err)
	}
	if _, err := app.Service.Crew(ctx, kim.Caller(t), id); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("an invited person sees the crew: %v", err)
	}
	if _, err := app.Service.AcceptInvitation(ctx, emergency.Caller{}, token, emergency.Acceptance{}); !errors.Is(err, emergency.ErrSignIn) {
		t.Errorf("a stranger accepts: %v", err)
	}
	if _, err := app.Service.AcceptInvitation(ctx, kim.Caller(t), token, emergency.Acceptance{}); err != nil {
		t.Errorf("a refusal has used the invitation up: %v", err)
	}
	for name, act := range map[string]func() error{
		"invites": func() error {
			_, err := app.Service.InviteMember(ctx, kim.Caller(t), id, "Eve", emergency.RoleAdmin)
			return err
		},
		"suspends": func() error {
			return app.Service.SuspendMember(ctx, kim.Caller(t), id, admin.Caller(t).Account)
		},
		"makes an organization": func() error {
			_, _, err := app.Service.MakeOrganization(ctx, kim.Caller(t), emergency.NewOrganization{Name: "x", Kind: "ems"})
			if errors.Is(err, emergency.ErrSignIn) {
				return emergency.ErrNotFound
			}
			return err
		},
	} {
		if err := act(); !errors.Is(err, emergency.ErrNotFound) {
			t.Errorf("a responder %s: %v", name, err)
		}
	}
	if err := app.Service.SuspendMember(ctx, admin.Caller(t), id, admin.Caller(t).Account); !errors.Is(err, emergency.ErrLastAdmin) {
		t.Errorf("the last administrator is suspended: %v", err)
	}

	withdrawn := invite(emergency.RoleResponder)
	crew, err := app.Service.Crew(ctx, admin.Caller(t), id)
	if err != nil || len(crew.Pending) != 1 {
		t.Fatalf("the administrator sees %+v (%v)", crew.Pending, err)
	}
	if err := app.Service.WithdrawInvitation(ctx, kim.Caller(t), id, crew.Pending[0].ID); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("a responder withdraws an invitation: %v", err)
	}
	if err := app.Service.WithdrawInvitation(ctx, admin.Caller(t), id, crew.Pending[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.Invitation(ctx, emergency.Caller{}, withdrawn); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("a withdrawn invitation says %v", err)
	}
	if err := app.Service.SuspendMember(ctx, admin.Caller(t), id, kim.Caller(t).Account); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.AcceptInvitation(ctx, kim.Caller(t), invite(emergency.RoleAdmin), emergency.Acceptance{}); !errors.Is(err, emergency.ErrMember) {
		t.Errorf("a suspended member comes back by a colleague's link: %v", err)
	}
	old := invite(emergency.RoleResponder)
	app.Clock.Add(8 * 24 * time.Hour)
	if err := kim.SignIn(t); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.AcceptInvitation(ctx, kim.Caller(t), old, emergency.Acceptance{}); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("an invitation of last week: %v", err)
	}
}

// TestASuspensionIsNeverTooLate: of an opening and a suspension at the same moment the opening either came first, and is closed, or wears no badge.
func TestASuspensionIsNeverTooLate(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	ctx := t.Context()
	keeper := app.SignUp(t, "Imogen")
	issued := keeper.Issue(t, keeper.Patient(t, "adult"))
	id, admin := ambulance(t, app)
	for range 8 {
		kim := medic(t, app, id, admin, "Kim Medic")
		caller, boss := kim.Caller(t), admin.Caller(t)
		var opened [4]emergency.Opened
		var failed [4]error
		var all sync.WaitGroup
		for i := range opened {
			all.Go(func() { opened[i], failed[i] = app.Service.Open(ctx, caller, secondStep(issued)) })
		}
		all.Go(func() {
			if err := app.Service.SuspendMember(ctx, boss, id, caller.Account); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		for i := range opened {
			if failed[i] != nil {
				if !errors.Is(failed[i], emergency.ErrChanged) {
					t.Errorf("an opening beside a suspension: %v", failed[i])
				}
				continue
			}
			if opened[i].Badge.Badge == "" {
				continue
			}
			again := secondStep(issued)
			again.Grant = opened[i].Grant
			if _, err := app.Service.Open(ctx, caller, again); !errors.Is(err, emergency.ErrRefused) {
				t.Errorf("an opening by a badge survives its suspension: %v", err)
			}
		}
	}
}
