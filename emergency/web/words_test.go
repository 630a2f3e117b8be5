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
	"github.com/locket-health/locket/emergency"
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
	inCode      = regexp.MustCompile(`["']((?:console|field|hint|log|fact|invalid|record|left|warning|shown|import|front|editor|contacts|event|thread|grant|stated|waits|officer|review|handover|audit|history|erase)\.[a-z0-9_.]*[a-z0-9])["']`)
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
	family("reader.collect.", collects...)
	family("gender.", genders...)
	family("source.", summary.SourceSelf, summary.SourceGuardian, summary.SourceClinician, summary.SourceOrganization, summary.SourceImported)
	family("absent.", summary.AbsentKnownNone, summary.AbsentNoInformation)
	family("front.", "default", summary.FrontAlways, summary.FrontNever)
	family("left.", string(summary.LeftNoRoom), string(summary.LeftShortened), string(summary.LeftChoice), string(summary.LeftHidden),
		string(summary.LeftSensitive), string(summary.LeftBehind), string(summary.LeftTextOnly))
	family("warning.", string(cards.WarnModule), string(cards.WarnDots), string(cards.WarnQuietZone), string(cards.WarnLevel))
	family("preset.", presets...)
	family("console.preset.", presets...)
	family("console.reach.", "at_once", "after_reason", "after_wait")
	family("console.import.", "understood", "understood.text", "kept", "kept.text", "not", "not.text")
	family("shown.", "name", "relation", "phone", "detail", "reactions", "severity", "criticality", "status", "date", "note", "collect", "out_of_area", "supply_until")
	family("fact.", "name", "name_claimed", "role", "organization", "callback", "reason", "reason_text", "sections", "items", "until", "card", "rules", "network", "more", "read_at", "carrier")
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
		audit.RequestWaiting, audit.RequestVetoed, audit.RulesChanged, audit.RulesProposed, audit.RulesVetoed, audit.RecordChanged, audit.RecordImported, audit.PatientCreated, audit.PatientDeleted, audit.AccountCreated, audit.AccountSignedIn,
		audit.AccountDeleted, audit.PasskeyAdded, audit.PasskeyRemoved, audit.RecoverySet, audit.RecoveryUsed, audit.DataExported, audit.KeyMade,
		audit.BackupMade, audit.BackupRestored, audit.Drill} {
		family("log.", string(kind))
	}
	family("log.", "card.scanned.short_code", "glass.refused.wrong_secret", "glass.refused.wait", "account.signed_in.cloned_passkey", "request.vetoed", "request.waiting",
		"card.scanned.live", "card.scanned.reload", "card.read_offline", "card.tap_doubted", "card.tap_doubted.stale", "card.tap_doubted.wrong", "card.tap_doubted.cloned", "card.tap_doubted.unsupported", "card.tap_doubted.unsupported",
		"glass.opened.link", "glass.reopened.link", "glass.refused.wrong_passcode", "glass.refused.link_ended")
	family("log.", "contact.invited", "contact.confirmed", "contact.stopped", "grant.ended", "message.sent", "message.sent.responder", "message.sent.keeper",
		"message.sent.contact", "request.approved", "request.withdrawn")
	family("contacts.fault.", "name", "mail", "phone", "lang")
	family("event.", "bare.code", "bare.passkey", "kind.contact", "kind.rules", "kind.drill_due", "kind.passkeys", "wait.waiting", "wait.open", "wait.vetoed", "wait.withdrawn", "wait.over")
	family("thread.", "kind.callback", "kind.hospital", "kind.location", "kind.note", "from.responder", "from.keeper", "from.contact")
	family("keepers.", "role.keeper", "role.guardian", "role.self", "invite.keeper", "invite.keeper.hint", "invite.guardian", "invite.guardian.hint", "invite.self",
		"invite.self.hint", "fault.name", "fault.role")
	family("invite.", "keeper.title", "keeper.text", "keeper.button", "guardian.title", "guardian.text", "guardian.button", "self.title", "self.text", "self.button")
	family("drill.outcome.", emergency.DrillRead, emergency.DrillSlow, emergency.DrillUnread)
	for _, s := range askedInDrill {
		family("drill.ask.", s.String())
	}
	family("log.", "keeper.added", "keeper.invited", "keeper.removed", "patient.handed_over", "patient.confidential", "drill.finished", "drill.finished.read",
		"drill.finished.slow", "drill.finished.unread", "invitation.withdrawn")
	family("log.", "account.signed_in.refused", "data.exported.begun", "data.exported.consent", "data.exported.failed", "data.exported.log", "data.exported.record",
		"entry.erased", "receipt.made")
	family("log.", "handover.made", "glass.reopened.handover", "review.given", "review.answered", "officer.searched", "officer.exported")
	for _, verdict := range []string{emergency.VerdictRight, emergency.VerdictWrong, emergency.VerdictUnsure} {
		family("review.", "verdict."+verdict, "said."+verdict)
	}
	for _, alarm := range audit.Alarms() {
		family("audit.cause.", string(alarm))
	}
	family("review.fault.", "verdict", "words")
	for _, kind := range []string{emergency.OutlierDay, emergency.OutlierBadge, emergency.OutlierNetwork, emergency.OutlierPatient} {
		family("officer.outlier.", kind)
	}
	family("officer.export.", "csv", "json", "zip")
	family("fact.", "badge", "authority", "badge_shown")
	family("badge_shown.", "not_counted")
	family("officer.guess.", "short_code", "recovery", "passcode", "contact", "invite")
	family("event.", "kind.keepers", "kind.rules_now")
	family("notice.", "keepers.name", "keepers.subject", "keepers.text", "rules_now.name", "rules_now.subject", "rules_now.text")
	family("", "fact.drill", "drill.yes")
	family("carrier.", emergency.Carriers()...)
	family("console.carrier.", emergency.Carriers()...)
	family("console.next.", emergency.Carriers()...)
	for _, carrier := range emergency.Carriers() {
		family("", leadOf(carrier))
		family("console.carriers.behind.", staysBehind(carrier))
	}
	for _, group := range carrierGroups {
		family("console.carriers.", group.name)
	}
	family("console.card.", "svg", "png", "ndef", "bin", "vcf", "json", "smart_health_card", "shlink", "jwe")
	family("console.card.print.", "a4", "letter", "card")
	for _, pages := range pagesOf {
		family("console.print.", pages...)
	}
	family("console.print.", "sheet")
	family("console.paper.", "a4", "letter")
	family("console.choose.fault.", "readable", "passcode", "link_label", "section")
	for _, q := range questions {
		family("editor.change.", q.name)
	}
	family("editor.who.", kindsOffered...)
	family("history.kind.", logKinds...)
	family("history.alarm.", "changed", "cut")
	for _, ground := range audit.Grounds() {
		family("ground.", string(ground))
	}
	family("fact.", "country", "country_badge", "erased_entry", "ground")
	family("log.", "notice.failed", "notice.repeated")
	family("editor.", "who", "which_contact", "which_contact.none", "which_organization", "which_organization.none", "proof", "sections", "sensitive", "soon", "long", "from", "until", "incident", "where")
	for key := range used {
		if !catalog.Has(key) {
			t.Errorf("there are no words for %q", key)
		}
	}

	for _, room := range []string{"auditpage", "console", "errors", "editor", "officer", "history", "erase"} {
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
			for _, sentences := range x.ruleSentences(policy, people{}) {
				for _, sentence := range sentences {
					if strings.ContainsAny(sentence, "{}") || strings.Contains(sentence, "rules.") || strings.Contains(sentence, "section.") {
						t.Errorf("%s, %s: %q", lang.Code, name, sentence)
					}
				}
			}
		}
	}
}
