package summary

import (
	"strings"
	"testing"
	"time"
)

// TestNotesStandInASectionOfTheirOwn: what a responder has added comes after the record, says who said it, and carries no markup of theirs. Nothing else of the
// document changes.
func TestNotesStandInASectionOfTheirOwn(t *testing.T) {
	at := time.Date(2026, 11, 22, 14, 5, 0, 0, time.UTC)
	without, err := Export(narratedRecord(), ExportOptions{Now: exportNow, Lang: "en"})
	if err != nil {
		t.Fatal(err)
	}
	document, err := Export(narratedRecord(), ExportOptions{Now: exportNow, Lang: "en", Notes: []Note{
		{Author: "Kim Example", At: at, Text: `Glucose <3.1> & falling`}, {At: at.Add(time.Minute), Text: "نقل إلى المستشفى"}, {Author: "Kim Example", At: at.Add(time.Hour), Text: "Awake"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	noViolations(t, document)
	got, before := narratives(t, document), narratives(t, without)
	want := `<div xmlns="http://www.w3.org/1999/xhtml" lang="en" dir="ltr"><p>Added by the responder</p><ul>` +
		"<li>2026-11-22 14:05 UTC: \u2068Glucose &lt;3.1&gt; &amp; falling\u2069; stated by: \u2068Kim Example\u2069</li>" +
		"<li>2026-11-22 14:06 UTC: \u2068نقل إلى المستشفى\u2069</li>" +
		"<li>2026-11-22 15:05 UTC: \u2068Awake\u2069; stated by: \u2068Kim Example\u2069</li></ul></div>"
	if got[loincNote] != want {
		t.Errorf("got  %s\nwant %s", got[loincNote], want)
	}
	if n := strings.Count(string(document), `"author":[{"display":"Kim Example"}]`); n != 1 {
		t.Errorf("the author of the section is named %d times, want once", n)
	}
	delete(got, loincNote)
	for code, text := range before {
		if got[code] != text {
			t.Errorf("%s changed: %s", code, got[code])
		}
	}
	if len(got) != len(before) {
		t.Errorf("%d texts, %d without the notes", len(got), len(before))
	}
}
