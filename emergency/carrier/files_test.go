package carrier_test

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/carrier"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// made issues a fixture on a carrier.
func made(t *testing.T, app *emergencytest.App, fixture, name string) carrier.Made {
	t.Helper()
	issued, imported, err := app.Service.IssueFromDocument(context.Background(), emergency.Caller{Operator: true}, emergencytest.Load(fixture).Bundle, fixture,
		emergency.CardChoices{Carrier: name})
	if err != nil {
		t.Fatal(err)
	}
	return carrier.Made{Issued: issued, Record: imported.Record, Imported: imported}
}

// TestEveryCarrierHasItsFiles, for people of every script, and the report names them.
func TestEveryCarrierHasItsFiles(t *testing.T) {
	app := emergencytest.NewApp(t)
	w := words(t, app)
	key := regexp.MustCompile(`page\.[a-z]`) // of words that are not there
	for _, name := range emergency.Carriers() {
		for _, fixture := range []string{"adult", "family-ar-daughter", "traveller-ja"} {
			t.Run(name+" "+fixture, func(t *testing.T) {
				files, report, err := w.Files(made(t, app, fixture, name), carrier.Options{Now: app.Clock.Now()})
				if err != nil {
					t.Fatal(err)
				}
				var names []string
				for _, file := range files {
					if len(file.Content) == 0 {
						t.Errorf("%s is empty", file.Name)
					}
					names = append(names, file.Name)
				}
				if names[len(names)-1] != "card.json" || !slices.Equal(report.Files, names[:len(names)-1]) {
					t.Errorf("the report names %v, there are %v", report.Files, names)
				}
				var said carrier.Report
				if err := json.Unmarshal(files[len(files)-1].Content, &said); err != nil || said.Carrier != name || said.ID != report.ID {
					t.Errorf("card.json says %+v, %v", said, err)
				}
				for _, file := range files {
					if strings.HasSuffix(file.Name, ".html") && key.Match(file.Content) {
						t.Errorf("%s prints a key in place of words", file.Name)
					}
				}
			})
		}
	}
}

// TestTheSheetSaysWhatAShelterAsks: how long medicines last, what a child weighs, who may take it and who must not, whom to call far away.
func TestTheSheetSaysWhatAShelterAsks(t *testing.T) {
	app := emergencytest.NewApp(t)
	child := made(t, app, "family-ar-daughter", emergency.CarrierSheet)
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	child.Record.Items = append(child.Record.Items,
		summary.Item{ID: "a", Section: section.Medications, Text: "Salbutamol", SupplyUntil: "2026-12-04"},
		summary.Item{ID: "b", Section: section.Medications, Text: "Budesonide", SupplyUntil: "2026-11-23"},
		summary.Item{ID: "c", Section: section.Child, Detail: "14.2 kg", Date: "2026-05-03"},
		summary.Item{ID: "d", Section: section.Contacts, Name: "Grandmother Rana", Phone: "+96170111222", Collect: summary.CollectMay},
		summary.Item{ID: "e", Section: section.Contacts, Name: "Uncle Marwan", Collect: summary.CollectMustNot},
		summary.Item{ID: "f", Section: section.Contacts, Name: "Aunt in Lyon", Phone: "+33612345678", OutOfArea: true},
		summary.Item{ID: "g", Section: section.Contacts, Name: "Nobody's business", OutOfArea: true, Hidden: true})
	page, err := words(t, app).Sheet([]carrier.Made{child}, carrier.SheetOptions{Options: carrier.Options{Lang: "en", Now: now}, Household: "Family of Example", Meeting: "The school gate"})
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for _, want := range []string{"Family of Example", "The school gate", "12 days left, until 4 December 2026", "1 day left, until 23 November 2026", "14.2 kg on 3 May 2026",
		"Grandmother Rana", "Uncle Marwan", "Aunt in Lyon", "May collect", "Must not collect", "Printed on 22 November 2026"} {
		if !strings.Contains(text, want) {
			t.Errorf("the sheet does not say %q", want)
		}
	}
	if strings.Contains(text, "Nobody") {
		t.Error("what the patient has hidden is on the sheet")
	}
	may, barred := strings.Index(text, "Grandmother Rana"), strings.Index(text, `class="barred"`)
	if marwan := strings.LastIndex(text, "Uncle Marwan"); may > barred || marwan < barred {
		t.Error("who may collect and who must not are not told apart")
	}
}

// TestTheDocumentSpeaksTheReadersLanguage and passes the rules of an International Patient Summary in each.
func TestTheDocumentSpeaksTheReadersLanguage(t *testing.T) {
	app := emergencytest.NewApp(t)
	w := words(t, app)
	record := made(t, app, "adult", emergency.CarrierWallet).Record
	titles := map[string]string{}
	for _, lang := range w.Catalog.Languages() {
		document, err := w.Document(lang.Code, record, "locket.example", app.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		broken, err := summary.CheckIPS(document)
		if err != nil || len(broken) > 0 {
			t.Errorf("%s: %v, %v", lang.Code, broken, err)
		}
		again, err := summary.Import(document)
		if err != nil || len(again.Record.Items) != len(record.Items) {
			t.Errorf("%s: %d items come back of %d, %v", lang.Code, len(again.Record.Items), len(record.Items), err)
		}
		title := w.Catalog.T(lang.Code, "section.allergies")
		if !strings.Contains(string(document), title) {
			t.Errorf("%s: no section is called %q", lang.Code, title)
		}
		titles[title] = lang.Code
	}
	if len(titles) < 10 {
		t.Errorf("the languages share their words: %v", titles)
	}
}
