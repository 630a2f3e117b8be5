package emergency_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/rules"
)

// watched is a house with a patient, an ambulance service of an administrator and a medic, and a privacy officer.
type watched struct {
	app                          *emergencytest.App
	anna, admin, medic, officer  *emergencytest.Person
	patient                      emergency.PatientID
	issued                       emergency.Issued
	organization                 emergency.OrganizationID
	medicAccount, officerAccount emergency.AccountID
}

func newWatched(t *testing.T) watched {
	t.Helper()
	ctx := context.Background()
	app := emergencytest.NewApp(t)
	w := watched{app: app, anna: app.SignUp(t, "Anna"), admin: app.SignUp(t, "Ada Min"), medic: app.SignUp(t, "Med Ic"), officer: app.SignUp(t, "Offi Cer")}
	w.patient = w.anna.Patient(t, "adult")
	w.issued = w.anna.Issue(t, w.patient)
	operator := emergency.Caller{Operator: true}
	join := func(p *emergencytest.Person, invited emergency.Invited, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		_, token, _ := strings.Cut(invited.Link, "#")
		if _, err := app.Service.AcceptInvitation(ctx, p.Caller(t), token, emergency.Acceptance{}); err != nil {
			t.Fatal(err)
		}
	}
	var invited emergency.Invited
	var err error
	w.organization, invited, err = app.Service.MakeOrganization(ctx, operator, emergency.NewOrganization{Name: "Ambulance 7", Kind: rules.KindEMS})
	join(w.admin, invited, err)
	invited, err = app.Service.InviteMember(ctx, w.admin.Caller(t), w.organization, "Med Ic", emergency.RoleResponder)
	join(w.medic, invited, err)
	invited, err = app.Service.InviteOfficer(ctx, operator, "Offi Cer")
	join(w.officer, invited, err)
	w.medicAccount, w.officerAccount = w.medic.Caller(t).Account, w.officer.Caller(t).Account
	return w
}

