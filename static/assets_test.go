package static

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"testing"
)

// generated stands for what emergency/web makes at start, in about the real sizes.
func generated() map[string][]byte {
	files := map[string][]byte{"dictionary-1.bin": []byte("chronic kidney disease"), "labels/keys.json": []byte(`["","asthma"]`)}
	for _, lang := range []string{"en", "es", "ar", "ja", "sv"} {
		files["labels/"+lang+".json"] = []byte(`{"v":1,"lang":"` + lang + `","labels":["","asthma"],"drafted":[]}`)
	}
	return files
}

// built is shared by the tests, as by all requests: what was compressed once is not compressed again.
var built = sync.OnceValues(func() (*Assets, error) { return New(generated()) })

func newAssets(t *testing.T) *Assets {
	t.Helper()
	assets, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return assets
}

func TestEveryFileIsFoundAtItsAddressOnly(t *testing.T) {
	assets := newAssets(t)
	if len(assets.Paths()) < 10 {
		t.Fatalf("only %d files: %v", len(assets.Paths()), assets.Paths())
	}
	for _, path := range assets.Paths() {
		hash, rest, _ := strings.Cut(strings.TrimPrefix(assets.URL(path), Prefix), "/")
		file, found := assets.Open(hash, rest)
		if !found || file.Path != path || len(file.Body) == 0 || file.ContentType == "" || file.ETag == "" {
			t.Errorf("%s is not served whole at %s", path, assets.URL(path))
		}
		if _, found := assets.Open("0000000000000000", path); found {
			t.Errorf("%s is answered at the address of another build", path)
		}
		if strings.Contains(path, "test") {
			t.Errorf("%s is a test, browsers do not need it", path)
		}
	}
	for _, path := range []string{"", "js", "js/reader", "templates/reader.html", "worker.js", "../go.mod", "js/reader/../reader/main.js"} {
		if _, found := assets.Open(assets.Hash(), path); found {
			t.Errorf("%q is answered", path)
		}
	}
}

func TestGzipHoldsTheSameBytes(t *testing.T) {
	assets := newAssets(t)
	for _, path := range assets.Paths() {
		file, _ := assets.Open(assets.Hash(), path)
		if file.Gzip == nil {
			continue
		}
		if len(file.Gzip) >= len(file.Body) {
			t.Errorf("%s: %d bytes compressed, %d plain", path, len(file.Gzip), len(file.Body))
		}
		reader, err := gzip.NewReader(bytes.NewReader(file.Gzip))
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(reader); err != nil || !bytes.Equal(body, file.Body) {
			t.Errorf("%s: the compressed form differs: %v", path, err)
		}
	}
}

func TestOneChecksumCoversTheWholeTree(t *testing.T) {
	assets := newAssets(t)
	again, err := New(generated())
	if err != nil {
		t.Fatal(err)
	}
	if assets.Hash() != again.Hash() {
		t.Error("the same tree has two checksums")
	}
	other := generated()
	other["labels/sv.json"] = []byte(`{}`)
	changed, err := New(other)
	if err != nil {
		t.Fatal(err)
	}
	if changed.Hash() == assets.Hash() {
		t.Error("a changed file did not change the address of the tree")
	}
}

func TestNewRefusesWhatCannotBeServed(t *testing.T) {
	for name, path := range map[string]string{
		"embedded already":  "js/reader/main.js",
		"absolute":          "/labels/en.json",
		"climbing":          "../secret.json",
		"unknown kind":      "labels/en.exe",
		"empty":             "",
		"trailing slash":    "labels/",
		"doubled separator": "labels//en.json",
	} {
		if _, err := New(map[string][]byte{path: []byte("x")}); err == nil {
			t.Errorf("%s: New accepts %q", name, path)
		}
	}
}

func TestServiceWorkerKeepsWhatAReaderNeeds(t *testing.T) {
	assets := newAssets(t)
	script := string(assets.ServiceWorker())
	head, _, _ := strings.Cut(script, ";\n")
	var build struct {
		Hash, Assets string
		Files        []string
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(head, "const BUILD = ")), &build); err != nil {
		t.Fatal(err)
	}
	if build.Hash != assets.Hash() || build.Assets != Prefix+assets.Hash()+"/" {
		t.Errorf("the worker is of build %q at %q", build.Hash, build.Assets)
	}
	kept := map[string]bool{}
	for _, url := range build.Files {
		path := strings.TrimPrefix(url, build.Assets)
		if _, found := assets.Open(assets.Hash(), path); !found {
			t.Errorf("the worker asks for %q, which does not exist", url)
		}
		kept[path] = true
	}
	for _, path := range []string{
		"js/reader/main.js", "js/glass/glass.js", "js/offline/lists.js", "dictionary-1.bin", "labels/keys.json",
		"locales/en/reader.json", "locales/ar/glass.json", "locales/ar/words.json", "labels/ja.json",
	} {
		if !kept[path] {
			t.Errorf("the worker does not keep %s", path)
		}
	}
	for path := range kept {
		if strings.HasPrefix(path, "js/console/") || path == "labels/sv.json" {
			t.Errorf("the worker keeps %s, which the reader page never asks for", path)
		}
	}
}
