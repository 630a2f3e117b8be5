package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
)

func auditFsckCommand() command {
	return command{
		name: "audit fsck", synopsis: "--data DIR [--high-water FILE] [--json]",
		summary: "check everything that is kept of the log",
		about: `Does all that locket audit verify does, for every epoch, and more: it reads every page of the database and compares the tables with their indices, checks
every checkpoint ever published against the tree, the high-water mark, the cosignatures of witnesses and the keys, and goes on after something that
does not hold. It works beside a running server or without one, and changes nothing. Exits 0 when all holds and 1 when anything does not.`,
		examples: []string{"locket audit fsck --data /var/lib/locket", "locket audit fsck --data /var/lib/locket --high-water /mnt/other/high-water --json"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			mark := f.text("high-water", "", "FILE", "the log's newest checkpoint, kept on another volume; default as in keys init, or in the data directory")
			asJSON := f.toggle("json", "print the report as JSON")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data)); err != nil {
					return err
				}
				report, err := fsck(ctx, env, *data, *keys, *mark)
				if err != nil {
					return err
				}
				return printFsck(env, *asJSON, report)
			}
		},
	}
}

func fsck(ctx context.Context, env environment, dir, keys, mark string) (report audit.FsckReport, err error) {
	store, sealing, err := datadir.OpenReadOnly(ctx, dir, keys)
	if err != nil {
		return report, noDirectory(err, dir)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	known, err := datadir.LogKeys(ctx, store, dir, keys)
	if err != nil {
		return report, &failure{"the keys of the log cannot be read", err, "the folder of keys from its safe place with --keys"}
	}
	config := audit.FsckConfig{Archive: store, Keys: known, Opener: emergency.LogSealer(sealing)}
	if config.Mark, err = datadir.HighWater(dir, mark); err != nil {
		return report, err
	}
	config.Progress = func(part string, done, total int64) {
		if total == 0 {
			fmt.Fprintf(env.stderr, "\r%-40s", part)
			return
		}
		fmt.Fprintf(env.stderr, "\r%s: %d of %d", part, done, total)
	}
	report, err = audit.Fsck(ctx, config)
	fmt.Fprintf(env.stderr, "\r%-40s\r", "")
	return report, err
}

func printFsck(env environment, asJSON bool, report audit.FsckReport) error {
	type finding struct {
		Part    string `json:"part"`
		Problem string `json:"problem"`
	}
	found := make([]finding, 0, len(report.Findings))
	for _, each := range report.Findings {
		found = append(found, finding{each.Part, each.Err.Error()})
	}
	if asJSON {
		encoder := json.NewEncoder(env.stdout)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(map[string]any{"ok": len(found) == 0, "findings": found, "epochs": report.Epochs, "entries": report.Size,
			"published": report.Published, "opened": report.Opened, "erased": report.Erased, "pruned": report.Pruned, "chains": report.Subjects,
			"checkpoints": report.Checkpoints, "cosignatures": report.Cosignatures, "high_water": report.Marked}); err != nil {
			return err
		}
	} else {
		for _, each := range found {
			fmt.Fprintf(env.stdout, "%s: %s\n", each.Part, printable(each.Problem))
		}
		if len(found) == 0 {
			mark := "and the high-water mark"
			if !report.Marked {
				mark = "there is no high-water mark"
			}
			fmt.Fprintf(env.stdout, "All holds: %d epochs, %d entries (%d erased, %d pruned), %d chains, %d checkpoints, %d cosignatures, %s.\n",
				report.Epochs, report.Size, report.Erased, report.Pruned, report.Subjects, report.Checkpoints, report.Cosignatures, mark)
		}
	}
	if len(found) > 0 {
		return errSilent
	}
	return nil
}
