package summary

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// structuralForTest is the documented list of what Import may leave out in silence, written down a second time: whoever makes the list in
// fhir_leftover.go longer must say so here as well.
var structuralForTest = []string{
	"resourceType", "id", "meta", "implicitRules", "language", "fullUrl", "link", "search", "request", "response",
	"reference", "system", "version", "userSelected", "use", "rank", "sequence", "subject", "patient", "category", "intent", "scope", "primarySource",
}

// envelope is what the Composition and the Bundle say about the document rather than about the person.
var envelope = []string{
	"status", "type", "date", "title", "identifier", "confidentiality", "attester", "custodian", "relatesTo", "event", "encounter", "author", "timestamp", "total",
}

// Every leaf of every bundle is in the record, or named in NotUnderstood, or on the short list of what holds a document together.
func TestImportLosesNothingInSilence(t *testing.T) {
	for name, document := range bundles(t) {
		t.Run(name, func(t *testing.T) {
			imported, err := Import(document)
			if err != nil {
				t.Fatal(err)
			}
			record, err := json.Marshal(imported.Record)
			if err != nil {
				t.Fatal(err)
			}
			var kept strings.Builder
			collect(t, record, &kept)
			leaves(t, document, func(path []string, value string) {
				if !accounted(imported, kept.String(), path, value) {
					t.Errorf("%s: %q is lost", written(path), value)
				}
			})
			for _, line := range slices.Concat(imported.Understood, imported.KeptAsText, imported.NotUnderstood) {
				if line.Path == "" || line.Words == "" || line.Why == "" || len(line.Words) > maxLineWords {
					t.Errorf("a line that tells nobody anything: %+v", line)
				}
			}
			items := map[string]int{}
			for _, line := range slices.Concat(imported.Understood, imported.KeptAsText) {
				items[line.ItemID]++
			}
			for _, item := range imported.Record.Items {
				if items[item.ID] != 1 {
					t.Errorf("item %s is in %d lists of what was understood or kept", item.ID, items[item.ID])
				}
			}
		})
	}
}

// accounted reports whether a leaf is in the record, reported, or structural.
func accounted(imported Imported, kept string, path []string, value string) bool {
	here := written(path)
	for _, line := range imported.NotUnderstood {
		if here == line.Path || strings.HasPrefix(here, line.Path+".") || strings.HasPrefix(here, line.Path+"[") {
			return true
		}
	}
	inResource := len(path) > 3
	for i, step := range path {
		if slices.Contains(structuralForTest, step) {
			return true
		}
		narrative := step == "text" && i+1 < len(path) && !strings.HasPrefix(path[i+1], "[")
		if narrative || step == "identifier" && inResource && i == 3 && path[1] != patientIndex(imported) {
			return true
		}
	}
	if path[0] != "entry" || path[1] == "[0]" && inResource {
		field := path[0]
		if inResource {
			field = path[3]
		}
		if slices.Contains(envelope, field) {
			return true
		}
	}
	last := path[len(path)-1]
	switch {
	case value == "" || value == urlAbsentReason || strings.Contains(kept, value):
		return true
	case last == "url" && slices.Contains(path, "extension"): // the name of an extension whose value is accounted for by itself
		return true
	case dateIn(value) != "" && strings.Contains(kept, string(dateIn(value))):
		return true
	case last == "code" && len(path) > 1 && strings.HasSuffix(path[len(path)-2], "Quantity"): // says for machines what the unit beside it says
		return true
	case slices.Contains(path, "section") && slices.Contains([]string{"title", "code", "display", "mode", "text"}, last): // which section it is
		return true
	}
	return translated[value] != "" && strings.Contains(kept, translated[value]) || ordinary[last+" "+value] || ordinary[path[min(3, len(path)-1)]+" "+value]
}

// translated are codes that the record says in its own words.
var translated = map[string]string{
	"255604002": "mild", "6736007": "moderate", "24484000": "severe", "Mild": "mild", "Moderate": "moderate", "Severe": "severe", "nilknown": AbsentKnownNone,
	"Active": "active", "Inactive": "inactive", "Resolved": "resolved", "LA6752-5": "mild", "LA6751-7": "moderate", "LA6750-9": "severe",
}

// ordinary are values that a reader takes for granted, by the field that has them.
var ordinary = map[string]bool{
	"active true": true, "preferred true": true, "type allergy": true, "verificationStatus confirmed": true, "verificationStatus Confirmed": true,
	"valueCode unknown": true, "dataAbsentReason unknown": true, "system phone": true, "system email": true, "type Organization": true, "type Practitioner": true,
	"notGiven false": true, "type model-name": true,
}

func patientIndex(imported Imported) string {
	for _, line := range imported.Understood {
		if i := strings.Index(line.Path, ".resource.contact["); i > 0 {
			return line.Path[len("entry"):i]
		}
	}
	return ""
}

// leaves calls each with every text, number and boolean of a document; a path step is a name or "[3]".
func leaves(t *testing.T, document []byte, each func(path []string, value string)) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(strings.TrimPrefix(string(document), "\ufeff")))
	decoder.UseNumber()
	var root any
	if err := decoder.Decode(&root); err != nil {
		t.Fatal(err)
	}
	var walk func(value any, path []string)
	walk = func(value any, path []string) {
		switch v := value.(type) {
		case map[string]any:
			for name, kid := range v {
				walk(kid, append(slices.Clone(path), name))
			}
		case []any:
			for i, kid := range v {
				walk(kid, append(slices.Clone(path), fmt.Sprintf("[%d]", i)))
			}
		case nil:
		default:
			each(path, fmt.Sprint(v))
		}
	}
	walk(root, nil)
}

func collect(t *testing.T, document []byte, into *strings.Builder) {
	t.Helper()
	leaves(t, document, func(_ []string, value string) { into.WriteString(value + "\n") })
}

func written(path []string) string {
	text := ""
	for _, step := range path {
		if strings.HasPrefix(step, "[") {
			text += step
		} else {
			text = join(text, step)
		}
	}
	return text
}
