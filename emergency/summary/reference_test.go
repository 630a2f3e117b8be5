package summary

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/locket-health/locket/emergency/section"
)

// roomOnWallet is what 440 bytes in the fragment leave for the front: the version, the secret, the envelope and its claims take about 157.
const roomOnWallet = 283

// The reference patient is on the front of a wallet card, and nothing of it is left out: 3 allergies with reactions and severity, 4 conditions, 6
// medicines with dosage, a device with model, note and date, a directive with date and words, a blood group, 2 contacts, 2 languages.
func TestReferencePatientFitsAWalletCard(t *testing.T) {
	tests := []struct {
		name, path string
		limit      int
	}{
		{"our own", filepath.Join(fixtures, "reference.json"), roomOnWallet},
		{"the shared one", filepath.Join("..", "..", "..", "shared", "data", "reference-patient", "ips.json"), 245},
	}
	for i, test := range tests {
		document, err := os.ReadFile(test.path)
		if os.IsNotExist(err) && i > 0 {
			continue // the shared folder stands beside the checkout in some places only
		}
		t.Run(test.name, func(t *testing.T) {
			if err != nil {
				t.Fatal(err)
			}
			imported, err := Import(document)
			if err != nil {
				t.Fatal(err)
			}
			if len(imported.NotUnderstood) > 0 {
				t.Errorf("not understood: %+v", imported.NotUnderstood)
			}
			packed, err := Pack(imported.Record, PackOptions{Budget: test.limit})
			front, left := packed.Front, packed.Left
			if err != nil {
				t.Fatal(err)
			}
			if len(left) > 0 {
				t.Errorf("left out: %+v", left)
			}
			encoded, err := EncodeFront(front)
			if err != nil || len(encoded) > test.limit {
				t.Errorf("%d bytes, want at most %d: %v", len(encoded), test.limit, err)
			}
			t.Logf("%d bytes", len(encoded))
			decoded, err := DecodeFront(encoded)
			if err != nil {
				t.Fatal(err)
			}
			checkReference(t, decoded)
		})
	}
}

func checkReference(t *testing.T, front Front) {
	t.Helper()
	want := map[section.Section]int{
		section.Directives: 1, section.Allergies: 3, section.Conditions: 4, section.Medications: 6, section.Devices: 1, section.Contacts: 2, section.BloodGroup: 1,
	}
	got := map[section.Section]int{}
	for _, item := range front.Items {
		got[item.Section]++
		if item.Source == (Source{}) || item.Confirmed != "2026-10-01" {
			t.Errorf("%v %s%s: stated by %+v, confirmed on %q", item.Section, item.Term, item.Text, item.Source, item.Confirmed)
		}
		missing := ""
		switch item.Section {
		case section.Allergies:
			if item.Severity == "" || item.Criticality == "" || len(item.Reactions) != 1 {
				missing = "severity, criticality or reaction"
			}
		case section.Medications:
			if item.Detail == "" || item.Date == "" {
				missing = "dosage or date"
			}
		case section.Devices:
			if item.Detail == "" || item.Note == "" || item.Date == "" {
				missing = "model, note or date"
			}
		case section.Directives:
			if item.Detail == "" || item.Date == "" {
				missing = "words or date"
			}
		case section.BloodGroup:
			if item.Date == "" {
				missing = "date"
			}
		case section.Contacts:
			if item.Name == "" || item.Phone == "" || item.Relation == "" {
				missing = "name, phone or relation"
			}
		}
		if missing != "" {
			t.Errorf("%v %s%s lost its %s", item.Section, item.Term, item.Text, missing)
		}
	}
	for s, n := range want {
		if got[s] != n {
			t.Errorf("%d items in %v, want %d", got[s], s, n)
		}
	}
	id := front.Identity
	if id.Name == "" || id.Birth == "" || id.Gender == "" || len(id.Languages) != 2 {
		t.Errorf("identity %+v", id)
	}
}

func BenchmarkPackReferencePatient(b *testing.B) {
	imported, err := Import(fixture(b, "reference"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Pack(imported.Record, PackOptions{Budget: roomOnWallet}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeReferencePatient(b *testing.B) {
	imported, err := Import(fixture(b, "reference"))
	if err != nil {
		b.Fatal(err)
	}
	packed, err := Pack(imported.Record, PackOptions{Budget: roomOnWallet})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeFront(packed.Encoded); err != nil {
			b.Fatal(err)
		}
	}
}
