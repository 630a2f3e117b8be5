package summary

import (
	"os"
	"path/filepath"
	"testing"
)

// fixtures is where package emergencytest keeps our fictional people. (It imports this package, so its tests cannot import it.)
var fixtures = filepath.Join("..", "emergencytest", "fixtures")

// bundles returns every summary there is to test with: our own fictional people, and the published samples and the reference patient where the
// shared folder stands beside the checkout.
func bundles(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	shared := filepath.Join("..", "..", "..", "shared", "data")
	for _, pattern := range []string{
		filepath.Join(fixtures, "*.json"), filepath.Join(shared, "ips", "*.json"), filepath.Join(shared, "reference-patient", "ips.json"),
	} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all[filepath.Join(filepath.Base(filepath.Dir(path)), filepath.Base(path))] = data
		}
	}
	return all
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(fixtures, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
