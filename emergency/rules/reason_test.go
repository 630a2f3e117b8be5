package rules

import "testing"

func TestReasons(t *testing.T) {
	want := map[Reason]string{
		Unconscious: "ETREAT", PatientConsents: "ETREAT", GuardianAbsent: "ETREAT", ThreatToLife: "ETREAT",
		PublicHealth: "BTG", Evacuation: "BTG", Other: "BTG",
	}
	offered := Reasons()
	if len(offered) != len(want) {
		t.Errorf("%d reasons are offered, want %d", len(offered), len(want))
	}
	for _, r := range offered {
		if !r.Valid() || r.ActReason() != want[r] {
			t.Errorf("%s: valid %v, ActReason %q, want %q", r, r.Valid(), r.ActReason(), want[r])
		}
	}
	for _, r := range []Reason{"", "curiosity", "Unconscious", "ETREAT"} {
		if r.Valid() || r.ActReason() != "" {
			t.Errorf("%q is taken for a reason", r)
		}
	}
	offered[0] = "curiosity"
	if Reasons()[0] != Unconscious {
		t.Error("a caller can change the list of reasons")
	}
}
