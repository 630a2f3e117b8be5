package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
)

func auditPruneCommand() command {
	return command{
		name: "audit prune", synopsis: "--data DIR (--below ROW | --before DATE) --yes",
		summary: "take rows of erased entries out of the log",
		about: `Raises the minimum index of the log, published under /audit/log/policy, and deletes the rows of erased entries below it: pseudonym, kind and time. Rows that
still say something stay, and so do all hashes: tiles, proofs, receipts and checkpoints hold as before, and later entries go on saying which ones were
erased. Entry bundles below the minimum are no longer served. It goes by whole bundles of 256 entries, and no further than what is published. --below counts
the entries of all epochs.`,
		examples: []string{"locket audit prune --data /var/lib/locket --before 2024-01-01 --yes", "locket audit prune --data /var/lib/locket --below 100000 --yes"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			below := f.text("below", "", "ROW", "the first row that is not touched")
			before := f.text("before", "", "DATE", "the first day that is not touched, as 2026-11-22, in UTC")
			yes := f.toggle("yes", "needed, because nothing brings the rows back")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data)); err != nil {
					return err
				}
				if (*below == "") == (*before == "") {
					return usageError{"either --below or --before"}
				}
				if !*yes {
					return usageError{"--yes is needed, because nothing brings the rows back"}
				}
				var row int64
				var day time.Time
				var err error
				if *below != "" {
					var ok bool
					if row, ok = parseIndex(*below); !ok {
						return usageError{"--below is not a number of entries"}
					}
				} else if day, err = time.Parse(time.DateOnly, *before); err != nil {
					return usageError{"--before is not a day such as 2026-11-22"}
				}
				return prune(ctx, env, *data, *keys, row, day)
			}
		},
	}
}

func prune(ctx context.Context, env environment, dir, keys string, below int64, before time.Time) error {
	house, err := datadir.Open(ctx, datadir.Options{Dir: dir, Keys: keys})
	if err != nil {
		return noDirectory(err, dir)
	}
	pruned, err := house.Service.PruneLog(ctx, emergency.Caller{Operator: true}, below, before)
	switch {
	case errors.Is(err, emergency.ErrConflict):
		err = &failure{"nothing was pruned: the minimum index is higher already, or there is no whole bundle of 256 published entries below", nil, "a later --before or a higher --below"}
	case err == nil:
		fmt.Fprintf(env.stdout, "Took %d rows out. The log serves entries from %d of epoch %d on.\n", pruned.Rows, pruned.Index, pruned.Epoch)
	}
	return errors.Join(err, house.Close(context.WithoutCancel(ctx)))
}
