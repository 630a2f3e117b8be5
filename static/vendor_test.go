package static

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const vendored = "vendor/zxing-wasm"

// The decoder is somebody else's program: it is what its authors published, byte for byte, and nothing lies beside it.
func TestVendoredFilesAreAsPublished(t *testing.T) {
	list, err := os.ReadFile(filepath.Join(vendored, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"SHA256SUMS": ""}
	for lines := bufio.NewScanner(bytes.NewReader(list)); lines.Scan(); {
		sum, name, _ := strings.Cut(lines.Text(), "  ")
		want[name] = sum
	}
	if len(want) < 6 {
		t.Fatalf("only %d files are listed", len(want)-1)
	}
	found := map[string]bool{}
	err = fs.WalkDir(os.DirFS(vendored), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		sum, listed := want[name]
		if !listed {
			t.Errorf("%s is not listed", name)
		}
		found[name] = true
		text, err := os.ReadFile(filepath.Join(vendored, name))
		if got := sha256.Sum256(text); sum != "" && hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s is not what was published", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if !found[name] {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestVendoredVersionIsTheOneThatIsFetched(t *testing.T) {
	var published struct{ Version, License string }
	text, err := os.ReadFile(filepath.Join(vendored, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &published); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("vendor/fetch.sh")
	if err != nil {
		t.Fatal(err)
	}
	if published.License != "MIT" || !strings.Contains(string(script), "\nVERSION="+published.Version+"\n") {
		t.Errorf("version %q under %q is not what fetch.sh asks for", published.Version, published.License)
	}
}

func TestVendoredFilesAreServed(t *testing.T) {
	assets := newAssets(t)
	for path, kind := range map[string]string{
		vendored + "/dist/es/reader/index.js":       "text/javascript; charset=utf-8",
		vendored + "/dist/es/share.js":              "text/javascript; charset=utf-8",
		vendored + "/dist/reader/zxing_reader.wasm": "application/wasm",
	} {
		file, found := assets.Open(assets.Hash(), path)
		if !found || file.ContentType != kind {
			t.Errorf("%s is served as %q, want %q", path, file.ContentType, kind)
			continue
		}
		if published, err := os.ReadFile(path); err != nil || !slices.Equal(file.Body, published) {
			t.Errorf("%s is not served as it was published: %v", path, err)
		}
	}
}
