package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/carrier"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/static"
)

func exportCommand() command {
	return command{
		name: "export", synopsis: "--data DIR --patient ID [--lang LANG] [--out FILE]",
		summary: "write a patient's record as an International Patient Summary",
		about: `For patients whom this house looks after itself, made by locket issue (card.json names the patient). People who keep their own record
export it in the console. The export is an entry in the log.`,
		examples: []string{"locket export --data ./data --patient 0123456789abcdefABCDEF --out summary.json"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			patient := f.text("patient", "", "ID", "the patient")
			lang := f.text("lang", "", "LANG", "language of the narrative, if not the record's own")
			out := f.text("out", "", "FILE", "where to write, if not to standard output")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data), needed("patient", *patient)); err != nil {
					return err
				}
				house, err := datadir.Open(ctx, datadir.Options{Dir: *data, Keys: *keys})
				if err != nil {
					return noDirectory(err, *data)
				}
				bundle, err := exportDocument(ctx, house, emergency.PatientID(*patient), *lang)
				if err := errors.Join(err, house.Close(context.WithoutCancel(ctx))); err != nil {
					return &failure{"the record was not exported", err, "card.json of locket issue names the patient; a patient with an account exports in the console"}
				}
				if *out == "" {
					_, err := env.stdout.Write(append(bundle, '\n'))
					return err
				}
				if err := os.WriteFile(*out, bundle, 0o600); err != nil {
					return err
				}
				fmt.Fprintf(env.stdout, "Wrote %s, %d bytes.\n", *out, len(bundle))
				return nil
			}
		},
	}
}

// exportDocument writes a patient's record as a document in a language.
func exportDocument(ctx context.Context, house *datadir.House, patient emergency.PatientID, lang string) ([]byte, error) {
	catalog, err := locale.Load(static.Locales())
	if err != nil {
		return nil, err
	}
	record, err := house.Service.ExportRecord(ctx, emergency.Caller{Operator: true}, patient)
	if err != nil {
		return nil, err
	}
	if lang == "" {
		lang = record.Lang
	}
	return carrier.Words{Catalog: catalog, Terms: house.Terms}.Document(lang, record, house.Service.Issuer(), time.Now())
}
