package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBothKeysOfARotationVerify: while the key of the log changes, whoever knows either key can check it; afterwards the old key signs nothing more.
func TestBothKeysOfARotationVerify(t *testing.T) {
	t.Parallel()
	h := &house{dir: filepath.Join(t.TempDir(), "data")}
	h.longer(t, 300)
	rotate := func(flags ...string) {
		h.stop(t)
		must(t, locket, append([]string{"keys", "rotate-log", "--data", h.dir}, flags...)...)
		h.longer(t, 10)
	}
	keys := func() []string { return strings.Fields(get(t, h.serve(t)+"/vkeys")) }
	check := func(vkey string) []verdict {
		return []verdict{ask("tessera", h.url+"/audit/log", vkey), ask("torchwood", h.url+"/audit/log", vkey)}
	}

	before := keys()
	rotate()
	both := keys()
	if len(before) != 1 || len(both) != 2 || !slices.Contains(both, before[0]) {
		t.Fatalf("the keys are %q, then %q", before, both)
	}
	for _, vkey := range both {
		for _, v := range check(vkey) {
			v.holds(t)
		}
	}
	rotate("--finish")
	after := keys()
	if len(after) != 1 || after[0] == before[0] || !slices.Contains(both, after[0]) {
		t.Fatalf("the keys are %q, then %q", both, after)
	}
	for _, v := range check(after[0]) {
		v.holds(t)
	}
	for _, v := range check(before[0]) {
		v.fails(t, "checkpoint")
	}
}
