package summary

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/emergency/section"
)

// Every item is the target of one Provenance, contacts and the reasons of empty sections too, which says who stated it and no later day than it was
// last confirmed on.
func TestExportProvesEveryItem(t *testing.T) {
	record := Record{Lang: "en", Identity: Identity{Name: Name{Display: "Robin Example"}}, Items: []Item{
		{ID: "a", Section: section.Allergies, Term: "allergy-penicillin", Source: Source{SourceClinician, "Dr Okoro"}, Confirmed: "2026-03-01"},
		{ID: "b", Section: section.Allergies, Text: "Plaster", Source: Source{SourceClinician, "Dr Okoro"}, Confirmed: "2026-03-01"},
		{ID: "c", Section: section.Conditions, Text: "Asthma", Source: Source{Kind: SourceSelf}, Confirmed: "2026-02"},
		{ID: "d", Section: section.Insurance, Name: "Example Mutual", Source: Source{Kind: SourceGuardian, Name: "Ada"}},
		{ID: "e", Section: section.Needs, Text: "Oxygen", Source: Source{Kind: SourceImported}, Confirmed: "2026-04-04"},
		{ID: "f", Section: section.Contacts, Name: "Ada", Source: Source{SourceOrganization, "Clinic"}},
		{ID: "g", Section: section.Immunizations, Absent: AbsentNoInformation},
	}}
	document, err := Export(record, ExportOptions{Now: exportNow})
	if err != nil {
		t.Fatal(err)
	}
	noViolations(t, document)
	var bundle struct {
		Entry []struct {
			Resource struct {
				ResourceType     string
				Target           []struct{ Reference string }
				Recorded         string
				OccurredDateTime string
				Agent            []struct {
					Type struct{ Coding []struct{ Code string } }
					Who  struct{ Type, Display, Reference string }
				}
			}
		}
	}
	if err := json.Unmarshal(document, &bundle); err != nil {
		t.Fatal(err)
	}
	type proof struct {
		Targets                            int
		Type, Who, Name, Recorded, Occured string
	}
	var got []proof
	for _, entry := range bundle.Entry {
		r := entry.Resource
		if r.ResourceType != "Provenance" {
			continue
		}
		p := proof{Targets: len(r.Target), Who: r.Agent[0].Who.Type, Name: r.Agent[0].Who.Display, Recorded: r.Recorded, Occured: r.OccurredDateTime}
		if codings := r.Agent[0].Type.Coding; codings != nil {
			p.Type = codings[0].Code
		}
		if r.Agent[0].Who.Reference != "" {
			p.Who = "the person"
		}
		got = append(got, p)
	}
	want := []proof{
		{2, "author", "Practitioner", "Dr Okoro", "2026-03-01T00:00:00Z", "2026-03-01"},
		{1, "informant", "the person", "", "", "2026-02"},
		{1, "", "", "", "2026-04-04T00:00:00Z", "2026-04-04"},
		{1, "author", "Organization", "Clinic", "", ""},
		{1, "", "", "", "", ""},
		{1, "informant", "RelatedPerson", "Ada", "", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("provenance differs (-want +got):\n%s", diff)
	}
}

// The Provenance of a foreign document fills in what its resources do not say, and whatever else it says is named.
func TestImportReadsProvenance(t *testing.T) {
	document := `{"resourceType":"Bundle","type":"document","entry":[
		{"fullUrl":"urn:uuid:00000000-0000-4000-8000-000000000001","resource":{"resourceType":"Patient","name":[{"text":"Robin"}]}},
		{"fullUrl":"urn:uuid:00000000-0000-4000-8000-000000000002","resource":{"resourceType":"Condition","code":{"text":"Asthma"}}},
		{"fullUrl":"urn:uuid:00000000-0000-4000-8000-000000000003","resource":{"resourceType":"Condition","code":{"text":"Gout"},"recordedDate":"2020-01-01"}},
		{"resource":{"resourceType":"Provenance","recorded":"2024-05-06T07:08:09Z","target":[
			{"reference":"urn:uuid:00000000-0000-4000-8000-000000000002"},{"reference":"urn:uuid:00000000-0000-4000-8000-000000000003"}],
			"agent":[{"type":{"coding":[{"code":"verifier"}]},"who":{"display":"Board"}},
				{"type":{"coding":[{"code":"author"}]},"who":{"type":"Practitioner","display":"Dr Okoro"}}],
			"reason":[{"text":"yearly review"}]}},
		{"resource":{"resourceType":"Provenance","recorded":"2024-05-06T07:08:09Z","target":[{"reference":"Condition/elsewhere"}],"agent":[{"who":{"display":"Nobody"}}]}}
	]}`
	got, err := Import([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	stated := map[string]statement{}
	for _, item := range got.Record.Items {
		stated[item.Text] = statement{item.Source, item.Confirmed}
	}
	want := map[string]statement{
		"Asthma": {Source{SourceClinician, "Dr Okoro"}, "2024-05-06"}, "Gout": {Source{SourceClinician, "Dr Okoro"}, "2020-01-01"},
	}
	if diff := cmp.Diff(want, stated, cmp.AllowUnexported(statement{})); diff != "" {
		t.Errorf("stated differs (-want +got):\n%s", diff)
	}
	named := map[string]string{}
	for _, line := range got.NotUnderstood {
		named[line.Path] = line.Words
	}
	wantNamed := map[string]string{
		"entry[3].resource.agent[0]": "verifier · Board", "entry[3].resource.reason": "yearly review", "entry[4].resource": "2024-05-06T07:08:09Z · Nobody",
	}
	if diff := cmp.Diff(wantNamed, named); diff != "" {
		t.Errorf("what is named differs (-want +got):\n%s", diff)
	}
}
