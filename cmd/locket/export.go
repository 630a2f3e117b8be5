package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
)

func exportCommand() command {
	return command{
		name: "export", synopsis: "--data DIR --patient ID [--out FILE]",
		summary: "write a patient's record as an International Patient Summary",
		about: `For patients whom this house looks after itself, made by locket issue (card.json names the patient). People who keep their own record
export it in the console. The export is an entry in the log.`,
		examples: []string{"locket export --data ./data --patient 0123456789abcdefABCDEF --out summary.json"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			patient := f.text("patient", "", "ID", "the patient")
			out := f.text("out", "", "FILE", "where to write, if not to standard output")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data), needed("patient", *patient)); err != nil {
					return err
				}
				house, err := datadir.Open(ctx, datadir.Options{Dir: *data, Keys: *keys})
				if err != nil {
					return noDirectory(err, *data)
				}
				bundle, err := house.Service.ExportIPS(ctx, emergency.Caller{Operator: true}, emergency.PatientID(*patient))
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
