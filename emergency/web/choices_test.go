package web

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/emergency/rules"
)

// TestTheReaderAsksWhatTheServiceTakes: the roles and reasons that the page offers are those that an opening may state, all of them.
func TestTheReaderAsksWhatTheServiceTakes(t *testing.T) {
	t.Parallel()
	var reasons []string
	for _, reason := range rules.Reasons() {
		reasons = append(reasons, string(reason))
	}
	for name, lists := range map[string][2][]string{
		"roles":   {listIn(t, "../open.go", `roles = \[\]string\{(.*)\}`), listIn(t, "../../static/js/reader/open.js", `ROLES = \[(.*)\]`)},
		"reasons": {reasons, listIn(t, "../../static/js/reader/open.js", `REASONS = \[(.*)\]`)},
	} {
		slices.Sort(lists[0])
		slices.Sort(lists[1])
		if diff := cmp.Diff(lists[0], lists[1]); diff != "" {
			t.Errorf("%s of the service (-) and of the page (+):\n%s", name, diff)
		}
	}
}

// listIn finds the words of a list in a source file.
func listIn(t *testing.T, file, pattern string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(pattern).FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s has no %s", file, pattern)
	}
	var list []string
	for _, word := range regexp.MustCompile(`["']([a-z_]+)["']`).FindAllSubmatch(found[1], -1) {
		list = append(list, string(word[1]))
	}
	return list
}
