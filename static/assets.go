package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

// Prefix is where assets are served: Prefix + hash + "/" + path.
const Prefix = "/static/"

// hashLength is the number of hexadecimal digits of the tree's SHA-256 in an address: 64 bits, to tell builds apart, not to resist anybody.
const hashLength = 16

// File is one asset, ready to be sent.
type File struct {
	Path        string // "js/reader/main.js", always with forward slashes
	ContentType string // with charset for text
	Body        []byte // as written; never to be changed
	Gzip        []byte // the same compressed, nil where that would not be smaller
	ETag        string // strong, quoted, of Body
}

// Assets is every file a browser may ask for, with the address it has in this build. It is immutable and safe for concurrent use.
type Assets struct {
	hash  string
	files map[string]asset
}

// asset is a file that is compressed when it is first asked for: the decoder of the scanner alone takes longer than all else of a start.
type asset struct {
	File
	gzip func() []byte
}

// New gathers the embedded files and the generated ones, which are made at start because they come from other rooms:
//
//	labels/<lang>.json    labels of the term catalogue by card number: {"v":1,"lang":"es","labels":["", ...],"drafted":[...]}
//	labels/keys.json      catalogue keys by card number: ["", "no-known-allergy", ...]; the reader names terms of an opened record by it
//	dictionary-1.bin      the preset dictionary of compressed summaries
//
// A generated path that is not clean, that is embedded already, or whose kind of file is unknown is an error.
func New(generated map[string][]byte) (*Assets, error) {
	bodies := maps.Clone(generated)
	if bodies == nil {
		bodies = map[string][]byte{}
	}
	err := fs.WalkDir(public, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if _, taken := bodies[name]; taken {
			return fmt.Errorf("static: the generated file %q is embedded already", name)
		}
		bodies[name], err = public.ReadFile(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	tree := sha256.New()
	assets := &Assets{files: make(map[string]asset, len(bodies))}
	for _, name := range slices.Sorted(maps.Keys(bodies)) {
		file, err := newFile(name, bodies[name])
		if err != nil {
			return nil, err
		}
		assets.files[name] = asset{file, sync.OnceValue(func() []byte { return compress(file.Body) })}
		fmt.Fprintf(tree, "%s %s\n", file.ETag, name)
	}
	assets.hash = hex.EncodeToString(tree.Sum(nil))[:hashLength]
	return assets, nil
}

func newFile(name string, body []byte) (File, error) {
	if !fs.ValidPath(name) || name == "." {
		return File{}, fmt.Errorf("static: %q is not a clean relative path", name)
	}
	kind, known := contentType(name)
	if !known {
		return File{}, fmt.Errorf("static: no content type is known for %q", name)
	}
	sum := sha256.Sum256(body)
	return File{
		Path:        name,
		ContentType: kind,
		Body:        body,
		ETag:        `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`,
	}, nil
}

// contentType is a table of our own: the system's own table differs from one machine to the next.
func contentType(name string) (string, bool) {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8", true
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8", true
	case ".json":
		return "application/json", true
	case ".webmanifest":
		return "application/manifest+json", true
	case ".svg":
		return "image/svg+xml", true
	case ".png":
		return "image/png", true
	case ".bin":
		return "application/octet-stream", true
	case ".wasm":
		return "application/wasm", true
	}
	return "", false
}

func compress(body []byte) []byte {
	var packed bytes.Buffer
	writer := must(gzip.NewWriterLevel(&packed, gzip.BestCompression))
	must(writer.Write(body)) // a bytes.Buffer takes everything
	if writer.Close() != nil || packed.Len() >= len(body) {
		return nil
	}
	return packed.Bytes()
}

// Hash is the checksum of the whole tree as it stands in addresses.
func (a *Assets) Hash() string { return a.hash }

// URL is the address of a path in this build. Templates use the function "asset" instead, which fails for a file that does not exist.
func (a *Assets) URL(path string) string { return Prefix + a.hash + "/" + path }

// Open finds the file of an address /static/<hash>/<path>. Another build's hash finds nothing: its bytes are not ours to answer.
func (a *Assets) Open(hash, path string) (File, bool) {
	if hash != a.hash {
		return File{}, false
	}
	found, ok := a.files[path]
	if !ok {
		return File{}, false
	}
	file := found.File
	file.Gzip = found.gzip()
	return file, true
}

// Paths lists every file in order.
func (a *Assets) Paths() []string { return slices.Sorted(maps.Keys(a.files)) }

// under lists the files whose path begins with a prefix and ends with a suffix, in order.
func (a *Assets) under(prefix, suffix string) []string {
	return slices.DeleteFunc(a.Paths(), func(name string) bool {
		return !strings.HasPrefix(name, prefix) || !strings.HasSuffix(name, suffix)
	})
}
