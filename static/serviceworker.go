package static

import (
	"encoding/json"
	"strings"
)

// ServiceWorker is the script to serve at /sw.js (text/javascript, Cache-Control: no-cache). It begins with the list of this build's files that
// a reader needs without a network: the reader's scripts, the words and labels of every language the reader page speaks, the dictionary.
func (a *Assets) ServiceWorker() []byte {
	wanted := append(a.under("js/reader/", ".js"), "dictionary-1.bin", "labels/keys.json")
	for _, words := range a.under("locales/", "/reader.json") {
		folder := strings.TrimSuffix(words, "/reader.json")
		lang := strings.TrimPrefix(folder, "locales/")
		wanted = append(wanted, words, folder+"/words.json", "labels/"+lang+".json")
	}
	var build struct {
		Hash   string   `json:"hash"`
		Assets string   `json:"assets"`
		Files  []string `json:"files"`
	}
	build.Hash, build.Assets = a.hash, a.URL("")
	for _, path := range wanted {
		if _, found := a.files[path]; found {
			build.Files = append(build.Files, a.URL(path))
		}
	}
	head := append([]byte("const BUILD = "), must(json.Marshal(build))...)
	return append(append(head, ";\n"...), must(private.ReadFile("worker.js"))...)
}
