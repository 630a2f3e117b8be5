package summary

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/locket-health/locket/emergency/section"
)

func TestRankReadsDangerFirst(t *testing.T) {
	inOrder := []struct {
		name string
		item Item
	}{
		{"do not resuscitate", Item{Section: section.Directives, Term: "directive-do-not-resuscitate"}},
		{"severe allergy", Item{Section: section.Allergies, Text: "Something new", Severity: "severe"}},
		{"life-critical allergy, how bad not said", Item{Section: section.Allergies, Term: "allergy-penicillin"}},
		{"life-critical condition", Item{Section: section.Conditions, Term: "epilepsy"}},
		{"what is normal", Item{Section: section.Baseline, Text: "Does not speak"}},
		{"anticoagulant", Item{Section: section.Medications, Term: "med-apixaban"}},
		{"pacemaker", Item{Section: section.Devices, Term: "device-pacemaker"}},
		{"weight of a child", Item{Section: section.Child, Detail: "23 kg"}},
		{"whom to call", Item{Section: section.Contacts, Name: "Ada"}},
		{"who must not get the child", Item{Section: section.Contacts, Name: "Ben", Collect: CollectMustNot}},
		{"mild allergy in words", Item{Section: section.Allergies, Text: "Strawberries", Severity: "mild"}},
		{"condition that changes treatment", Item{Section: section.Conditions, Term: "hypertension"}},
		{"medicine in words", Item{Section: section.Medications, Text: "Atorvastatin"}},
		{"hearing aid", Item{Section: section.Devices, Term: "device-hearing-aid"}},
		{"laboratory value", Item{Section: section.Results, Text: "Sodium", Detail: "140 mmol/l"}},
		{"past condition", Item{Section: section.Conditions, Term: "epilepsy", Status: "resolved"}},
		{"blood group", Item{Section: section.BloodGroup, Term: "blood-group-o-negative"}},
	}
	for i := 1; i < len(inOrder); i++ {
		if before, after := Rank(inOrder[i-1].item), Rank(inOrder[i].item); before >= after {
			t.Errorf("%s has rank %d, %s has rank %d: want it read first", inOrder[i-1].name, before, inOrder[i].name, after)
		}
	}
	killed := Item{Section: section.Allergies, Text: "x", Reactions: []Concept{{Term: "reaction-anaphylaxis"}}}
	if Rank(killed) != Rank(Item{Section: section.Allergies, Text: "x", Severity: "severe"}) {
		t.Error("an allergy that ended in anaphylaxis does not rank as a severe one")
	}
}

func packRecord() Record {
	return Record{
		Lang:     "en",
		Identity: Identity{Name: Name{Given: []string{"Robin"}, Family: "Example"}, Birth: "1990-01-02", Gender: "other", Languages: []string{"en"}},
		Items: []Item{
			{ID: "a", Section: section.Allergies, Term: "allergy-penicillin", Text: "Penicillin allergy\x1b[2J", Severity: "severe"},
			{ID: "m", Section: section.Medications, Term: "med-apixaban", Text: "Apixaban", Detail: "5 mg\n1-0-1"},
			{ID: "c", Section: section.Contacts, Name: "Ada", Phone: "+44 (0)7700 900-123"},
			{ID: "v", Section: section.Vitals, Text: "Pulse", Detail: "60 /min"},
			{ID: "t", Section: section.Immunizations, Term: "vaccine-tetanus", Date: "2020"},
			{ID: "p", Section: section.Conditions, Term: "asthma", Status: "resolved"},
			{ID: "n", Section: section.Conditions, Text: "Never on a card", Front: FrontNever},
			{ID: "h", Section: section.Conditions, Text: "Hidden by the patient", Hidden: true},
			{ID: "s", Section: section.MentalHealth, Term: "schizophrenia", Front: FrontAlways},
			{ID: "f", Section: section.PrivateNotes, Text: "On the floor", Front: FrontAlways},
		},
	}
}

// TestPackEncodesWhatItPacked: the bytes beside the front are those of the front, also where not all of it has fitted.
func TestPackEncodesWhatItPacked(t *testing.T) {
	for _, budget := range []int{0, 30, 60, 90, 120, 280} {
		packed, err := Pack(packRecord(), PackOptions{Budget: budget})
		if err != nil {
			t.Fatal(err)
		}
		want, err := EncodeFront(packed.Front)
		if err != nil || !bytes.Equal(packed.Encoded, want) {
			t.Errorf("budget %d: encoded %x, want %x, %v", budget, packed.Encoded, want, err)
		}
	}
}

