package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/locket-health/locket/emergency/emergencytest"
)

// TestScripts drives the program as it is shipped: testdata/script/*.txtar.
func TestScripts(t *testing.T) {
	folder := t.TempDir()
	program := filepath.Join(folder, "locket")
	if made, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("the program does not build: %v\n%s", err, made)
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"locket": func(script *testscript.TestScript, fails bool, args []string) {
				err := script.Exec(program, args...)
				if fails && err == nil {
					script.Fatalf("it did not fail")
				}
				if !fails {
					script.Check(err)
				}
			},
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("PATH", folder+string(filepath.ListSeparator)+env.Getenv("PATH"))
			for _, fixture := range append(emergencytest.Household(), emergencytest.Load("reference")) {
				if err := os.WriteFile(filepath.Join(env.WorkDir, fixture.Name), fixture.Bundle, 0o600); err != nil {
					return err
				}
			}
			return nil
		},
	})
}
