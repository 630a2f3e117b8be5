package web

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// TestWhatADisasterAsksForIsKept writes how long a medicine lasts, who may collect a child, who lives far away, what a child weighs and whom an
// insurance is called by, and reads it on the page.
func TestWhatADisasterAsksForIsKept(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	record := "/patients/" + string(id) + "/record/"
	for _, test := range []struct {
		name    string
		section section.Section
		form    url.Values
		want    summary.Item
		shown   []string
	}{
		{"insulin for twelve days", section.Medications, url.Values{"concept": {"Blue tablets"}, "status": {"active"}, "supply_until": {"2026-12-04"}},
			summary.Item{Text: "Blue tablets", Status: "active", SupplyUntil: "2026-12-04"}, []string{"12 days left, until 4 December 2026"}},
		{"the last tablet", section.Medications, url.Values{"concept": {"Red tablets"}, "status": {"active"}, "supply_until": {"2026-11-22"}},
			summary.Item{Text: "Red tablets", Status: "active", SupplyUntil: "2026-11-22"}, []string{"The last of it is for today"}},
		{"a supply that has ended", section.Medications, url.Values{"concept": {"Old tablets"}, "status": {"active"}, "supply_until": {"2026-11-01"}},
			summary.Item{Text: "Old tablets", Status: "active", SupplyUntil: "2026-11-01"}, []string{"It ended on 1 November 2026"}},
		{"an aunt far away", section.Contacts, url.Values{"name": {"Aunt Far"}, "phone": {"+46701740605"}, "out_of_area": {"yes"}, "collect": {"may"}},
			summary.Item{Name: "Aunt Far", Phone: "+46701740605", OutOfArea: true, Collect: summary.CollectMay}, []string{"may collect the child", "Lives far away"}},
		{"somebody who must not get the child", section.Contacts, url.Values{"name": {"Uncle Not"}, "collect": {"must_not"}},
			summary.Item{Name: "Uncle Not", Collect: summary.CollectMustNot}, []string{"must not collect the child"}},
		{"a weight and its day", section.Child, url.Values{"concept": {"Weight"}, "detail": {"14.2 kg"}, "date": {"2026-11-20"}},
			summary.Item{Text: "Weight", Detail: "14.2 kg", Date: "2026-11-20"}, []string{"14.2 kg", "20 November 2026"}},
		{"the line of an insurer", section.Insurance, url.Values{"concept": {"Travel insurance"}, "name": {"Example Mutual"}, "phone": {"+46 8 123 456"}, "detail": {"No. 7"}},
			summary.Item{Text: "Travel insurance", Name: "Example Mutual", Phone: "+46 8 123 456", Detail: "No. 7"}, []string{"Example Mutual", "+46 8 123 456", "Emergency telephone"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			page := html.UnescapeString(b.page(location(t, b.form(record+test.section.String(), test.form))))
			for _, want := range test.shown {
				if !strings.Contains(page, want) {
					t.Errorf("the page does not say %q", want)
				}
			}
			kept, err := app.Server.Service.Record(t.Context(), person.Caller(t), id)
			if err != nil {
				t.Fatal(err)
			}
			test.want.Section = test.section
			var got summary.Item
			for _, item := range kept.Section(test.section) {
				if item.Text == test.want.Text && item.Name == test.want.Name {
					got = item
				}
			}
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreFields(summary.Item{}, "ID", "Source", "Confirmed")); diff != "" {
				t.Errorf("kept otherwise:\n%s", diff)
			}
			form := html.UnescapeString(b.page(record + test.section.String() + "/" + got.ID))
			for name, values := range test.form {
				if values[0] != "yes" && !strings.Contains(form, `value="`+values[0]+`"`) {
					t.Errorf("the form does not show %s again", name)
				}
			}
			if got.OutOfArea != strings.Contains(form, `name="out_of_area" value="yes" checked`) {
				t.Error("the box is not as it was left")
			}
		})
	}
	w := b.form(record+"medications", url.Values{"concept": {"Green tablets"}, "status": {"active"}, "supply_until": {"2026-12"}})
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `id="supply_until-fault"`) {
		t.Errorf("a supply that lasts for a month nobody knows which day: %d", w.Code)
	}
}
