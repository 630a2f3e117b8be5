package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/locket-health/locket/emergency/datadir"
)

func backupCommand() command {
	return command{
		name: "backup", synopsis: "--data DIR --out DIR",
		summary: "copy the database of a running server",
		about: `Writes a consistent copy of the database and the settings into a new folder, while the server goes on. The keys are not in it: a thief of
the backup opens nothing, and you cannot restore without the keys. Keep them apart, and keep them.`,
		examples: []string{"locket backup --data /var/lib/locket --out /mnt/backups/2026-11-22"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			out := f.text("out", "", "DIR", "a folder that does not exist yet")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data), needed("out", *out)); err != nil {
					return err
				}
				size, err := datadir.Backup(ctx, *data, *keys, *out, func(done, total int) {
					fmt.Fprintf(env.stderr, "\r%d of %d pages", done, total)
				})
				if err != nil {
					return &failure{"the backup was not made", err, "a folder that does not exist yet, on a disk with room for the database"}
				}
				fmt.Fprintf(env.stderr, "\n")
				fmt.Fprintf(env.stdout, "Wrote %s: %d log entries. The keys are not in it.\n", *out, size)
				return nil
			}
		},
	}
}

func restoreCommand() command {
	return command{
		name: "restore", synopsis: "--in DIR --data DIR --keys DIR [--high-water FILE]",
		summary: "make a data directory from a backup and the keys",
		about: `Copies a backup into a data directory that does not exist yet, with the keys from --keys, and checks the whole log with them. The log goes on as a
new epoch, with a key of its own, whose first entry says what is known to be lost: name the high-water mark, where it is kept elsewhere, with
--high-water. What happened after the backup is lost, but for two things. What was erased, deleted or revoked since is on the list beside that mark
(FILE.gone) and is done again; without the list you have to do it. Which keys were retired or withdrawn since lies with the keys. Copy the keys again
afterwards.`,
		examples: []string{"locket restore --in /mnt/backups/2026-11-22 --keys /mnt/safe/keys --data /var/lib/locket"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			in := f.text("in", "", "DIR", "the folder of a backup")
			data := f.text("data", "", "DIR", "a data directory that does not exist yet")
			keys := f.text("keys", "", "DIR", "the newest copy of the folder of the keys; they are copied into the data directory")
			mark := highWaterFlag(f)
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("in", *in), needed("data", *data), needed("keys", *keys)); err != nil {
					return err
				}
				done, err := datadir.Restore(ctx, *in, *keys, datadir.Options{Dir: *data, HighWater: *mark})
				if err != nil {
					return &failure{"the backup was not restored", err, "the keys that the backup was made with, and a data directory that does not exist yet"}
				}
				fmt.Fprintf(env.stdout, "Restored %s: %d log entries, all of them checked.\n", *data, done.Entries)
				printBegun(env.stdout, done.Begun)
				copyKeysAgain(env.stdout, *data, "")
				fmt.Fprintf(env.stdout, "Next: locket serve --data %s\n", *data)
				return nil
			}
		},
	}
}
