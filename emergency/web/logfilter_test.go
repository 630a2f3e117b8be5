package web

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// numbersIn are the entries that a page of the log shows, in its order.
func numbersIn(t *testing.T, page string) []int {
	t.Helper()
	var numbers []int
	for _, found := range regexp.MustCompile(`data-seq="(\d+)"`).FindAllStringSubmatch(page, -1) {
		n, err := strconv.Atoi(found[1])
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// TestEntriesAreFound asks for entries by kind, card, time and words, with links and forms alone.
func TestEntriesAreFound(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	first, second := person.Issue(t, id), person.Issue(t, id)
	s, home := app.House.Service, "/patients/"+string(id)+"/log"
	if _, err := s.Open(t.Context(), person.Caller(t), emergencytest.OpenRequest(first)); err != nil {
		t.Fatal(err)
	}
	app.Clock.Add(10 * 24 * time.Hour)
	if err := person.SignIn(t); err != nil {
		t.Fatal(err)
	}
	b.cookies[sessionCookie] = person.Token
	request := emergencytest.OpenRequest(second)
	request.Name = "Robin Rescue"
	if _, err := s.Open(t.Context(), person.Caller(t), request); err != nil {
		t.Fatal(err)
	}
	whole := b.page(home)
	all := numbersIn(t, whole)
	late, early := all[0], all[1] // the unread first, and of those the newest
	if !strings.Contains(whole, "data-whole") || len(all) < 6 {
		t.Fatalf("the whole log is %v", all)
	}
	type query struct {
		kind string
		form url.Values
		want []int
	}
	for name, asked := range map[string]query{
		"new":                {kind: "new", want: []int{late, early}},
		"looked at":          {kind: "looked", want: []int{late, early}},
		"refused":            {kind: "refused", want: nil},
		"no kind":            {kind: "Robin", want: all},
		"by card":            {form: url.Values{"card": {first.ID.String()}, "kind": {"looked"}}, want: []int{early}},
		"by time":            {form: url.Values{"days": {"7"}}, want: []int{late}},
		"by name":            {form: url.Values{"words": {"  robin  RESCUE "}}, want: []int{late}},
		"by what it is":      {form: url.Values{"words": {"the record was opened"}}, want: []int{late, early}},
		"by nothing":         {form: url.Values{}, want: all},
		"what there is not":  {form: url.Values{"words": {"Mallory"}}, want: nil},
		"before":             {form: url.Values{"kind": {"looked"}, "before": {strconv.Itoa(late)}}, want: []int{early}},
		"a span that is not": {form: url.Values{"days": {"6"}}, want: all},
	} {
		var page string
		if asked.form == nil {
			page = b.page(home + "?kind=" + asked.kind)
		} else if w := b.form(home, asked.form); w.Code == http.StatusOK {
			page = w.Body.String()
		} else {
			t.Fatalf("%s: %d", name, w.Code)
		}
		if got := numbersIn(t, page); !slices.Equal(got, asked.want) {
			t.Errorf("%s: %v, want %v", name, got, asked.want)
		}
		if strings.Contains(page, "data-whole") != slices.Equal(asked.want, all) {
			t.Errorf("%s: the page is said to leave nothing out, or to leave something out", name)
		}
		clean(t, page, name)
	}
	if words := b.page(home + "?words=robin&card=" + first.ID.String()); !slices.Equal(numbersIn(t, words), all) {
		t.Error("an address asks for words or for a card")
	}
	location(t, b.form(home+"/seen", url.Values{"seq": {strconv.Itoa(late)}}))
	if page := b.page(home); strings.Contains(page, " fresh\"") || numbersIn(t, page)[0] != max(late, early) {
		t.Error("what was seen is new still")
	}
}

// TestALongLogIsSearchedInPages looks for what stands further back than one page reads.
func TestALongLogIsSearchedInPages(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(c *Config) { c.Limits.Off = true })
	b, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	request := emergencytest.OpenRequest(person.Issue(t, id))
	request.Name = "Robin Rescue"
	if _, err := app.House.Service.Open(t.Context(), person.Caller(t), request); err != nil {
		t.Fatal(err)
	}
	event := audit.Event{Type: audit.RecordChanged, At: app.Clock.Now().UTC().Truncate(time.Millisecond), Subject: string(id), Actor: audit.Actor{Kind: audit.ByAccount}}
	if err := app.House.Store.Update(t.Context(), func(tx emergency.Tx) error {
		for range maxSoughtEntries + shownEntries {
			tx.Append(event)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	home := "/patients/" + string(id) + "/log"
	next := regexp.MustCompile(`href="(` + home + `\?before=\d+(?:&amp;kind=\w+)?)"`)
	page := b.page(home + "?kind=looked")
	if numbers := numbersIn(t, page); len(numbers) != 0 || !strings.Contains(page, "Older entries were not searched yet") {
		t.Fatalf("the first page shows %v and does not say that it did not read all", numbers)
	}
	found := next.FindStringSubmatch(page)
	if found == nil {
		t.Fatal("there is no way on")
	}
	if numbers := numbersIn(t, b.page(html.UnescapeString(found[1]))); len(numbers) != 1 {
		t.Errorf("the next page shows %v, want the one opening", numbers)
	}

	asked := url.Values{"words": {"robin"}}
	form := regexp.MustCompile(`name="before" value="(\d+)"`)
	w := b.form(home, asked)
	before := form.FindStringSubmatch(w.Body.String())
	if before == nil || strings.Contains(w.Body.String(), "?before=") {
		t.Fatal("words that are looked for do not go on in a form")
	}
	asked.Set("before", before[1])
	if numbers := numbersIn(t, b.form(home, asked).Body.String()); len(numbers) != 1 {
		t.Errorf("the next page shows %v, want the one opening", numbers)
	}

	var shown []int
	for path := home; path != ""; {
		page := b.page(path)
		shown = append(shown, numbersIn(t, page)...)
		path = ""
		if found := next.FindStringSubmatch(page); found != nil {
			path = html.UnescapeString(found[1])
		}
	}
	slices.Sort(shown)
	for i, number := range shown {
		if number != i+1 {
			t.Fatalf("the pages of the whole log show %d in the place of %d", number, i+1)
		}
	}
}
