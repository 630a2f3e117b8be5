package web

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shl"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// hiddenFields are the hidden fields of the form that issues what a check page shows.
func hiddenFields(page string) url.Values {
	_, page, _ = strings.Cut(page, "data-fresh=")
	values := url.Values{}
	for _, found := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
		values.Add(html.UnescapeString(found[1]), html.UnescapeString(found[2]))
	}
	return values
}

// TestNobodyGivesEverythingAwayByMistake: a code that anyone can read is issued to whoever has said yes to that, and to nobody else.
func TestNobodyGivesEverythingAwayByMistake(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	home := "/patients/" + string(person.Patient(t, "adult"))
	asked := regexp.MustCompile(`name="(front-[^"]+)"`).FindStringSubmatch(b.page(home + "/cards/new?carrier=vcard"))
	form := url.Values{"carrier": {emergency.CarrierVCard}, asked[1]: {summary.FrontNever}}
	w := b.form(home+"/cards/preview", form)
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `id="readable-fault"`) {
		t.Errorf("without a yes: %d", w.Code)
	}
	if strings.Count(w.Body.String(), `<option value="never" selected>`) != 1 {
		t.Error("what was chosen before is lost")
	}
	if w := b.form(home+"/cards", form); w.Code != http.StatusBadRequest {
		t.Errorf("without a yes a card is issued: %d", w.Code)
	}
	form.Set("readable", "yes")
	page := b.form(home+"/cards/preview", form).Body.String()
	if !strings.Contains(page, app.Catalog.T("en", "console.check.contact")) || !strings.Contains(page, "Hartwell") {
		t.Error("the check page does not show what a telephone shows")
	}
}

// TestALinkIsMadeAsItsKeeperChose: sections, life, passcode and label of the form are those of the link.
func TestALinkIsMadeAsItsKeeperChose(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	home := "/patients/" + string(id)
	good := url.Values{"carrier": {emergency.CarrierSHL}, "section": {"allergies", "mental_health"}, "life": {"7"}, "passcode": {"correct horse"}, "link_label": {"Summary"}}
	for name, change := range map[string]struct{ field, value, fault string }{
		"no section":          {"section", "", "section"},
		"the floor":           {"section", "private_notes", "section"},
		"no such section":     {"section", "everything", "section"},
		"a short passcode":    {"passcode", "12345", "passcode"},
		"a long label":        {"link_label", strings.Repeat("x", 81), "link_label"},
		"an endless life":     {"life", "9999", "life"},
		"a life of no length": {"life", "soon", "life"},
	} {
		bad := url.Values{}
		for field, values := range good {
			bad[field] = values
		}
		bad[change.field] = []string{change.value}
		w := b.form(home+"/cards/preview", bad)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `id="`+change.fault+`-fault"`) {
			t.Errorf("%s: %d, or no word at the field", name, w.Code)
		}
		if w := b.form(home+"/cards", bad); w.Code != http.StatusBadRequest {
			t.Errorf("%s: a link is made, %d", name, w.Code)
		}
	}
	checked := b.form(home+"/cards/preview", good).Body.String()
	for _, want := range []string{"Allergies", "Mental health", "29 November 2026", "Summary"} {
		if !strings.Contains(checked, want) {
			t.Errorf("the check page does not say %q", want)
		}
	}
	if strings.Contains(checked, "data-front") {
		t.Error("the check page of a link shows a front")
	}
	w := b.form(home+"/cards", hiddenFields(checked))
	page := w.Body.String()
	if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != noStore || !strings.Contains(page, app.Catalog.T("en", "console.card.issued")) {
		t.Fatalf("the page of a new link: %d, Cache-Control %q", w.Code, w.Header().Get("Cache-Control"))
	}
	uri := regexp.MustCompile(`shlink:/[A-Za-z0-9_-]+`).FindString(page)
	link, err := shl.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	if link.Flag != "P" || link.Label != "Summary" || !strings.Contains(page, "correct horse") {
		t.Errorf("flag %q, label %q", link.Flag, link.Label)
	}
	token := link.URL[strings.LastIndexByte(link.URL, '/')+1:]
	opened, err := app.House.Service.OpenLink(t.Context(), emergency.Caller{Network: "203.0.113.0/24"}, emergency.LinkRequest{Token: token, Passcode: "correct horse", Recipient: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"allergies", "mental_health"}, opened.Sections.Names()); diff != "" {
		t.Errorf("the link gives other sections:\n%s", diff)
	}
	drawn := url.Values{"carrier": {emergency.CarrierSHL}, "section": {"allergies"}, "life": {"1"}}
	page = b.form(home+"/cards", drawn).Body.String()
	if !regexp.MustCompile(`<p class="code big" dir="auto">[0-9]{8}</p>`).MatchString(page) {
		t.Error("no passcode was drawn")
	}
}

