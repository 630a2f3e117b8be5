// Package static holds what a browser gets: the reader page, the console's pages, their styles, scripts and words.
//
// Everything is embedded and served below one address, /static/<hash>/<path>, where the hash covers the whole tree. So a page and the
// modules it loads always come from one build, relative imports between modules keep working, and every file may be cached for ever.
//
// The package knows no HTTP: [Assets] answers which bytes belong to an address, emergency/web sends them.
package static

import (
	"embed"
	"io/fs"
)

// The patterns name kinds of file, so that tests beside the scripts are not carried in the binary, nor what comes with somebody else's files.
//
//go:embed css/*.css js/*/*.js locales/*/*.json manifest.webmanifest icons/*.png
//go:embed vendor/zxing-wasm/dist/es/*.js vendor/zxing-wasm/dist/es/reader/*.js vendor/zxing-wasm/dist/reader/*.wasm
var public embed.FS

//go:embed templates worker.js
var private embed.FS

// Locales is the folder of words: one folder a language, one JSON file a room (emergency/locale reads it).
func Locales() fs.FS { return must(fs.Sub(public, "locales")) }

// must unwraps a result that can only fail when this package was built wrongly.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