func (w watched) open(t *testing.T, by emergency.Caller, issued emergency.Issued) emergency.Opened {
	t.Helper()
	opened, err := w.app.Service.Open(context.Background(), by, emergencytest.OpenRequest(issued))
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func (w watched) lastEntry(t *testing.T) audit.Event {
	t.Helper()
	view, err := w.app.Service.History(context.Background(), w.anna.Caller(t), w.patient, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	return view.Entries[len(view.Entries)-1].Event
}

// TestANoIsAnsweredByTheOrganization goes from the opening by a badge to the answer that the patient reads.
func TestANoIsAnsweredByTheOrganization(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	ctx, s := context.Background(), w.app.Service
	opened := w.open(t, w.medic.Caller(t), w.issued)
	say := func(verdict, words string) error {
		return s.Review(ctx, w.anna.Caller(t), w.patient, opened.GrantID, verdict, words)
	}
	if err := say("perhaps", ""); !errors.Is(err, emergency.ErrInvalid) {
		t.Errorf("a verdict that there is not: %v", err)
	}
	if err := say(emergency.VerdictUnsure, ""); err != nil {
		t.Fatal(err)
	}
	if list, err := s.ReviewsToAnswer(ctx, w.admin.Caller(t), w.organization); err != nil || len(list) != 0 {
		t.Errorf("an unsure patient asks for %d answers (%v)", len(list), err)
	}
	if err := s.SetReviewMail(ctx, w.admin.Caller(t), w.organization, "Ada <ada@example.org>"); !errors.Is(err, emergency.ErrInvalid) {
		t.Errorf("an address that is none: %v", err)
	}
	for id, p := range map[emergency.OrganizationID]*emergencytest.Person{w.organization: w.admin, "": w.officer} {
		if err := s.SetReviewMail(ctx, p.Caller(t), id, "somebody@example.org"); err != nil {
			t.Fatal(err)
		}
		if got, err := s.ReviewMail(ctx, p.Caller(t), id); err != nil || got != "somebody@example.org" {
			t.Errorf("the address is %q (%v)", got, err)
		}
		if err := s.SetReviewMail(ctx, w.anna.Caller(t), id, ""); !errors.Is(err, emergency.ErrNotFound) {
			t.Errorf("somebody else sets the address: %v", err)
		}
	}
	mails := func() int {
		var due []emergency.Notice
		if err := w.app.Store.View(ctx, func(r emergency.Reader) (err error) {
			due, err = r.DueNotices(w.app.Clock.Now(), 10)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return len(due)
	}
	before := mails()
	for range 2 { // the second time says nothing new
		if err := say(emergency.VerdictWrong, "I was not there"); err != nil {
			t.Fatal(err)
		}
	}
	if n := mails() - before; n != 2 {
		t.Errorf("%d mails, want one to the organization and one to the officers", n)
	}
	if last := w.lastEntry(t); last.Type != audit.ReviewGiven || last.Details["verdict"] != "wrong" || last.Grant != string(opened.GrantID) || strings.Contains(last.ReasonText, "not there") {
		t.Errorf("the entry is %+v", last)
	}
	due := w.app.Clock.Now().AddDate(0, 0, 14)
	list, err := s.ReviewsToAnswer(ctx, w.admin.Caller(t), w.organization)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d to answer (%v), want 1", len(list), err)
	}
	if r := list[0]; r.Words != "I was not there" || !r.DueAt.Equal(due) || r.Overdue || r.Opening.Patient != "" || r.Opening.Member != "Med Ic" || r.Opening.MemberID != w.medicAccount {
		t.Errorf("the administrator reads %+v", r)
	}

	// Whoever is none of those who answer finds nothing; the patient has no say in the answer.
	for name, c := range map[string]struct {
		by   emergency.Caller
		want error
	}{"the patient": {w.anna.Caller(t), emergency.ErrNotFound}, "the medic": {w.medic.Caller(t), emergency.ErrNotFound}, "a stranger": {stranger, emergency.ErrSignIn}} {
		if err := s.AnswerReview(ctx, c.by, opened.GrantID, "x"); !errors.Is(err, c.want) {
			t.Errorf("%s answers: %v, want %v", name, err, c.want)
		}
		if _, err := s.ReviewsToAnswer(ctx, c.by, w.organization); !errors.Is(err, c.want) {
			t.Errorf("%s reads what is to be answered: %v, want %v", name, err, c.want)
		}
	}

	// Saying it again gives nobody more time; when the time is over the officer sees it first.
	w.app.Clock.Add(15 * 24 * time.Hour)
	for _, p := range []*emergencytest.Person{w.anna, w.admin, w.officer} {
		if err := p.SignIn(t); err != nil {
			t.Fatal(err)
		}
	}
	if err := say(emergency.VerdictWrong, "I was at home"); err != nil {
		t.Fatal(err)
	}
	view, err := s.Officer(ctx, w.officer.Caller(t))
	if err != nil || len(view.Reviews) != 1 || !view.Reviews[0].Overdue || !view.Reviews[0].DueAt.Equal(due) || view.Reviews[0].Opening.Patient != w.patient {
		t.Errorf("the officer sees %+v (%v)", view.Reviews, err)
	}
	if err := s.AnswerReview(ctx, w.admin.Caller(t), opened.GrantID, " "); !errors.Is(err, emergency.ErrInvalid) {
		t.Errorf("an empty answer: %v", err)
	}
	if err := s.AnswerReview(ctx, w.admin.Caller(t), opened.GrantID, "She was called to you by mistake."); err != nil {
		t.Fatal(err)
	}
	if last := w.lastEntry(t); last.Type != audit.ReviewAnswered || last.Actor.Organization != "Ambulance 7" || last.Grant != string(opened.GrantID) {
		t.Errorf("the entry is %+v", last)
	}
	reviews, err := s.Reviews(ctx, w.anna.Caller(t), w.patient)
	if got := reviews[opened.GrantID]; err != nil || got.Answer != "She was called to you by mistake." || got.Words != "I was at home" || got.Overdue {
		t.Errorf("the patient reads %+v (%v)", got, err)
	}
	var export bytes.Buffer
	if err := s.Export(ctx, w.anna.Caller(t), &export, ""); err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(export.Bytes()), int64(export.Len()))
	if err != nil {
		t.Fatal(err)
	}
	taken, err := fs.ReadFile(archive, "patient-1/reviews.json")
	if err != nil || !bytes.Contains(taken, []byte("by mistake")) || !bytes.Contains(taken, []byte("at home")) {
		t.Errorf("the export says %s (%v)", taken, err)
	}
	if err := say(emergency.VerdictRight, ""); !errors.Is(err, emergency.ErrConflict) {
		t.Errorf("said otherwise after the answer: %v, want ErrConflict", err)
	}
	if err := s.AnswerReview(ctx, w.admin.Caller(t), opened.GrantID, "again"); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("answered twice: %v", err)
	}
}

// TestNobodyAnswersForThemselves: an administrator who opened leaves the answer to the officer, who answers for those without a badge too.
func TestNobodyAnswersForThemselves(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	ctx, s := context.Background(), w.app.Service
	byAdmin, unbadged := w.open(t, w.admin.Caller(t), w.issued), w.open(t, stranger, w.issued)
	for _, opened := range []emergency.Opened{byAdmin, unbadged} {
		if err := s.Review(ctx, w.anna.Caller(t), w.patient, opened.GrantID, emergency.VerdictWrong, "I fear her"); err != nil {
			t.Fatal(err)
		}
	}
	// What a keeper says of somebody is not for them to read.
	owed, err := s.ReviewsToAnswer(ctx, w.admin.Caller(t), w.organization)
	if err != nil || len(owed) != 1 || owed[0].Grant != byAdmin.GrantID || owed[0].Words != "" {
		t.Errorf("who has opened reads %+v (%v)", owed, err)
	}
	own, err := s.OwnOpenings(ctx, w.admin.Caller(t), emergency.OpeningPlace{})
	if err != nil || len(own.Openings) != 1 || own.Openings[0].Review.Verdict != emergency.VerdictWrong || own.Openings[0].Review.Words != "" {
		t.Errorf("who has opened finds %+v (%v) in their history", own.Openings, err)
	}
	if err := s.AnswerReview(ctx, w.admin.Caller(t), byAdmin.GrantID, "I am always right."); !errors.Is(err, emergency.ErrOwnReview) {
		t.Errorf("an administrator answers for an opening of their own: %v", err)
	}
	if err := s.AnswerReview(ctx, w.admin.Caller(t), unbadged.GrantID, "x"); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("an administrator answers for somebody without a badge: %v", err)
	}
	for _, opened := range []emergency.Opened{byAdmin, unbadged} {
		if err := s.AnswerReview(ctx, w.officer.Caller(t), opened.GrantID, "We look into it."); err != nil {
			t.Errorf("the officer: %v", err)
		}
	}
	// Nor does an officer with a badge.
	invited, err := s.InviteMember(ctx, w.admin.Caller(t), w.organization, "Offi Cer", emergency.RoleResponder)
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(invited.Link, "#")
	if _, err := s.AcceptInvitation(ctx, w.officer.Caller(t), token, emergency.Acceptance{}); err != nil {
		t.Fatal(err)
	}
	byOfficer := w.open(t, w.officer.Caller(t), w.issued)
	if err := s.Review(ctx, w.anna.Caller(t), w.patient, byOfficer.GrantID, emergency.VerdictWrong, "I fear him"); err != nil {
		t.Fatal(err)
	}
	view, err := s.Officer(ctx, w.officer.Caller(t))
	if err != nil || len(view.Reviews) != 1 || view.Reviews[0].Words != "" {
		t.Errorf("an officer who has opened reads %+v (%v)", view.Reviews, err)
	}
	found, err := s.SearchOpenings(ctx, w.officer.Caller(t), emergency.OfficerQuery{Member: w.officerAccount})
	if err != nil || len(found) != 1 || found[0].Review.Words != "" {
		t.Errorf("an officer who has opened finds %+v (%v)", found, err)
	}
	if err := s.AnswerReview(ctx, w.officer.Caller(t), byOfficer.GrantID, "I am always right."); !errors.Is(err, emergency.ErrOwnReview) {
		t.Errorf("an officer answers for an opening of their own: %v", err)
	}
	if err := s.AnswerReview(ctx, w.admin.Caller(t), byOfficer.GrantID, "We talked to him."); err != nil {
		t.Errorf("an administrator answers for the officer: %v", err)
	}
	// Another patient's opening under one's own patient is not found.
	other := w.admin.Patient(t, "traveller-ja")
	if err := s.Review(ctx, w.admin.Caller(t), other, unbadged.GrantID, emergency.VerdictWrong, ""); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("a review of somebody else's opening: %v", err)
	}
}

