package web

import (
	"testing"

	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// TestTextsAreJoinedAsTheLanguageDoes: no language gets another one's commas, brackets and spaces.
func TestTextsAreJoinedAsTheLanguageDoes(t *testing.T) {
	t.Parallel()
	catalog, err := catalogOfAll()
	if err != nil {
		t.Fatal(err)
	}
	both := rules.Difference{}
	both.Gained.AfterWait, both.Lost.AfterWait = section.SetOf(section.Allergies), section.SetOf(section.Needs)
	stated := summary.Item{Source: summary.Source{Kind: summary.SourceClinician, Name: "DR"}, Confirmed: "2026"}
	for lang, want := range map[string][4]string{
		"en": {"a, b, c", "New: Allergies. No longer: Needs.", "Stated by DR (a clinician). Last confirmed: 2026.", ""},
		"ja": {"a、b、c", "増えるもの：アレルギー。見られなくなるもの：必要な支援。", "情報源：DR（医療従事者）。最終確認：2026。", ""},
	} {
		x := &exchange{Server: &Server{Config: Config{Catalog: catalog}}}
		x.lang.Code = lang
		got := [4]string{x.chain("console.chain", "a", "", "b", "c"), x.change(both), x.stated(stated), x.chain("console.chain")}
		if got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
}
