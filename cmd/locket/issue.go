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
	"slices"
	"strings"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/carrier"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/static"
)

func issueCommand() command {
	return command{
		name: "issue", synopsis: "--data DIR --in FILE|DIR --out DIR [--carrier NAME] [--lang LANG]",
		summary: "issue cards from FHIR documents",
		about: `Reads an International Patient Summary (FHIR R4), keeps it sealed as a new patient's record, and issues a card. Writes into --out:
the files of the carrier and card.json: what is on it, what was left out, what was not understood. When --in is a folder every .json file
in it becomes a patient with a folder of its own in --out; a file that cannot be read is reported and does not stop the rest.
The card is there before its files are: when those cannot be written, patient and card are named, and how to take them back.

Carriers:
  wallet      card of ID-1 size: address, SVG, PNG, pages to print (also large, also high contrast), tag message
  sheet       a family's evacuation sheet: sheet.html has a row for everybody of --in
  sticker     stickers, and labels for a helmet, a bicycle, a child's car seat
  bracelet    a strip with a short address: it needs a network
  wallpaper   pictures for the lock screens of telephones
  vcard       the no-signal code: a plain telephone shows it without a network; anybody can read it and nothing is logged
  ntag213     NFC tags: the message, the tag's memory, instructions; 213 holds a short address, the others the front
  ntag215, ntag216
  ntag424     NTAG 424 DNA: settings and keys for the one who writes it; every tap proves itself
  shc         SMART Health Card, for hospital software: file, and a QR code where it fits
  shl         SMART Health Link, with a passcode: drawn, or from --passcode-file`,
		examples: []string{
			"locket issue --data ./data --in summary.json --carrier wallet --out ./card",
			"locket issue --data ./data --in ./summaries --carrier wallet --out ./cards --json",
		},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			var o issueOptions
			o.data, o.keys = dataFlag(f), keysFlag(f)
			o.in = f.text("in", "", "FILE|DIR", "a FHIR document, - for standard input, or a folder of documents")
			o.out = f.text("out", "", "DIR", "where the files of the card go")
			o.carrier = f.text("carrier", emergency.CarrierWallet, "NAME", "what carries the card, see above")
			o.passcode = f.text("passcode-file", "", "FILE", "passcode of a SMART Health Link, if not drawn")
			o.lang = f.text("lang", "", "LANG", "language of the printed words, if not the record's own")
			o.url = f.text("url", "", "URL", "scheme and host that the card points to, if not as in keys init")
			o.json = f.toggle("json", "print one JSON object a patient")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *o.data), needed("in", *o.in), needed("out", *o.out)); err != nil {
					return err
				}
				if !slices.Contains(emergency.Carriers(), *o.carrier) {
					return usageError{fmt.Sprintf("--carrier %q is not one of: %s", *o.carrier, strings.Join(emergency.Carriers(), ", "))}
				}
				if *o.passcode != "" && *o.carrier != emergency.CarrierSHL {
					return usageError{"--passcode-file is for --carrier shl"}
				}
				return issue(ctx, env, o)
			}
		},
	}
}

type issueOptions struct {
	data, keys, in, out, carrier, passcode, lang, url *string
	json                                              *bool
}

// issuer issues cards from documents, one after another.
type issuer struct {
	house   *datadir.House
	place   string // the flags that say where the house is
	words   carrier.Words
	choices emergency.CardChoices
	options carrier.Options
	made    []carrier.Made // for the sheet that everybody of a household is on
}