// TestTheOfficerSeesWhoAndWhyAndNoRecord holds that the console of the privacy officer names no patient, that each search and export is an entry, and that nobody
// else comes in.
func TestTheOfficerSeesWhoAndWhyAndNoRecord(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	ctx, s := context.Background(), w.app.Service
	badged, unbadged := w.open(t, w.medic.Caller(t), w.issued), w.open(t, stranger, w.issued)
	for name, call := range map[string]func(emergency.Caller) error{
		"Officer": func(c emergency.Caller) error { _, err := s.Officer(ctx, c); return err },
		"SearchOpenings": func(c emergency.Caller) error {
			_, err := s.SearchOpenings(ctx, c, emergency.OfficerQuery{})
			return err
		},
		"ExportOpenings": func(c emergency.Caller) error {
			return s.ExportOpenings(ctx, c, emergency.OfficerQuery{}, func([]emergency.OpeningView) error { return errors.New("it leaves") })
		},
		"Abuse":         func(c emergency.Caller) error { _, err := s.Abuse(ctx, c); return err },
		"Organizations": func(c emergency.Caller) error { _, err := s.OrganizationsToReview(ctx, c); return err },
	} {
		for who, p := range map[string]*emergencytest.Person{"the patient": w.anna, "an administrator": w.admin, "a medic": w.medic} {
			if err := call(p.Caller(t)); !errors.Is(err, emergency.ErrNotFound) {
				t.Errorf("%s by %s: %v, want ErrNotFound", name, who, err)
			}
		}
		if err := call(stranger); !errors.Is(err, emergency.ErrSignIn) {
			t.Errorf("%s by a stranger: %v, want ErrSignIn", name, err)
		}
	}
	view, err := s.Officer(ctx, w.officer.Caller(t))
	if err != nil || len(view.Unbadged) != 1 || view.Unbadged[0].Grant != unbadged.GrantID {
		t.Errorf("without a badge: %+v (%v)", view.Unbadged, err)
	}
	found, err := s.SearchOpenings(ctx, w.officer.Caller(t), emergency.OfficerQuery{Patient: w.patient})
	if err != nil || len(found) != 2 {
		t.Fatalf("%d openings of the patient (%v), want 2", len(found), err)
	}
	if last := w.lastEntry(t); last.Type != audit.OfficerSearched || last.Actor.Kind != audit.ByOperator {
		t.Errorf("the patient reads %+v of the search", last)
	}
	for _, secret := range []string{"Hartwell", "warfarin", "adult"} {
		if strings.Contains(strings.ToLower(words(t, found)), strings.ToLower(secret)) {
			t.Errorf("the officer reads %q", secret)
		}
	}
	var byMember []emergency.OpeningView
	export := func(query emergency.OfficerQuery) error {
		return s.ExportOpenings(ctx, w.officer.Caller(t), query, func(found []emergency.OpeningView) error {
			if last := w.lastEntry(t); last.Type != audit.OfficerExported || last.Outcome != audit.Begun {
				t.Errorf("before the first byte the patient reads %+v", last)
			}
			byMember = found
			return nil
		})
	}
	err = export(emergency.OfficerQuery{Organization: w.organization, Member: w.medicAccount})
	if err != nil || len(byMember) != 1 || byMember[0].Grant != badged.GrantID || byMember[0].Organization != "Ambulance 7" || byMember[0].Stated.Reason != "unconscious" {
		t.Errorf("by member: %+v (%v)", byMember, err)
	}
	if last := w.lastEntry(t); last.Outcome != audit.Done || last.Details["intent"] == "" || last.Details["intent_epoch"] != "1" {
		t.Errorf("after the last byte the patient reads %+v", last)
	}
	store := s.Store
	s.Store = mute{store}
	if found, err := s.SearchOpenings(ctx, w.officer.Caller(t), emergency.OfficerQuery{}); !errors.Is(err, emergency.ErrLogUnavailable) || found != nil {
		t.Errorf("a search that cannot be written down: %v, want ErrLogUnavailable", err)
	}
	s.Store = store
	w.app.Clock.Add(emergency.FreshFor + time.Second)
	if err := export(emergency.OfficerQuery{}); !errors.Is(err, emergency.ErrFreshPasskey) {
		t.Errorf("an export without a fresh passkey: %v", err)
	}
}

