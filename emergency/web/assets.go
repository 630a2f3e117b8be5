package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/locket-health/locket/emergency/terms"
	"github.com/locket-health/locket/static"
)

// NewAssets gathers what browsers get, with the files that are made from the term catalogue and the preset dictionary of compressed fronts
// (summary.Dictionary).
func NewAssets(catalogue *terms.Catalogue, dictionary []byte) (*static.Assets, error) {
	keys := make([]string, catalogue.Len()+1)
	for _, term := range catalogue.All() {
		keys[term.Number] = term.Key
	}
	table, err := json.Marshal(keys)
	if err != nil {
		return nil, fmt.Errorf("web: term keys: %w", err)
	}
	generated := map[string][]byte{"labels/keys.json": table, "dictionary-1.bin": dictionary}
	for _, lang := range catalogue.Languages() {
		labels, err := catalogue.LabelsJSON(lang)
		if err != nil {
			return nil, fmt.Errorf("web: term labels: %w", err)
		}
		generated["labels/"+lang+".json"] = labels
	}
	return static.New(generated)
}

// asset serves a file of this build for ever: another build has another address.
func (s *Server) asset(x *exchange) error {
	file, found := s.Assets.Open(x.variable("hash"), x.variable("path"))
	if !found {
		return notFound
	}
	public(x.w, immutable)
	return x.file(file.ContentType, file.ETag, file.Body, file.Gzip)
}

// file answers a body that has its compressed form at hand.
func (x *exchange) file(contentType, etag string, body, gzip []byte) error {
	header := x.w.Header()
	header.Set("Content-Type", contentType)
	if etag != "" {
		header.Set("ETag", etag)
		if x.r.Header.Get("If-None-Match") == etag {
			x.w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	if gzip != nil {
		header.Add("Vary", "Accept-Encoding")
		if takesGzip(x.r) {
			header.Set("Content-Encoding", "gzip")
			body = gzip
		}
	}
	_, err := x.w.Write(body)
	return disconnected(err)
}

// takesGzip reports whether the client reads gzip. A client that says "gzip;q=0" gets it too: none does.
func takesGzip(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
}