// TestALinkSaysWhereItStands: its page does not give the passcode a second time, and says when a link takes no more tries.
func TestALinkSaysWhereItStands(t *testing.T) {
	t.Parallel()
	l := newLinked(t)
	keeper := l.browser(t)
	keeper.cookies[sessionCookie] = l.person.Token
	once, ended := l.Catalog.T("en", "console.link.passcode.once"), l.Catalog.T("en", "console.link.ended")
	tries, next := l.Catalog.T("en", "console.link.attempts"), l.Catalog.T("en", "console.next.shl")
	service := l.Server.Service
	for _, test := range []struct {
		name     string
		attempts int
		says     []string
		not      []string
	}{
		{"a link at work", 99, []string{once, tries, next, "card.svg", "card.shlink"}, []string{ended}},
		{"a link without tries", 0, []string{ended}, []string{once, tries, next, "card.svg", "card.shlink"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l.Server.Service = triedLink{service, test.attempts}
			page := html.UnescapeString(keeper.page("/patients/" + string(l.patient) + "/cards/" + l.issued.ID.String()))
			for _, want := range append(test.says, l.issued.Link.URI, "/revoke") {
				if !strings.Contains(page, want) {
					t.Errorf("the page does not say %q", want)
				}
			}
			for _, wrong := range append(test.not, linkPasscode, `class="code big"`) {
				if strings.Contains(page, wrong) {
					t.Errorf("the page says %q", wrong)
				}
			}
		})
	}
}

// triedLink is a service whose links have so many tries left.
type triedLink struct {
	Service
	attempts int
}

func (s triedLink) CardForPrint(ctx context.Context, c emergency.Caller, id emergency.PatientID, card cards.ID) (emergency.Issued, error) {
	issued, err := s.Service.CardForPrint(ctx, c, id, card)
	if err == nil {
		issued.Link.Attempts = s.attempts
	}
	return issued, err
}

// TestATagIsWrittenAsTheFileSays: what the browser writes to a tag is the message of the file.
func TestATagIsWrittenAsTheFileSays(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	home := "/patients/" + string(person.Patient(t, "adult"))
	for _, carrier := range []string{emergency.CarrierNTAG213, emergency.CarrierNTAG215, emergency.CarrierNTAG216} {
		page := location(t, b.form(home+"/cards", url.Values{"carrier": {carrier}}))
		base, _, _ := strings.Cut(page, "?")
		message, err := cards.ParseNDEF(b.get(base + "/files/card.ndef").Body.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`data-url="([^"]*)" data-lang="([^"]*)" data-text="([^"]*)"`).FindStringSubmatch(b.page(page))
		if found == nil {
			t.Fatalf("%s: the page has nothing to write", carrier)
		}
		got := tagWords{html.UnescapeString(found[1]), found[2], found[3]}
		if diff := cmp.Diff(tagOf(message), got); diff != "" || got.URL == "" {
			t.Errorf("%s: the browser writes something else:\n%s", carrier, diff)
		}
	}
}

// TestTheKeysOfATagNeedAFreshPasskey: whoever has them makes tags that pass for this one.
func TestTheKeysOfATagNeedAFreshPasskey(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	issued, err := app.House.Service.IssueCard(t.Context(), person.Caller(t), id, emergency.CardChoices{Carrier: emergency.CarrierNTAG424}, "")
	if err != nil {
		t.Fatal(err)
	}
	base := "/patients/" + string(id) + "/cards/" + issued.ID.String()
	key := issued.Tag.Keys.FileRead.Hex()
	places := []string{"/print?page=settings&paper=a4", "/files/settings.json"}
	for _, path := range places {
		w := b.get(base + path)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), key) || w.Header().Get("Cache-Control") != noStore {
			t.Errorf("%s: %d, Cache-Control %q, or the keys are not there", path, w.Code, w.Header().Get("Cache-Control"))
		}
	}
	if strings.Contains(b.page(base), key) {
		t.Error("the card's own page shows the keys")
	}
	app.Clock.Add(emergency.FreshFor + time.Minute)
	for _, path := range append(places, "") {
		if w := b.get(base + path); w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), key) {
			t.Errorf("%q without a fresh passkey: %d", path, w.Code)
		}
	}
}

// TestAHealthCardSaysWhatItLeavesOut names on the check page what hospital software will not learn.
func TestAHealthCardSaysWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	person.Edit(t, id, summary.Item{Section: section.Allergies, Text: "Plain words about bees"})
	preview, err := app.House.Service.PreviewCard(t.Context(), person.Caller(t), id, emergency.CardChoices{Carrier: emergency.CarrierSHC})
	if err != nil || !slices.ContainsFunc(preview.Left, func(l summary.Left) bool { return l.Reason == summary.LeftTextOnly }) {
		t.Fatalf("%v, left %v", err, preview.Left)
	}
	page := b.form("/patients/"+string(id)+"/cards/preview", url.Values{"carrier": {emergency.CarrierSHC}}).Body.String()
	on, left, found := strings.Cut(page, html.EscapeString(app.Catalog.T("en", "console.check.left", "count", len(preview.Left))))
	if !found || strings.Contains(on, "Plain words about bees") || !strings.Contains(left, "Plain words about bees") {
		t.Error("what has no code is not named among what is left out")
	}
	if !strings.Contains(left, html.EscapeString(app.Catalog.T("en", "left.text_only"))) {
		t.Error("the page does not say why")
	}
}
