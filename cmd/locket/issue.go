package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/carrier"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/static"
)

func issueCommand() command {
	return command{
		name: "issue", synopsis: "--data DIR --in FILE|DIR --out DIR [--carrier wallet] [--lang LANG]",
		summary: "issue cards from FHIR documents",
		about: `Reads an International Patient Summary (FHIR R4), keeps it sealed as a new patient's record, and issues a card. Writes into --out:
card.url, card.svg, card.png, card.html (to print), card.ndef (for a tag) and card.json (what is on the front, what was left out, what
was not understood). When --in is a folder every .json file in it becomes a patient with a folder of its own in --out; a file that
cannot be read is reported and does not stop the rest.`,
		examples: []string{
			"locket issue --data ./data --in summary.json --carrier wallet --out ./card",
			"locket issue --data ./data --in ./summaries --carrier wallet --out ./cards --json",
		},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			var o issueOptions
			o.data, o.keys = dataFlag(f), keysFlag(f)
			o.in = f.text("in", "", "FILE|DIR", "a FHIR document, - for standard input, or a folder of documents")
			o.out = f.text("out", "", "DIR", "where the files of the card go")
			o.carrier = f.text("carrier", emergency.CarrierWallet, "NAME", "what carries the card")
			o.lang = f.text("lang", "", "LANG", "language of the printed words, if not the record's own")
			o.url = f.text("url", "", "URL", "scheme and host that the card points to, if not as in keys init")
			o.json = f.toggle("json", "print one JSON object a patient")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *o.data), needed("in", *o.in), needed("out", *o.out)); err != nil {
					return err
				}
				if *o.carrier != emergency.CarrierWallet {
					return usageError{fmt.Sprintf("--carrier %q is not one of: %s", *o.carrier, emergency.CarrierWallet)}
				}
				return issue(ctx, env, o)
			}
		},
	}
}

type issueOptions struct {
	data, keys, in, out, carrier, lang, url *string
	json                                    *bool
}

// issuer issues cards from documents, one after another.
type issuer struct {
	house *datadir.House
	words carrier.Words
	lang  string
}

func issue(ctx context.Context, env environment, o issueOptions) error {
	documents, err := findDocuments(*o.in)
	if err != nil {
		return &failure{"nothing to read", err, "--in with a FHIR document in JSON, or a folder of them"}
	}
	house, err := datadir.Open(ctx, datadir.Options{Dir: *o.data, Keys: *o.keys, URL: *o.url})
	if err != nil {
		return noDirectory(err, *o.data)
	}
	catalog, err := locale.Load(static.Locales())
	if err != nil {
		return errors.Join(err, house.Close(ctx))
	}
	work := issuer{house: house, words: carrier.Words{Catalog: catalog, Terms: house.Terms}, lang: *o.lang}
	failed := 0
	for i, document := range documents {
		out := *o.out
		if document.folder != "" {
			out = filepath.Join(out, document.folder)
		}
		report, err := work.issue(ctx, env, document, out)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			failed++
		}
		printIssued(env, *o.json, document, out, report, err)
		if len(documents) > 1 {
			fmt.Fprintf(env.stderr, "\r%d of %d", i+1, len(documents))
		}
	}
	if len(documents) > 1 {
		fmt.Fprintf(env.stderr, "\r%d issued, %d failed\n", len(documents)-failed, failed)
	}
	if err := house.Close(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if failed > 0 || ctx.Err() != nil {
		return errSilent
	}
	return nil
}

func printIssued(env environment, asJSON bool, document document, out string, report carrier.Report, err error) {
	switch {
	case asJSON && err != nil:
		printLine(env.stdout, struct {
			In    string `json:"in"`
			Error string `json:"error"`
		}{document.path, err.Error()})
	case asJSON:
		printLine(env.stdout, struct {
			In  string `json:"in"`
			Out string `json:"out"`
			carrier.Report
		}{document.path, out, report})
	case err != nil:
		fmt.Fprintf(env.stderr, "failed  %s: %s\n", oneLine(document.path), oneLine(err.Error()))
		if document.folder != "" {
			fmt.Fprintf(env.stdout, "failed  %s\n", oneLine(document.path))
		}
	default:
		fmt.Fprintf(env.stdout, "issued  %s  card %s  %d on the front, %d left out, %d not understood  %s\n", oneLine(document.path), report.ID,
			len(report.OnFront), len(report.LeftOut), len(report.NotUnderstood), oneLine(out))
	}
}

// printLine writes a value as one line of JSON.
func printLine(w io.Writer, value any) {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		fmt.Fprintf(w, "{\"error\":%q}\n", err)
	}
}

// issue makes one patient's card and writes its files.
func (w issuer) issue(ctx context.Context, env environment, document document, out string) (carrier.Report, error) {
	content, err := document.read(env.stdin)
	if err != nil {
		return carrier.Report{}, err
	}
	if err := os.MkdirAll(out, 0o700); err != nil {
		return carrier.Report{}, err
	}
	issued, imported, err := w.house.Service.IssueFromDocument(ctx, emergency.Caller{Operator: true}, content, filepath.Base(document.path))
	if err != nil {
		return carrier.Report{}, w.words.Explain(err)
	}
	files, report, err := w.words.Wallet(issued, imported, w.lang)
	if err != nil {
		return carrier.Report{}, err
	}
	for _, file := range files {
		if err := os.WriteFile(filepath.Join(out, file.Name), file.Content, 0o600); err != nil {
			return carrier.Report{}, &failure{"the card was issued and its files were not written", err, "free some space, and print it again from the console"}
		}
	}
	return report, nil
}

// document is a file to be read.
type document struct {
	path   string // "-" is standard input
	folder string // below --out, when there are several
}

// maxDocument is one byte more than the service takes, so that it can say that there is more.
const maxDocument = 16<<20 + 1

func (d document) read(stdin io.Reader) ([]byte, error) {
	if d.path == "-" {
		return io.ReadAll(io.LimitReader(stdin, maxDocument))
	}
	if d.folder != "" { // nobody has named it: a pipe without a writer would hold up all the others
		if info, err := os.Stat(d.path); err != nil {
			return nil, err
		} else if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is not a file", d.path)
		}
	}
	f, err := os.Open(d.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxDocument))
}

// findDocuments lists the documents that --in names, in the order of their names.
func findDocuments(in string) ([]document, error) {
	if in == "-" {
		return []document{{path: in}}, nil
	}
	info, err := os.Stat(in)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []document{{path: in}}, nil
	}
	var documents []document
	err = filepath.WalkDir(in, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.EqualFold(filepath.Ext(path), ".json") {
			return err
		}
		inside, err := filepath.Rel(in, path)
		if err != nil {
			return err
		}
		documents = append(documents, document{path: path, folder: strings.TrimSuffix(inside, filepath.Ext(inside))})
		return nil
	})
	if err == nil && len(documents) == 0 {
		err = fmt.Errorf("no .json file in %s", in)
	}
	return documents, err
}
