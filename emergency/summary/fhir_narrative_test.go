package summary

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/locket-health/locket/emergency/section"
)

// narratives returns the text of the person and of each section by LOINC code, as markup.
func narratives(t *testing.T, document []byte) map[string]string {
	t.Helper()
	root, _, err := parseJSON(document)
	if err != nil {
		t.Fatal(err)
	}
	entries := root.get("entry").list()
	texts := map[string]string{"patient": entries[1].get("resource").get("text").get("div").str()}
	for _, s := range entries[0].get("resource").get("section").list() {
		texts[codeIn(s.get("code"))] = s.get("text").get("div").str()
	}
	return texts
}

func narratedRecord() Record {
	return Record{Lang: "ar", Identity: Identity{Name: Name{Display: "Noor <Example>"}, Birth: "2023-02-11"}, Items: []Item{
		{ID: "1", Section: section.Allergies, Term: "allergy-peanut", Severity: "severe", Reactions: []Concept{{Term: "reaction-anaphylaxis"}}, Date: "2025",
			Source: Source{SourceClinician, "Dr Okoro"}, Confirmed: "2026-05-03"},
		{ID: "2", Section: section.Medications, Text: "دواء", Detail: "5 mg", SupplyUntil: "2026-06-01", Status: "on-hold"},
		{ID: "3", Section: section.Contacts, Name: "Hana", Phone: "+96170123456", Relation: "MTH", Collect: CollectMay, OutOfArea: true},
		{ID: "4", Section: section.Immunizations, Absent: AbsentNoInformation},
	}}
}

func TestNarrativeInEnglishUnlessTold(t *testing.T) {
	document, err := Export(narratedRecord(), ExportOptions{Now: exportNow, Lang: "en"})
	if err != nil {
		t.Fatal(err)
	}
	noViolations(t, document)
	const head = `<div xmlns="http://www.w3.org/1999/xhtml" lang="en" dir="ltr">`
	own := func(text string) string { return `<span lang="ar" dir="rtl">` + text + `</span>` }
	want := map[string]string{
		loincAllergies: head + `<p>Allergies and intolerances</p><ul><li>Peanut allergy; reactions: Anaphylaxis; severity: severe; since: 2025; stated by: ` +
			own("Dr Okoro") + ` (clinician); last confirmed: 2026-05-03</li></ul></div>`,
		loincMedications: head + `<p>Medications</p><ul><li>` + own("دواء") + `; dose: ` + own("5 mg") + `; status: on-hold; supply until: 2026-06-01</li></ul></div>`,
		loincProblems:    head + `<p>Problems</p><p>nothing recorded</p></div>`,
		"patient": head + `<p>Noor &lt;Example&gt;; 2023-02-11</p><ul><li>` + own("Hana") + `; telephone: <span dir="ltr">+96170123456</span>; relation: MTH; ` +
			`may collect the child; lives out of the area</li></ul></div>`,
	}
	got := narratives(t, document)
	for code, text := range want {
		if got[code] != text {
			t.Errorf("%s:\n got %s\nwant %s", code, got[code], text)
		}
	}
}

func TestNarrativeInTheWordsGiven(t *testing.T) {
	words := Words{
		Dose: "dosis", Reactions: "reacciones", Severity: "gravedad", Since: "desde", StatedBy: "dicho por", Confirmed: "confirmado", Silence: "nada anotado",
		Codes: map[string]string{"severity.severe": "grave", "source.clinician": "personal clínico", "relation.MTH": "madre"},
		Date:  func(d Date) string { return "<" + string(d) + ">" },
	}
	titles := map[string]string{loincAllergies: "Alergias", "": "Resumen"}
	document, err := Export(narratedRecord(), ExportOptions{Now: exportNow, Lang: "es", Words: words, Titles: titles})
	if err != nil {
		t.Fatal(err)
	}
	texts, err := json.Marshal(narratives(t, document))
	if err != nil {
		t.Fatal(err)
	}
	var all string
	for _, text := range narratives(t, document) {
		all += text
	}
	for _, want := range []string{"<p>Alergias</p>", "reacciones: Anafilaxia", "gravedad: grave", "desde: &lt;2025&gt;", "(personal clínico)", "relation: madre", "nada anotado", "dosis: "} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in %s", want, texts)
		}
	}
	if imported, err := Import(document); err != nil || imported.Record.Lang != "ar" {
		t.Errorf("the language of the holder's words is %q, %v", imported.Record.Lang, err)
	}
}

// Nothing that a person wrote is markup in a narrative, wherever it stands.
func TestNarrativeEscapesEverything(t *testing.T) {
	const nasty = `<script>alert("1")</script>`
	item := Item{Text: nasty, Detail: nasty, Note: nasty, Status: nasty, Name: nasty, Phone: nasty, Relation: nasty, Source: Source{SourceSelf, nasty},
		Reactions: []Concept{{Text: nasty}}}
	record := Record{Lang: `en" onclick="`, Identity: Identity{Name: Name{Display: nasty}}}
	for i, s := range section.All() {
		item.ID, item.Section = string(rune('a'+i)), s
		record.Items = append(record.Items, item)
	}
	words := Words{Dose: nasty, StatedBy: nasty, Codes: map[string]string{"source.self": nasty}}
	document, err := Export(record, ExportOptions{Now: exportNow, Lang: `x"><script>`, Words: words, Titles: map[string]string{loincProblems: nasty}})
	if err != nil {
		t.Fatal(err)
	}
	for code, text := range narratives(t, document) {
		if strings.Contains(text, "<script") || strings.Contains(text, `onclick="`) {
			t.Errorf("%s: markup got through: %s", code, text)
		}
	}
}
