package carrier_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/carrier"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/verify"
	"github.com/locket-health/locket/static"
)

func words(t *testing.T, app *emergencytest.App) carrier.Words {
	t.Helper()
	catalog, err := locale.Load(static.Locales())
	if err != nil {
		t.Fatal(err)
	}
	return carrier.Words{Catalog: catalog, Terms: app.Terms}
}

func issue(t *testing.T, app *emergencytest.App, fixture string) (emergency.Issued, summary.Imported) {
	t.Helper()
	issued, imported, err := app.Service.IssueFromDocument(context.Background(), emergency.Caller{Operator: true}, emergencytest.Load(fixture).Bundle, fixture, emergency.CardChoices{})
	if err != nil {
		t.Fatal(err)
	}
	return issued, imported
}

// TestWalletFilesCarryTheSameCard: whichever file a stranger has, it leads to the same address.
func TestWalletFilesCarryTheSameCard(t *testing.T) {
	app := emergencytest.NewApp(t)
	issued, imported := issue(t, app, "reference")
	files, report, err := words(t, app).Files(carrier.Made{Issued: issued, Record: imported.Record, Imported: imported}, carrier.Options{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	content := map[string][]byte{}
	for _, file := range files {
		content[file.Name] = file.Content
	}
	url := strings.TrimSpace(string(content["card.url"]))
	if url != issued.Address.URL() {
		t.Errorf("card.url holds %q", url)
	}
	scanned, err := cards.ScanPNG(bytes.NewReader(content["card.png"]))
	if err != nil || scanned != url {
		t.Errorf("card.png reads %q, %v", scanned, err)
	}
	if _, err := png.Decode(bytes.NewReader(content["card.png"])); err != nil {
		t.Error(err)
	}
	message, err := cards.ParseNDEF(content["card.ndef"])
	if err != nil {
		t.Fatal(err)
	}
	address, err := message.Address()
	if err != nil || !bytes.Equal(address.Envelope, issued.Address.Envelope) || !address.Secret.Equal(issued.Address.Secret) {
		t.Errorf("card.ndef holds another card, %v", err)
	}
	var said carrier.Report
	if err := json.Unmarshal(content["card.json"], &said); err != nil {
		t.Fatal(err)
	}
	if said.URL != url || said.PayloadBytes != report.PayloadBytes || said.QRLevel != "Q" || len(said.OnFront) != len(issued.Front.Items) || len(said.Warnings) != 0 {
		t.Errorf("card.json says %+v", said)
	}
	if !bytes.Contains(content["card.html"], []byte(issued.ShortCode.String())) || !bytes.Contains(content["card.html"], []byte("<svg")) {
		t.Error("card.html lacks the short code or the QR code")
	}
}

// TestTheFaceSpeaksTheRecordsLanguage, keeps the right direction, and puts what is urgent first.
func TestTheFaceSpeaksTheRecordsLanguage(t *testing.T) {
	app := emergencytest.NewApp(t)
	w := words(t, app)
	for fixture, want := range map[string]struct{ lang, dir, title string }{
		"adult":            {"en", "ltr", "Emergency card"},
		"traveller-ja":     {"ja", "ltr", "緊急カード"},
		"family-ar-mother": {"ar", "rtl", "بطاقة طوارئ"},
	} {
		issued, _ := issue(t, app, fixture)
		face := w.Face("", issued)
		if face.Lang != want.lang || face.Dir != want.dir || face.Title != want.title {
			t.Errorf("%s: the face is in %s, %s, %q", fixture, face.Lang, face.Dir, face.Title)
		}
		if face.Name == "" || face.Born == "" || len(face.Scan) < 4 || face.Scan[0].Lang != want.lang {
			t.Errorf("%s: the face lacks a name, a birth date or the line to scan: %+v", fixture, face)
		}
		critical := slices.ContainsFunc(face.Lines, func(line cards.Line) bool { return line.Critical })
		if !critical {
			t.Errorf("%s: nothing on the face is urgent", fixture)
		}
		for _, line := range face.Lines {
			if strings.Contains(line.Label+line.Text, "card.") || strings.Contains(line.Label, "section.") {
				t.Errorf("%s: a key is printed in place of words: %q %q", fixture, line.Label, line.Text)
			}
		}
	}
	daughter, _ := issue(t, app, "family-ar-daughter")
	for _, line := range w.Face("", daughter).Lines {
		if at := strings.IndexAny(line.Text, "+0123456789"); at >= 0 && !strings.Contains(line.Text[:at], "\u2068") {
			t.Errorf("a number stands loose in a line from right to left: %q", line.Text)
		}
	}
	issued, _ := issue(t, app, "adult")
	if face := w.Face("es", issued); face.Title != "Tarjeta de emergencia" {
		t.Errorf("asked for Spanish, the title is %q", face.Title)
	}
}

// TestNoTextMovesTheTerminal: what stands on a forged card is shown, never obeyed.
func TestNoTextMovesTheTerminal(t *testing.T) {
	app := emergencytest.NewApp(t)
	front := summary.Front{Identity: summary.FrontIdentity{Name: "Eve\x1b[2J\x07\u202eevil"}, Items: []summary.FrontItem{
		{Section: section.Conditions, Text: "<script>alert(1)</script>\r\nVERIFIED"}}}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	text := words(t, app).Text("en", verify.Result{Status: cards.StatusTampered, Issuer: "evil.example", Issued: &at, Expires: &at, Summary: &front})
	if strings.ContainsAny(text, "\x1b\x07\r\u202e") {
		t.Errorf("control characters reach the terminal: %q", text)
	}
	if !strings.HasPrefix(text, "ALTERED") || strings.Contains(text, "\nVERIFIED") || !strings.Contains(text, "<script>") {
		t.Errorf("the text is %q", text)
	}
}
