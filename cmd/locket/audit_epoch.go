package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/storage"
)

func auditEpochCommand() command {
	return command{
		name: "audit epoch", synopsis: "--data DIR --reason TEXT [--high-water FILE] [--keys DIR]",
		summary: "begin the log anew, and say why",
		about: `For a log that must not go on under its name: its database was set back, its entries do not hold, a witness knows more of it, or somebody else may have
its key. The log ends as it is and goes on under another name, .../audit/log/2, with a new key. The first entry there says why, and what is known of the
end, signed by the key before. What was proved before stays proved, and the old log stays served. What the list beside the high-water mark says was erased, deleted
or revoked, and an older database has brought back, is gone again. Everybody who looks at the log reads the reason. No server may run meanwhile. There is no way back: first find out what happened, and keep a copy of the data directory as it is.`,
		examples: []string{`locket audit epoch --data /var/lib/locket --reason "the disk of 22 November was lost; restored from the backup of the 21st"`},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys, mark := dataFlag(f), keysFlag(f), highWaterFlag(f)
			reason := f.text("reason", "", "TEXT", "why, in one line that patients read")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data), needed("reason", *reason)); err != nil {
					return err
				}
				begun, err := datadir.NewEpoch(ctx, datadir.Options{Dir: *data, Keys: *keys, HighWater: *mark}, *reason)
				if errors.Is(err, datadir.ErrReason) {
					return usageError{"--reason is one line of at most 500 bytes"}
				}
				if errors.Is(err, storage.ErrLocked) {
					return &failure{"a server is running", err, "stop it, begin the epoch, start it again"}
				}
				if err != nil {
					return noDirectory(err, *data)
				}
				printBegun(env.stdout, begun)
				copyKeysAgain(env.stdout, *data, *keys)
				return nil
			}
		},
	}
}

// printBegun says what a new epoch of the log is, and what was lost.
func printBegun(w io.Writer, begun datadir.Begun) {
	said := begun.Statement
	fmt.Fprintf(w, "The log goes on as epoch %d, with the key\n%s\n", said.Epoch, said.VKey)
	switch {
	case begun.Lost < 0:
		fmt.Fprintln(w, "A whole epoch that was published is not here. The first entry of the new one says so.")
	case begun.Lost > 0:
		fmt.Fprintf(w, "%d entries that were published are not here. The first entry of the new epoch says so.\n", begun.Lost)
	}
	if begun.Aside != "" {
		fmt.Fprintf(w, "The high-water mark was not a checkpoint of this log. It is kept as %s.\n", begun.Aside)
	}
	fmt.Fprintln(w, "Tell the witnesses of the log its new name and key.")
	printAgain(w, begun.Again)
}

// printAgain says what an older database had brought back and is gone again.
func printAgain(w io.Writer, again emergency.Repeated) {
	if again.Listed+again.Unreadable == 0 {
		fmt.Fprintln(w, "No list of what was erased, deleted or revoked lies beside the high-water mark. What was done after the database was copied has to be done again.")
		return
	}
	fmt.Fprintf(w, "Gone again, by the list of %d beside the high-water mark: the words of %d entries, %d patients, %d accounts, %d cards.\n",
		again.Listed, again.Entries, again.Patients, again.Accounts, again.Cards)
	if again.Left > 0 {
		fmt.Fprintf(w, "%d entries on the list keep their words: somebody has yet to answer for them, or they are damaged. Later: locket audit erase --again --yes\n", again.Left)
	}
	if again.Unreadable > 0 {
		fmt.Fprintf(w, "%d lines of the list cannot be read: they are damaged, or the keys are older than they are.\n", again.Unreadable)
	}
}

// highWaterFlag is where the mark of the log is kept.
func highWaterFlag(f *flags) *string {
	return f.text("high-water", "", "FILE", "the log's newest checkpoint, kept on another volume; default as in keys init, or in the data directory")
}

// logAdvice is what to do about a log that does not hold what was published, nil when err is about something else.
func logAdvice(err error, data string) error {
	const look = "look at what happened first, and keep a copy of the data directory; then locket audit epoch --data %s --reason TEXT"
	switch {
	case errors.Is(err, audit.ErrRolledBack):
		return &failure{"the log holds less than was published: its database was set back", err, fmt.Sprintf(look, data)}
	case errors.Is(err, audit.ErrFork):
		return &failure{"the log is not what was published", err, "locket audit fsck --data " + data + " says what is damaged; " + fmt.Sprintf(look, data)}
	case errors.Is(err, audit.ErrMark):
		return &failure{"the high-water mark is not a checkpoint of this log", err, "name the right file with --high-water; if it is the right one: " + fmt.Sprintf(look, data)}
	case errors.Is(err, datadir.ErrLogKey):
		return &failure{"the key of the log is not the one that signs it", err, "put back the newest copy of the folder of the keys; if there is none: " + fmt.Sprintf(look, data)}
	default:
		return nil
	}
}
