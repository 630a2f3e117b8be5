package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
)

func auditExportCommand() command {
	return command{
		name: "audit export", synopsis: "--data DIR --out FILE [--patient ID] [--since DAY] [--until DAY]",
		summary: "write the log as FHIR AuditEvents, as a table of disclosures, and with its proofs",
		about: `Writes a zip with what the log says, exactly as it stands there, as AuditEvents (FHIR R4, IHE BALP) in NDJSON and as a Bundle, an accounting of
disclosures as CSV, the proofs, the checkpoints and the keys, and a README that says how to check them. It holds who opened what, and why: keep it like
a medical record. It works beside a running server. The export is an entry in the log, with --patient in that of the patient, before the first byte.`,
		examples: []string{"locket audit export --data /var/lib/locket --since 2026-11-01 --until 2026-11-30 --out november.zip",
			"locket audit export --data /var/lib/locket --patient 0123456789abcdefABCDEF --out patient.zip"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			out := f.text("out", "", "FILE", "where to write; it must not exist")
			patient := f.text("patient", "", "ID", "the entries about one patient, instead of all")
			since := f.text("since", "", "DAY", "the first day, such as 2026-11-01, in UTC")
			until := f.text("until", "", "DAY", "the last day")
			return func(ctx context.Context, env environment, args []string) error {
				from, badSince := dayOf("since", *since, 0)
				to, badUntil := dayOf("until", *until, 1)
				if err := errors.Join(noArguments(args), needed("data", *data), needed("out", *out), badSince, badUntil); err != nil {
					return err
				}
				query := emergency.LogQuery{Patient: emergency.PatientID(*patient), Since: from, Until: to}
				house, err := datadir.Open(ctx, datadir.Options{Dir: *data, Keys: *keys})
				if err != nil {
					return noDirectory(err, *data)
				}
				size, err := writeWhole(*out, func(w io.Writer) error {
					return house.Service.ExportHouse(ctx, emergency.Caller{Operator: true}, query, w)
				})
				if err := errors.Join(err, house.Close(context.WithoutCancel(ctx))); err != nil {
					return &failure{"the log was not exported", err, "the patient is named in card.json and on the pages of the privacy officer; the file must not exist yet"}
				}
				fmt.Fprintf(env.stdout, "Wrote %s, %d bytes.\n", *out, size)
				return nil
			}
		},
	}
}

// dayOf reads a day and returns the beginning of the one that comes days later; the zero time for none.
func dayOf(name, text string, days int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, usageError{"--" + name + " is not a day such as 2026-11-22"}
	}
	return day.AddDate(0, 0, days), nil
}

// writeWhole writes a new file for its owner alone, and returns its size. A part of it never stays.
func writeWhole(path string, write func(io.Writer) error) (size int64, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	err = write(file)
	if err == nil {
		size, err = file.Seek(0, io.SeekCurrent)
	}
	return size, errors.Join(err, file.Sync(), file.Close())
}
