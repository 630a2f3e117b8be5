package static

import (
	"encoding/json"
	"slices"
	"strings"
)

// ServiceWorker is the script to serve at /sw.js (text/javascript, Cache-Control: no-cache). It begins with the list of this build's files that
// a reader needs without a network: the scripts of the reader and of all that it loads later, the words and labels of every language the reader page speaks, the
// dictionary; and, in lists of their own, what the scanner page and the page that reads badges need besides.
func (a *Assets) ServiceWorker() []byte {
	wanted := []string{"dictionary-1.bin", "labels/keys.json"}
	for _, folder := range []string{"js/reader/", "js/glass/", "js/offline/", "js/place/"} {
		wanted = append(wanted, a.under(folder, ".js")...)
	}
	for _, words := range a.under("locales/", "/reader.json") {
		folder := strings.TrimSuffix(words, "/reader.json")
		lang := strings.TrimPrefix(folder, "locales/")
		wanted = append(wanted, words, folder+"/glass.json", folder+"/words.json", "labels/"+lang+".json")
	}
	scanner := slices.Concat(a.under("js/scan/", ".js"), a.under("vendor/", ""), a.under("icons/", ""), a.under("locales/", "/scan.json"),
		[]string{"manifest.webmanifest", "js/badge/badge.js"})
	badge := slices.Concat(a.under("js/badge/", ".js"), a.under("locales/", "/badge.json"), a.under("locales/", "/scan.json"))
	var build struct {
		Hash   string   `json:"hash"`
		Assets string   `json:"assets"`
		Files  []string `json:"files"`
		Scan   []string `json:"scan"`
		Badge  []string `json:"badge"`
	}
	build.Hash, build.Assets = a.hash, a.URL("")
	build.Files, build.Scan, build.Badge = a.urls(wanted), a.urls(scanner), a.urls(badge)
	head := append([]byte("const BUILD = "), must(json.Marshal(build))...)
	return append(append(head, ";\n"...), must(private.ReadFile("worker.js"))...)
}

// urls gives the addresses of those paths that exist.
func (a *Assets) urls(paths []string) []string {
	var urls []string
	for _, path := range paths {
		if _, found := a.files[path]; found {
			urls = append(urls, a.URL(path))
		}
	}
	return urls
}
