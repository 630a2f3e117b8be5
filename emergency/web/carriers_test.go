package web

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/locket-health/locket/emergency"
)

// TestEveryCarrierIsMadeByItsPages goes through the pages with every carrier: offered, asked, checked, issued, shown, and every file that is offered.
func TestEveryCarrierIsMadeByItsPages(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(c *Config) { c.Limits.Off = true })
	b, person := app.signedIn(t, "Ada Example")
	home := "/patients/" + string(person.Patient(t, "adult"))
	offered := b.page(home + "/cards/carriers")
	for _, carrier := range emergency.Carriers() {
		if !strings.Contains(offered, `value="`+carrier+`"`) {
			t.Errorf("%s is not offered", carrier)
		}
		if carrier == emergency.CarrierSheet {
			if got := location(t, b.get(home+"/cards/new?carrier="+carrier)); !strings.HasPrefix(got, "/household/sheet?person=") {
				t.Errorf("a sheet is made at %s", got)
			}
			continue
		}
		t.Run(carrier, func(t *testing.T) {
			asked := b.page(home + "/cards/new?carrier=" + carrier)
			if !strings.Contains(asked, app.Catalog.T("en", "carrier."+carrier)) {
				t.Error("the page does not say what for")
			}
			answers := url.Values{"carrier": {carrier}, "label": {"My " + carrier}}
			switch carrier {
			case emergency.CarrierVCard:
				answers.Set("readable", "yes")
			case emergency.CarrierSHL:
				answers["section"], answers["life"], answers["passcode"] = []string{"allergies", "medications"}, []string{"7"}, []string{"correct horse"}
			}
			checked := b.form(home+"/cards/preview", answers)
			if checked.Code != http.StatusOK {
				t.Fatalf("the check page: %d %s", checked.Code, checked.Body)
			}
			made := b.form(home+"/cards", hiddenFields(checked.Body.String()))
			page := made.Body.String()
			if carrier != emergency.CarrierSHL { // whose page is the answer to the form
				page = b.page(location(t, made))
			}
			for _, want := range []string{"My " + carrier, app.Catalog.T("en", "console.card.issued"), html.EscapeString(app.Catalog.T("en", "console.next."+carrier))} {
				if !strings.Contains(page, want) {
					t.Errorf("the card's page does not say %q", want)
				}
			}
			revoke := regexp.MustCompile(`href="([^"]+)/revoke"`).FindStringSubmatch(page)
			if revoke == nil {
				t.Fatal("the card's page does not lead to its end")
			}
			base := revoke[1]
			offers := regexp.MustCompile(`(?:href|src)="(`+regexp.QuoteMeta(base)+`/(?:files/[^"]+|print\?[^"]+))"`).FindAllStringSubmatch(page, -1)
			if len(offers) == 0 {
				t.Error("no file is offered")
			}
			if carrier == emergency.CarrierWallpaper {
				offers = offers[:2] // of pictures that are drawn alike, and slowly
			}
			for _, offer := range offers {
				offer := html.UnescapeString(offer[1])
				w := b.get(offer)
				if w.Code != http.StatusOK || w.Body.Len() == 0 || w.Header().Get("Cache-Control") != noStore {
					t.Errorf("%s: %d, %d bytes", offer, w.Code, w.Body.Len())
				}
			}
			if w := b.get(base + "/files/card.exe"); w.Code != http.StatusNotFound {
				t.Errorf("a file that there is not: %d", w.Code)
			}
			if !strings.Contains(b.page(home+"/cards"), "My "+carrier) {
				t.Error("the card is not in the list")
			}
		})
	}
	if w := b.get(home + "/cards/new?carrier=stone"); w.Code != http.StatusNotFound {
		t.Errorf("a carrier that there is not: %d", w.Code)
	}
	if w := b.form(home+"/cards/preview", url.Values{"carrier": {"stone"}}); w.Code != http.StatusBadRequest {
		t.Errorf("a card on a carrier that there is not: %d", w.Code)
	}
}
