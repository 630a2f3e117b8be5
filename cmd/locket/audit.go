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

func auditVerifyCommand() command {
	return command{
		name: "audit verify", synopsis: "--data DIR | --url URL --vkey KEY",
		summary: "check the whole log",
		about: `With --data it recomputes every commitment from its payload, every leaf, every hash of the tree, the chain of each patient and the signed
checkpoint of a data directory, beside a running server or without one. With --url it does the same for what a server publishes, as a
stranger would: it needs the log's verifier key (served at /audit/log/vkey; compare it with one from elsewhere). Exits 0 only when all holds, and says
which entry fails.`,
		examples: []string{"locket audit verify --data /var/lib/locket", "locket audit verify --url https://card.example.org --vkey card.example.org/audit/log+0ccd2e57+Add..."},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			url := f.text("url", "", "URL", "scheme and host of a server")
			vkey := f.text("vkey", "", "KEY", "the verifier key of its log")
			asJSON := f.toggle("json", "print the report as JSON")
			return func(ctx context.Context, env environment, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				progress := func(done, total int64) { fmt.Fprintf(env.stderr, "\r%d of %d entries", done, total) }
				var report audit.Report
				var err error
				switch {
				case *data != "" && *url == "":
					report, err = verifyDirectory(ctx, *data, *keys, progress)
				case *url != "" && *vkey != "" && *data == "":
					report, err = verifyServer(ctx, *url, *vkey, progress)
				default:
					return usageError{"either --data, or --url with --vkey"}
				}
				fmt.Fprint(env.stderr, "\r")
				return printAudit(env, *asJSON, report, err)
			}
		},
	}
}

func verifyDirectory(ctx context.Context, dir, keys string, progress func(done, total int64)) (audit.Report, error) {
	store, data, err := datadir.OpenReadOnly(ctx, dir, keys)
	if err != nil {
		return audit.Report{}, noDirectory(err, dir)
	}
	known, err := datadir.LogKeys(ctx, store, dir, keys)
	if err != nil {
		return audit.Report{}, errors.Join(noDirectory(err, dir), store.Close())
	}
	report, err := audit.VerifyStore(ctx, store, known, emergency.LogSealer(data), progress)
	return report, errors.Join(err, store.Close())
}

func verifyServer(ctx context.Context, url, vkey string, progress func(done, total int64)) (audit.Report, error) {
	verifier, err := audit.ParseVKey(vkey)
	if err != nil {
		return audit.Report{}, usageError{"--vkey is not a verifier key: NAME+HASH+KEY, as /audit/log/vkey gives it"}
	}
	return audit.VerifyRemote(ctx, publishedAt(url, verifier.Name()).fetch, verifier, progress)
}

func printAudit(env environment, asJSON bool, report audit.Report, err error) error {
	if asJSON {
		said := map[string]any{"ok": err == nil, "report": report}
		if err != nil {
			said["error"] = err.Error()
		}
		if encodeErr := json.NewEncoder(env.stdout).Encode(said); encodeErr != nil {
			return encodeErr
		}
		if err != nil {
			return errSilent
		}
		return nil
	}
	if err != nil {
		return &failure{"the log does not hold", err, ""}
	}
	fmt.Fprintf(env.stdout, "The log holds: %d entries, %d of them under the signed checkpoint, %d payloads opened, %d erased, %d pruned, %d chains followed.\n",
		report.Size, report.Published, report.Opened, report.Erased, report.Pruned, report.Subjects)
	return nil
}
