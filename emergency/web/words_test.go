package web

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/static"
)

var errSecret = errors.New("the password is hunter2")

// inTemplates and inCode find keys where they stand whole.
var (
	inTemplates = regexp.MustCompile(`\.T "([a-z][a-z0-9_.]*[a-z0-9])"`)
	inCode      = regexp.MustCompile(`["']((?:console|field|hint|log|fact|invalid|record|left|warning|shown|import|front)\.[a-z0-9_.]*[a-z0-9])["']`)
	inScripts   = regexp.MustCompile(`invalid\("([a-z0-9_]+)"`)
)

// TestEveryKeyHasWords finds every key that the console says, in templates and code, and the families of keys that it builds from codes. It also
// finds words that nobody says any more.
func TestEveryKeyHasWords(t *testing.T) {
	t.Parallel()
	catalog, err := locale.Load(static.Locales())
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	templates, err := filepath.Glob("../../static/templates/console/*.html")
	if err != nil || len(templates) < 30 {
		t.Fatalf("%d templates, %v", len(templates), err)
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Glob("../../static/js/console/*.js")
	if err != nil || len(scripts) < 8 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	for _, file := range slices.Concat(templates, sources, scripts) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, pattern := range []*regexp.Regexp{inTemplates, inCode} {
			for _, found := range pattern.FindAllSubmatch(text, -1) {
				used[string(found[1])] = true
			}
		}
		for _, found := range inScripts.FindAllSubmatch(text, -1) {
			used["invalid."+string(found[1])] = true
		}
	}
	family := func(prefix string, codes ...string) {
		for _, code := range codes {
			if code != "" {
				used[prefix+code] = true
			}
		}
	}
	for code := range statuses {
		family("error.", code, code+".do")
	}
	for _, s := range section.All() {
		family("section.", s.String())
		if s != section.Identity {
			family("lead.", s.String())
		}
	}
	for _, form := range sectionForms {
		for _, f := range form.fields {
			family("field.", string(f))
		}
		family("status.", form.statuses...)
	}
	family("severity.", severities...)
	family("criticality.", criticalities...)
	family("gender.", genders...)
	family("source.", summary.SourceSelf, summary.SourceGuardian, summary.SourceClinician, summary.SourceOrganization, summary.SourceImported)
	family("absent.", summary.AbsentKnownNone, summary.AbsentNoInformation)
	family("front.", "default", summary.FrontAlways, summary.FrontNever)
	family("left.", string(summary.LeftNoRoom), string(summary.LeftShortened), string(summary.LeftChoice), string(summary.LeftHidden),
		string(summary.LeftSensitive), string(summary.LeftBehind))
	family("warning.", string(cards.WarnModule), string(cards.WarnDots), string(cards.WarnQuietZone), string(cards.WarnLevel))
	family("preset.", presets...)
	family("console.preset.", presets...)
	family("console.reach.", "at_once", "after_reason", "after_wait")
	family("console.import.", "understood", "understood.text", "kept", "kept.text", "not", "not.text")
	family("shown.", "name", "relation", "phone", "detail", "reactions", "severity", "criticality", "status", "date", "note")
	family("fact.", "name", "name_claimed", "role", "organization", "callback", "reason", "reason_text", "sections", "items", "until", "card", "rules", "network", "more")
	family("more.", "not_logged")
	family("console.log.", "proven", "waiting", "failed", "unable")
	family("console.log.memory.", "first", "same", "grown", "key", "smaller", "fork")
	family("approve.", "verify", "delete_patient", "delete_account")
	family("import.", "coded", "structured", "absent", "words", "narrative", "kind", "field", "refuted", "dangling_reference", "duplicate_name", "other_patient",
		"too_long", "empty")
	family("record.", "section", "id", "term", "too_long", "not_text", "date", "code", "empty", "too_many")
	for _, reason := range rules.Reasons() {
		family("reason.", string(reason))
	}
	for _, kind := range []audit.Type{audit.CardIssued, audit.CardScanned, audit.CardRevoked, audit.GlassOpened, audit.GlassReopened, audit.GlassRefused,
		audit.RequestWaiting, audit.RequestVetoed, audit.RulesChanged, audit.RecordChanged, audit.RecordImported, audit.PatientCreated, audit.PatientDeleted, audit.AccountCreated, audit.AccountSignedIn,
		audit.AccountDeleted, audit.PasskeyAdded, audit.PasskeyRemoved, audit.RecoverySet, audit.RecoveryUsed, audit.DataExported, audit.KeyMade,
		audit.BackupMade, audit.BackupRestored, audit.Drill} {
		family("log.", string(kind))
	}
	family("log.", "card.scanned.short_code", "glass.refused.wrong_secret", "glass.refused.wait", "account.signed_in.cloned_passkey", "request.vetoed", "request.waiting")
	for key := range used {
		if !catalog.Has(key) {
			t.Errorf("there are no words for %q", key)
		}
	}

	for _, room := range []string{"console", "errors"} {
		text, err := os.ReadFile("../../static/locales/en/" + room + ".json")
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`(?m)^  "([^"]+)":`).FindAllStringSubmatch(string(text), -1) {
			key := found[1]
			special := regexp.MustCompile(`^(field|hint|shown)\.[a-z_]+\.[a-z_]+$`).MatchString(key) // of one section alone
			if !used[key] && !special && !strings.HasPrefix(key, "hint.") {
				t.Errorf("nobody says %q (%s.json)", key, room)
			}
		}
	}
}

// TestEveryRuleIsSaidInWords says every rule of every preset and everybody of the simulation in every language.
func TestEveryRuleIsSaidInWords(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	text, err := os.ReadFile("../rules/messages.go")
	if err != nil {
		t.Fatal(err)
	}
	keys := regexp.MustCompile(`= "(rules\.[a-z_.]+)"`).FindAllSubmatch(text, -1)
	if len(keys) < 60 {
		t.Fatalf("only %d keys of rules were found", len(keys))
	}
	for _, key := range keys {
		if !app.Catalog.Has(string(key[1])) {
			t.Errorf("there are no words for %q", key[1])
		}
	}
	for _, lang := range app.Catalog.Languages() {
		x := &exchange{Server: app.Server, lang: lang}
		for _, name := range presets {
			policy, _ := rules.Preset(name)
			for _, sentences := range x.ruleSentences(policy) {
				for _, sentence := range sentences {
					if strings.ContainsAny(sentence, "{}") || strings.Contains(sentence, "rules.") || strings.Contains(sentence, "section.") {
						t.Errorf("%s, %s: %q", lang.Code, name, sentence)
					}
				}
			}
		}
	}
}