// turning is a store in which something else is written just before the next change.
type turning struct {
	emergency.Store
	first func()
}

func (s *turning) Update(ctx context.Context, change func(emergency.Tx) error) error {
	if first := s.first; first != nil {
		s.first = nil
		first()
	}
	return s.Store.Update(ctx, change)
}

// TestNothingLeavesForAnOfficerWhoIsNoneAnyMore: the role is asked for in the transaction that says that the export begins.
func TestNothingLeavesForAnOfficerWhoIsNoneAnyMore(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	ctx, s := context.Background(), w.app.Service
	w.open(t, stranger, w.issued)
	invited, err := s.InviteOfficer(ctx, operator, "Med Ic")
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(invited.Link, "#")
	if _, err := s.AcceptInvitation(ctx, w.medic.Caller(t), token, emergency.Acceptance{}); err != nil {
		t.Fatal(err)
	}
	own, err := s.Memberships(ctx, w.officer.Caller(t))
	if err != nil || len(own) != 1 {
		t.Fatalf("the officer is a member of %+v (%v)", own, err)
	}
	house := s.Store
	began := w.lastEntry(t)
	for name, export := range map[string]func(io.Writer) error{
		"openings": func(out io.Writer) error {
			return s.ExportOpenings(ctx, w.officer.Caller(t), emergency.OfficerQuery{}, func([]emergency.OpeningView) error {
				_, err := out.Write([]byte("it leaves"))
				return err
			})
		},
		"disclosures": func(out io.Writer) error {
			return s.ExportDisclosures(ctx, w.officer.Caller(t), emergency.OfficerQuery{}, out)
		},
	} {
		var out bytes.Buffer
		s.Store = &turning{house, func() {
			if err := s.SuspendMember(ctx, w.medic.Caller(t), own[0].ID, w.officerAccount); err != nil {
				t.Error(err)
			}
		}}
		if err := export(&out); !errors.Is(err, emergency.ErrNotFound) || out.Len() > 0 {
			t.Errorf("%s: %v and %d bytes, want ErrNotFound and none", name, err, out.Len())
		}
		if last := w.lastEntry(t); last.Type != began.Type {
			t.Errorf("%s: the patient reads of an export that was not: %+v", name, last)
		}
		if err := s.RestoreMember(ctx, w.medic.Caller(t), own[0].ID, w.officerAccount); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOwnOpeningsOfOneMomentAreAllListed pages through more openings than a page shows, of which most began in one millisecond.
func TestOwnOpeningsOfOneMomentAreAllListed(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	ctx, s := context.Background(), w.app.Service
	at := w.app.Clock.Now().UTC().Truncate(time.Millisecond)
	const inAll, atOnce = 120, 110
	if err := s.Store.Update(ctx, func(tx emergency.Tx) error {
		for i := range inAll {
			from := at.Add(-time.Duration(max(i+1-atOnce, 0)) * time.Millisecond)
			if err := tx.PutGrant(emergency.Grant{ID: emergency.GrantID(fmt.Sprintf("grant-%03d", i*61%inAll)), Token: emergency.Token{1, byte(i)}, Card: w.issued.ID,
				Patient: w.patient, Step: "critical", From: from, Until: from.Add(time.Hour), Organization: w.organization, Member: w.medicAccount}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var place emergency.OpeningPlace
	seen := map[emergency.GrantID]bool{}
	for more := true; more; {
		own, err := s.OwnOpenings(ctx, w.medic.Caller(t), place)
		if err != nil || len(own.Openings) == 0 {
			t.Fatalf("after %d openings: %d more, %v", len(seen), len(own.Openings), err)
		}
		for _, opening := range own.Openings {
			if seen[opening.Grant] {
				t.Fatalf("%s is listed twice", opening.Grant)
			}
			seen[opening.Grant], place = true, emergency.OpeningPlace{From: opening.From, Grant: opening.Grant}
		}
		more = own.More
	}
	if len(seen) != inAll {
		t.Errorf("%d openings are listed, want %d", len(seen), inAll)
	}
}

// TestARogueResponderIsFlagged holds row A17: an unusual rate is flagged at the moment it becomes one, and the officer and the operator see it. Whoever is
// suspended is refused the badge at once.
func TestARogueResponderIsFlagged(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	ctx, s := context.Background(), w.app.Service
	var logged bytes.Buffer
	s.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	medic := w.medic.Caller(t)
	var issued []emergency.Issued
	for range 11 {
		issued = append(issued, w.anna.Issue(t, w.anna.Patient(t, "adult")))
	}
	for _, card := range issued[:10] {
		w.open(t, medic, card)
	}
	if logged.Len() > 0 {
		t.Errorf("ten patients are nothing unusual: %s", &logged)
	}
	w.open(t, medic, issued[10])
	for _, want := range []string{"by one badge", "from one network"} {
		if strings.Count(logged.String(), want) != 1 {
			t.Errorf("the operator's log does not warn once of %q: %s", want, &logged)
		}
	}
	view, err := s.Officer(ctx, w.officer.Caller(t))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, outlier := range view.Outliers {
		counts[outlier.Kind] = outlier.Count
		if outlier.Kind == emergency.OutlierDay && (outlier.Organization != "Ambulance 7" || outlier.Member != "Med Ic") {
			t.Errorf("the outlier is %+v", outlier)
		}
	}
	for _, kind := range []string{emergency.OutlierDay, emergency.OutlierBadge, emergency.OutlierNetwork} {
		if counts[kind] != 11 {
			t.Errorf("the outlier %q counts %d, want 11", kind, counts[kind])
		}
	}
	abuse, err := s.Abuse(ctx, emergency.Caller{Operator: true})
	if err != nil || len(abuse.ByBadge) != 1 || !abuse.ByBadge[0].Unusual || abuse.ByBadge[0].Patients != 11 || abuse.ByOrganization[0].Hour != 11 {
		t.Errorf("the operator sees %+v (%v)", abuse, err)
	}

	// One patient whom six different people open within a day.
	for _, name := range []string{"A", "B", "C", "D", "E", "F"} {
		request := emergencytest.OpenRequest(w.issued)
		request.Name = name
		if _, err := s.Open(ctx, stranger, request); err != nil {
			t.Fatal(err)
		}
	}
	view, err = s.Officer(ctx, w.officer.Caller(t))
	if err != nil || !slices.ContainsFunc(view.Outliers, func(o emergency.Outlier) bool {
		return o.Kind == emergency.OutlierPatient && o.Patient == w.patient && o.Count == 6
	}) {
		t.Errorf("the outliers are %+v (%v)", view.Outliers, err)
	}

	if err := s.SuspendMember(ctx, w.officer.Caller(t), w.organization, w.medicAccount); err != nil {
		t.Fatal(err)
	}
	if opened := w.open(t, medic, issued[0]); opened.Badge.Badge != "" {
		t.Error("a suspended member still wears the badge")
	}
	if view, err = s.Officer(ctx, w.officer.Caller(t)); err != nil || slices.ContainsFunc(view.Outliers, func(o emergency.Outlier) bool { return o.MemberID != "" && !o.Suspended }) {
		t.Errorf("the officer does not see that the badge is suspended: %+v (%v)", view.Outliers, err)
	}
}

// TestGuessesAreSeenByTheOperator: by kind and by truncated network, and right ones are not among them.
func TestGuessesAreSeenByTheOperator(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	issued := anna.Issue(t, anna.Patient(t, "adult"))
	ctx := context.Background()
	for range 3 {
		if _, err := app.Service.FindByShortCode(ctx, stranger, "2222-2222-2222"); !errors.Is(err, emergency.ErrNoCard) {
			t.Fatal(err)
		}
	}
	if _, err := app.Service.FindByShortCode(ctx, stranger, string(issued.ShortCode)); err != nil {
		t.Fatal(err)
	}
	app.Clock.Add(2 * time.Hour)
	if _, err := app.Service.FindByShortCode(ctx, stranger, "2222-2222-2222"); !errors.Is(err, emergency.ErrNoCard) {
		t.Fatal(err)
	}
	view, err := app.Service.Abuse(ctx, emergency.Caller{Operator: true})
	if err != nil || len(view.Guesses) != 1 {
		t.Fatalf("%+v (%v)", view.Guesses, err)
	}
	if got, want := view.Guesses[0], (emergency.Spike{Kind: "short_code", Network: stranger.Network, Hour: 1, Day: 4}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