func TestPackChoosesAndTellsWhatIsLeft(t *testing.T) {
	tests := []struct {
		name    string
		choices map[string]string
		front   string
		left    map[string]Reason
	}{
		{"by priority", nil, "a m c t", map[string]Reason{
			"v": LeftBehind, "p": LeftBehind, "n": LeftChoice, "h": LeftHidden, "s": LeftSensitive, "f": LeftSensitive,
		}},
		{"the holder chooses", map[string]string{"v": FrontAlways, "m": FrontNever, "n": "", "h": FrontAlways, "s": FrontAlways}, "a n c t v", map[string]Reason{
			"m": LeftChoice, "p": LeftBehind, "h": LeftHidden, "s": LeftSensitive, "f": LeftSensitive,
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := packRecord()
			packed, err := Pack(r, PackOptions{Choices: test.choices})
			front, left := packed.Front, packed.Left
			if err != nil {
				t.Fatal(err)
			}
			told := map[string]Reason{}
			for _, l := range left {
				told[l.ItemID] = l.Reason
			}
			if fmt.Sprint(told) != fmt.Sprint(test.left) {
				t.Errorf("left %v, want %v", told, test.left)
			}
			if len(front.Items) != len(strings.Fields(test.front)) || len(front.Items)+len(left) != len(r.Items) {
				t.Errorf("%d on the front and %d left of %d", len(front.Items), len(left), len(r.Items))
			}
			encoded, err := EncodeFront(front)
			if err != nil {
				t.Fatal(err)
			}
			if decoded, err := DecodeFront(encoded); err != nil || len(decoded.Items) != len(front.Items) {
				t.Errorf("the packed front does not come back: %v", err)
			}
		})
	}
}

func TestPackWritesWordsAsACardCanHoldThem(t *testing.T) {
	packed, err := Pack(packRecord(), PackOptions{})
	front := packed.Front
	if err != nil {
		t.Fatal(err)
	}
	if got := front.Items[0].Text; got != "Penicillin allergy [2J" {
		t.Errorf("control characters: %q", got)
	}
	if got := front.Items[1]; got.Text != "" || got.Detail != "5 mg 1-0-1" {
		t.Errorf("a text that repeats the label stays: %q; line break: %q", got.Text, got.Detail)
	}
	if got := front.Items[2].Phone; got != "+447700900123" {
		t.Errorf("phone %q", got)
	}
	long := Record{Items: []Item{{ID: "l", Section: section.Conditions, Text: strings.Repeat("語", 400), Severity: "awful", Date: "2026-99"}}}
	packed, err = Pack(long, PackOptions{})
	front = packed.Front
	left := packed.Left
	if err != nil || len(front.Items) != 1 || len(front.Items[0].Text) > maxFrontText || !strings.HasSuffix(front.Items[0].Text, "…") {
		t.Errorf("a long text gives %+v, %v", front.Items, err)
	}
	if len(left) != 1 || left[0].Reason != LeftShortened {
		t.Errorf("nobody is told that a text was cut: %+v", left)
	}
}

func TestPackKeepsTheBudget(t *testing.T) {
	r := Record{Identity: Identity{Name: Name{Display: "Robin Example"}}}
	for i := range 10_000 {
		r.Items = append(r.Items, Item{ID: fmt.Sprint(i), Section: section.Medications, Text: fmt.Sprintf("Medicine %d", i*7919), Detail: "10 mg"})
	}
	r.Items = append(r.Items, Item{ID: "critical", Section: section.Allergies, Term: "allergy-penicillin", Severity: "severe"})
	for _, budget := range []int{60, 137, 280, 888, MaxFront} {
		packed, err := Pack(r, PackOptions{Budget: budget})
		front, left := packed.Front, packed.Left
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := EncodeFront(front)
		if err != nil || len(encoded) > budget {
			t.Errorf("budget %d: %d bytes, %v", budget, len(encoded), err)
		}
		if front.Items[0].Section != section.Allergies {
			t.Errorf("budget %d: the severe allergy is not on the front", budget)
		}
		if len(front.Items)+len(left) != len(r.Items) {
			t.Errorf("budget %d: %d items on the front, %d left, of %d: some are lost", budget, len(front.Items), len(left), len(r.Items))
		}
		if len(encoded) < budget-60 && len(front.Items) < maxFrontItems {
			t.Errorf("budget %d: only %d bytes used although there is more to say", budget, len(encoded))
		}
	}
}

// A long item does not keep a short one behind it from getting in.
func TestPackGoesOnBehindALongItem(t *testing.T) {
	r := Record{Items: []Item{
		{ID: "1", Section: section.Allergies, Text: "Latex", Severity: "severe"},
		{ID: "2", Section: section.Conditions, Term: "epilepsy", Detail: strings.Repeat("0123456789ABCDEFGHJKLMNOPQRSTUVWXYZ", 10)},
		{ID: "3", Section: section.Medications, Term: "med-insulin"},
	}}
	packed, err := Pack(r, PackOptions{Budget: 60})
	front, left := packed.Front, packed.Left
	if err != nil {
		t.Fatal(err)
	}
	if len(front.Items) != 2 || front.Items[1].Term != "med-insulin" {
		t.Errorf("on the front: %+v", front.Items)
	}
	if !slices.Contains(left, Left{"2", section.Conditions, LeftNoRoom}) {
		t.Errorf("left: %+v", left)
	}
}

func BenchmarkPackOneOfTenThousand(b *testing.B) {
	r := Record{}
	for i := range 10_000 {
		r.Items = append(r.Items, Item{ID: fmt.Sprint(i), Section: section.Medications, Text: fmt.Sprintf("Medicine %d", i), Detail: "10 mg"})
	}
	for b.Loop() {
		if _, err := Pack(r, PackOptions{Budget: 280}); err != nil {
			b.Fatal(err)
		}
	}
}
