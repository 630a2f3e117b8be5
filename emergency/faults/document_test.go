//go:build linux

package faults

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/summary"
)

// summaries are the documents of others that stand beside the checkout, if they do, and those of the fictional people.
func summaries(t testing.TB) map[string][]byte {
	t.Helper()
	documents := household()
	documents["reference"] = emergencytest.Load("reference").Bundle
	paths, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "data", "ips", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		documents[strings.TrimSuffix(filepath.Base(path), ".json")] = content(t, path)
	}
	return documents
}

// record is what a document says, without what names the patient here.
func record(t testing.TB, document []byte) summary.Record {
	t.Helper()
	imported, err := summary.Import(document)
	if err != nil {
		t.Fatal(err)
	}
	imported.Record.Patient, imported.Record.Version = "", 0
	return imported.Record.Sorted()
}

// claimed is a record as the house takes it from a document: what the document says of a clinic or a doctor is the word of a document.
func claimed(r summary.Record) summary.Record {
	for i := range r.Items {
		if source := &r.Items[i].Source; source.Kind == summary.SourceClinician || source.Kind == summary.SourceOrganization {
			source.Kind = summary.SourceImported
		}
	}
	return r
}

// Every summary becomes a card, comes out again, and goes in from that as the same record.
func TestEverySummaryIsIssuedExportedAndIssuedAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	documents := summaries(t)
	exported := map[string][]byte{}
	first := h.issue(t, documents)
	for name, c := range first {
		if len(c.OnFront)+len(c.LeftOut) == 0 && len(record(t, documents[name]).Items) > 0 {
			t.Errorf("%s: something is neither on the front nor left out", name)
		}
		exported[name] = []byte(must(t, "export", "--data", h.dir, "--patient", c.Patient).stdout)
		if diff := cmp.Diff(claimed(record(t, documents[name])), record(t, exported[name])); diff != "" {
			t.Errorf("%s: the record differs after its export (-in +out):\n%s", name, diff)
		}
	}
	for name, c := range h.issue(t, exported) {
		if diff := cmp.Diff(first[name].OnFront, c.OnFront); diff != "" {
			t.Errorf("%s: the front differs after an export (-first +second):\n%s", name, diff)
		}
		if diff := cmp.Diff(first[name].LeftOut, c.LeftOut); diff != "" {
			t.Errorf("%s: what was left out differs after an export (-first +second):\n%s", name, diff)
		}
		if len(c.NotUnderstood) > 0 {
			t.Errorf("%s: the house does not understand its own export: %v", name, c.NotUnderstood)
		}
	}
	h.entries(t)
}

// A document that cannot be read is refused in words, and leaves nothing behind.
func TestBadDocumentsAreRefused(t *testing.T) {
	t.Parallel()
	adult := emergencytest.Load("adult").Bundle
	var packed bytes.Buffer // 1 MB, of which 256 one after another unpack to 256 MB
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, "")
	before := len(h.entries(t))
	for _, test := range []struct {
		name, says string
		document   []byte
	}{
		{"empty", "", nil},
		{"null", "", []byte("null")},
		{"a list", "", []byte("[]")},
		{"no bundle", "", []byte(`{"resourceType":"Patient"}`)},
		{"half a bundle", "", adult[:len(adult)/2]},
		{"two bundles", "", append(bytes.Clone(adult), adult...)},
		{"not UTF-8", "UTF-8", bytes.Replace(adult, []byte(`"Bundle"`), []byte("\"Bundle\",\"x\":\"\xff\xfe\""), 1)},
		{"UTF-16", "UTF-8", []byte("\xff\xfe{\x00}\x00")},
		{"50 MB", "large", append(bytes.Repeat([]byte(" "), 50<<20), adult...)},
		{"50 MB of entries", "large", []byte(`{"resourceType":"Bundle","entry":[` + strings.Repeat(`{"resource":{"resourceType":"Patient"}},`, 1_300_000) + `{}]}`)},
		{"100,000 lists deep", "", bytes.Repeat([]byte("["), 100_000)},
		{"100,000 objects deep", "", []byte(strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000))},
		{"a gzip bomb", "", bytes.Repeat(packed.Bytes(), 256)},
		{"a zip archive", "", []byte("PK\x03\x04\x14\x00\x00\x00\x08\x00")},
		{"XML", "", []byte(`<Bundle xmlns="http://hl7.org/fhir"/>`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			file, out := filepath.Join(t.TempDir(), "in.json"), filepath.Join(t.TempDir(), "out")
			write(t, file, test.document)
			results := map[string]said{"a file": locket(t, "issue", "--data", h.dir, "--in", file, "--out", out)}
			if test.name == "empty" || test.name == "50 MB" { // what is read is the same, but for how much of it
				results["standard input"] = locketReading(t, bytes.NewReader(test.document), "issue", "--data", h.dir, "--in", "-", "--out", out)
			}
			for name, result := range results {
				if result.code != 1 || !strings.Contains(result.stderr, "failed") || !strings.Contains(result.stderr, test.says) || len(result.stderr) > 1000 {
					t.Errorf("%s: exit %d, want 1 and words with %q: %.300s", name, result.code, test.says, result.stderr)
				}
				if found := obeyed(result.stdout + result.stderr); found != "" {
					t.Errorf("%s: the terminal gets %s", name, found)
				}
			}
			if _, err := os.Stat(filepath.Join(out, "card.json")); err == nil {
				t.Error("a card was written")
			}
		})
	}
	if got := len(h.entries(t)); got != before {
		t.Errorf("the log has grown by %d entries", got-before)
	}
}

