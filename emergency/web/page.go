package web

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/static"
)

// pageNames are the console's pages and their parts, below templates/console/.
var pageNames = []string{
	"account", "approve_delete", "card", "card_carrier", "card_check", "card_new", "card_revoke", "cards", "code", "audit", "conflict", "export", "home", "import",
	"import_check", "item", "landing", "log", "log_export", "passkey_new", "patient", "patient_new", "problem", "record", "recover", "recovery_code",
	"badge", "badge_history", "invite", "invite_parts", "invited", "org", "org_crew", "org_reviews", "rules", "section", "sheet", "sheet_ready", "signin", "signup", "simulate",

	"consent", "consent_check", "draft", "pending", "question", "rule", "rule_list", "rules_delay", "seen",

	"officer", "officer_abuse", "officer_search", "review_ask",
	"fact_list", "openings", "owed", "review", "review_mail", "suspend",
	"contacts", "contact_new", "contact_stop", "event", "grant", "thread",

	"confidential", "drill", "erase", "keeper_remove", "keepers",

	"top", "bottom", "contact", "facts", "field", "front", "left", "line", "nfc", "notices", "passkey_words", "patient_nav", "reach", "touch", "waits",
}

func parsePages(assets *static.Assets) (*template.Template, error) {
	names := []string{static.ReaderTemplate, static.ScanTemplate, static.BadgeTemplate}
	for _, name := range pageNames {
		names = append(names, "console/"+name+".html")
	}
	return assets.Templates(nil, names...)
}

// page is what every page of the console shows around its own data. A page is made for one request: its T speaks that reader's language.
type page struct {
	Lang      locale.Lang
	Languages []locale.Lang
	Demo      bool
	Issuer    string
	SignedIn  bool
	Title     string
	Back      string  // where the back link leads, "" for none
	Faults    []fault // what is wrong with what was sent; shown first
	Exit      string  // where "exit this page" leads in the end, "" where it is not offered
	Scripts   []string
	Crew      []emergency.OrganizationView // home: what the caller belongs to
	Nav       *patientNav                  // set on the pages of one patient
	D         any                          // the page's own data
	x         *exchange
}

// patientNav names the patient whose page it is.
type patientNav struct {
	ID, Name, Here string
	Unseen         int
}

// fault is one thing that is wrong with a form.
type fault struct {
	Field string // id of the field, "" for the whole form
	Text  string
}

// T says a key in the language of the page.
func (p page) T(key string, args ...any) string { return p.x.T(key, args...) }

// With is the page with other data, for a part of it that needs its words.
func (p page) With(data any) page {
	p.D = data
	return p
}

// LangURL is this page's address in another language.
func (p page) LangURL(code string) string {
	query := p.x.r.URL.Query()
	query.Set("lang", code)
	return (&url.URL{Path: p.x.r.URL.Path, RawQuery: query.Encode()}).String()
}

// newPage begins a page whose title is a key.
func (x *exchange) newPage(title string, args ...any) page {
	return page{Lang: x.lang, Languages: x.Catalog.Languages(), Demo: x.Demo, Issuer: x.host(), SignedIn: x.caller.Account != "",
		Title: x.T(title, args...), x: x}
}

// render answers a page. It is written whole or not at all, so that a template that fails does not leave half of somebody's record.
func (x *exchange) render(status int, name string, p page) error {
	var out bytes.Buffer
	if err := x.pages.ExecuteTemplate(&out, "console/"+name+".html", p); err != nil {
		return err
	}
	x.rememberLanguage()
	header := x.w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Language", x.lang.Code)
	header.Set("Vary", "Accept-Language, Cookie")
	return x.send(status, out.Bytes())
}

// show answers a page that went well.
func (x *exchange) show(name string, p page) error { return x.render(http.StatusOK, name, p) }

// problemPage is the page form of a problem. When even that fails, the status says it.
func (x *exchange) problemPage(p problem) {
	shown := x.newPage("error." + p.Code)
	shown.D = p
	if p.Code == emergency.ErrFreshPasskey.Code && x.r.Method == http.MethodGet {
		shown.Scripts = []string{"js/console/approve.js"} // and the page asks for the passkey and is loaded again
	}
	if err := x.render(p.Status, "problem", shown); err != nil {
		x.Logger.ErrorContext(x.r.Context(), "the problem page failed", "id", p.Instance, "error", err)
		http.Error(x.w, http.StatusText(p.Status), p.Status)
	}
}
