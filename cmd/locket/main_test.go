package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/locket-health/locket/emergency/emergencytest"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"locket": main}) }

// TestScripts drives the real program: testdata/script/*.txtar.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			for _, fixture := range append(emergencytest.Household(), emergencytest.Load("reference")) {
				if err := os.WriteFile(filepath.Join(env.WorkDir, fixture.Name), fixture.Bundle, 0o600); err != nil {
					return err
				}
			}
			return nil
		},
	})
}