// Whatever lies about in a folder of documents, each has its line and the good ones become cards.
func TestAFolderOfAnything(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	in, out := t.TempDir(), t.TempDir()
	good := []string{"adult", "family-ar-mother", "traveller-ja"}
	for _, name := range good {
		write(t, filepath.Join(in, name+".json"), emergencytest.Load(name).Bundle)
	}
	write(t, filepath.Join(in, "empty.json"), nil)
	write(t, filepath.Join(in, "evil \x1b]0;owned\x07\nissued  name.json"), []byte("{}"))
	write(t, filepath.Join(in, "notes.txt"), []byte("not a document"))
	if err := os.Mkdir(filepath.Join(in, "folder.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(in, "dangling.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/proc/self/mem", filepath.Join(in, "unreadable.json")); err != nil { // opens, also for root, and gives an error
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(in, "pipe.json"), 0o600); err != nil { // opens for ever
		t.Fatal(err)
	}
	result := locket(t, "issue", "--data", h.dir, "--in", in, "--out", out)
	if result.code != 1 || !strings.Contains(result.stderr, "3 issued, 5 failed") {
		t.Errorf("exit %d, want 1 and 3 issued, 5 failed: %s", result.code, result.stderr)
	}
	for _, name := range good {
		h.read(t, filepath.Join(out, name))
		if !strings.Contains(result.stdout, "issued  "+filepath.Join(in, name+".json")) {
			t.Errorf("no line says that %s was issued: %s", name, result.stdout)
		}
	}
	if found := obeyed(result.stdout + result.stderr); found != "" || strings.Contains(result.stdout, "\nissued  name.json") {
		t.Errorf("the name of a file rules the terminal (%s): %q", found, result.stdout)
	}
	for name, refused := range map[string]said{
		"no such file":    locket(t, "issue", "--data", h.dir, "--in", filepath.Join(in, "missing.json"), "--out", out),
		"an empty folder": locket(t, "issue", "--data", h.dir, "--in", t.TempDir(), "--out", out),
		"unreadable":      locket(t, "issue", "--data", h.dir, "--in", "/proc/self/mem", "--out", out),
		"out is a file":   locket(t, "issue", "--data", h.dir, "--in", filepath.Join(in, "adult.json"), "--out", filepath.Join(in, "notes.txt")),
	} {
		if refused.code != 1 || refused.stderr == "" {
			t.Errorf("%s: exit %d: %s", name, refused.code, refused.stderr)
		}
	}
	h.entries(t)
}

// Ten thousand medicines are kept, as many as fit stand on the front, and the holder is told of the rest.
func TestTenThousandMedicines(t *testing.T) {
	t.Parallel()
	const medicines = 10_000
	entries := []any{
		map[string]any{"fullUrl": "urn:uuid:composition", "resource": map[string]any{"resourceType": "Composition", "status": "final", "date": "2026-09-14", "title": "Summary",
			"type":    map[string]any{"coding": []any{map[string]any{"system": "http://loinc.org", "code": "60591-5"}}},
			"subject": map[string]any{"reference": "urn:uuid:patient"}}},
		map[string]any{"fullUrl": "urn:uuid:patient", "resource": map[string]any{"resourceType": "Patient", "name": []any{map[string]any{"text": "Many Medicines"}}}},
	}
	for n := range medicines {
		entries = append(entries, map[string]any{"fullUrl": fmt.Sprintf("urn:uuid:%d", n), "resource": map[string]any{"resourceType": "MedicationStatement", "status": "active",
			"medicationCodeableConcept": map[string]any{"text": fmt.Sprintf("Medicine number %d", n)}, "subject": map[string]any{"reference": "urn:uuid:patient"}}})
	}
	document, err := json.Marshal(map[string]any{"resourceType": "Bundle", "type": "document", "timestamp": "2026-09-14T10:30:00Z", "entry": entries})
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, "")
	c := h.issue(t, map[string][]byte{"many": document})["many"]
	if got := len(c.OnFront) + len(c.LeftOut) + len(c.NotUnderstood); got < medicines || len(c.OnFront) < 5 {
		t.Errorf("%d on the front, %d left out, %d not understood: something of %d is lost in silence", len(c.OnFront), len(c.LeftOut), len(c.NotUnderstood), medicines)
	}
	if got := verify(t, "--data", h.dir, filepath.Join(c.folder, "card.png")); got.Status != "verified" {
		t.Errorf("the card is %s", got.Status)
	}
	kept := must(t, "export", "--data", h.dir, "--patient", c.Patient).stdout
	if got := strings.Count(kept, "Medicine number "); got < medicines {
		t.Errorf("%d of %d medicines come out again", got, medicines)
	}
}
