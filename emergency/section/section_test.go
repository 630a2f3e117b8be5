package section

import (
	"encoding/json"
	"testing"
)

func TestNamesRoundTrip(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range All() {
		name := s.String()
		if name == "" || name == "unknown" || seen[name] {
			t.Errorf("section %d has the name %q, which is empty or used twice", s, name)
		}
		seen[name] = true
		if back, ok := Parse(name); !ok || back != s {
			t.Errorf("Parse(%q) = %d, %v, want %d", name, back, ok, s)
		}
	}
	if _, ok := Parse("everything"); ok {
		t.Error("Parse accepts a name that is no section")
	}
}

func TestLayersPartitionTheRecord(t *testing.T) {
	for _, s := range All() {
		in := map[Layer]bool{Ordinary: OrdinarySet.Has(s), Sensitive: SensitiveSet.Has(s), Floor: FloorSet.Has(s)}
		for layer, member := range in {
			if member != (s.Layer() == layer) {
				t.Errorf("%v: layer %d, but membership of set %d is %v", s, s.Layer(), layer, member)
			}
		}
	}
	if Critical&(SensitiveSet|FloorSet) != 0 {
		t.Error("a critical section is sensitive or on the floor")
	}
}

func TestSetJSON(t *testing.T) {
	set := SetOf(Medications, Allergies)
	data, err := json.Marshal(set)
	if err != nil || string(data) != `["allergies","medications"]` {
		t.Fatalf("Marshal = %s, %v", data, err)
	}
	var back Set
	if err := json.Unmarshal(data, &back); err != nil || back != set {
		t.Errorf("Unmarshal = %v, %v, want %v", back, err, set)
	}
	if err := json.Unmarshal([]byte(`["allergies","secrets"]`), &back); err == nil {
		t.Error("an unknown section was read without an error")
	}
	if SetOf(Section(0), Section(24), Section(200)) != 0 {
		t.Error("invalid sections entered a set")
	}
}