// place are the flags that say where the house is, for what is to be tried next.
func (o issueOptions) place() string {
	place := "--data " + *o.data
	if *o.keys != "" {
		place += " --keys " + *o.keys
	}
	return place
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
	work := issuer{house: house, place: o.place(), words: carrier.Words{Catalog: catalog, Terms: house.Terms}, choices: emergency.CardChoices{Carrier: *o.carrier},
		options: carrier.Options{Lang: *o.lang, Now: time.Now()}}
	if *o.passcode != "" {
		passcode, err := os.ReadFile(*o.passcode)
		if err != nil {
			return errors.Join(&failure{"the passcode cannot be read", err, ""}, house.Close(ctx))
		}
		work.choices.Link.Passcode = strings.TrimRight(string(passcode), "\r\n")
	}
	failed := 0
	for i, document := range documents {
		out := *o.out
		if document.folder != "" {
			out = filepath.Join(out, document.folder)
		}
		report, err := work.issue(ctx, env, document, out)
		if errors.Is(err, context.Canceled) {
			break
		}
		if err != nil {
			failed++
		}
		work.print(env, *o.json, document, out, report, err)
		if ctx.Err() != nil { // after the card that is there is named
			break
		}
		if len(documents) > 1 {
			fmt.Fprintf(env.stderr, "\r%d of %d", i+1, len(documents))
		}
	}
	if len(documents) > 1 {
		fmt.Fprintf(env.stderr, "\r%d issued, %d failed\n", len(documents)-failed, failed)
	}
	if err := errors.Join(work.sheet(*o.out), house.Close(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	if failed > 0 || ctx.Err() != nil {
		return errSilent
	}
	return nil
}

// unwritten says that a card was issued and its files were not written. The card verifies and opens from then on, so whoever issued it must know of it.
type unwritten struct {
	id      cards.ID
	patient emergency.PatientID
	why     error
}

func (u *unwritten) Error() string {
	return fmt.Sprintf("card %s of patient %s was issued and its files were not written: %v", u.id, u.patient, u.why)
}

func (u *unwritten) Unwrap() error { return u.why }

// advice says how to go on. place are the flags that say where the house is.
func (u *unwritten) advice(place string) string {
	return fmt.Sprintf("  try: locket delete %s --patient %s --yes, then issue it again\n  or, to end the card and keep the record: locket revoke %s --patient %s --card %s\n",
		place, u.patient, place, u.patient, u.id)
}

func (w *issuer) print(env environment, asJSON bool, document document, out string, report carrier.Report, err error) {
	var lost *unwritten
	switch {
	case asJSON && errors.As(err, &lost):
		printLine(env.stdout, struct {
			In      string              `json:"in"`
			Error   string              `json:"error"`
			ID      cards.ID            `json:"id"`
			Patient emergency.PatientID `json:"patient"`
		}{document.path, lost.why.Error(), lost.id, lost.patient})
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
	if lost != nil || errors.As(err, &lost) {
		fmt.Fprint(env.stderr, printable(lost.advice(w.place)))
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
func (w *issuer) issue(ctx context.Context, env environment, document document, out string) (carrier.Report, error) {
	content, err := document.read(env.stdin)
	if err != nil {
		return carrier.Report{}, err
	}
	if err := os.MkdirAll(out, 0o700); err != nil {
		return carrier.Report{}, err
	}
	issued, imported, err := w.house.Service.IssueFromDocument(ctx, emergency.Caller{Operator: true}, content, filepath.Base(document.path), w.choices)
	if err != nil {
		return carrier.Report{}, w.words.Explain(err)
	}
	made := carrier.Made{Issued: issued, Record: imported.Record, Imported: imported}
	files, report, err := w.words.Files(made, w.options)
	if err == nil {
		err = writeFiles(out, files)
	}
	if err != nil {
		return carrier.Report{}, &unwritten{issued.ID, issued.Patient, err}
	}
	if issued.Carrier == emergency.CarrierSheet {
		w.made = append(w.made, made)
	}
	return report, nil
}

// sheet writes the page that everybody of a household is on, when sheets were issued.
func (w *issuer) sheet(out string) error {
	if len(w.made) == 0 {
		return nil
	}
	page, err := w.words.Sheet(w.made, carrier.SheetOptions{Options: w.options})
	if err == nil {
		err = writeFiles(out, []carrier.File{{Name: "sheet.html", Content: page}})
	}
	if err != nil {
		return &failure{"the cards were issued and their page was not written", err,
			"print card.svg of each; or, for the page, locket delete " + w.place + " --yes with --patient of each card.json, then issue them again"}
	}
	return nil
}

func writeFiles(out string, files []carrier.File) error {
	for _, file := range files {
		if err := os.WriteFile(filepath.Join(out, file.Name), file.Content, 0o600); err != nil {
			return err
		}
	}
	return nil
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
