package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"text/tabwriter"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/storage"
	"github.com/locket-health/locket/emergency/witness"
)

func auditWitnessCommand() command {
	return command{
		name: "audit witness", synopsis: "--data DIR [--witnesses FILE --once | --resume]",
		summary: "show who has cosigned the log, and when",
		about: `Shows what each witness has said last: when it cosigned, how many entries it has seen, and whether it contradicts the log. With --once it asks
the witnesses of the file now, beside a running server or without one. A witness that knows more entries than there are, or other ones, stops the log:
nothing more is published, while openings go on. The log was then most likely set back, as by a restored backup: open a new epoch with locket audit
epoch. If the witness is wrong, --resume takes all alarms back, with the server stopped, and writes down that you did. Exits 0 when no alarm stands.`,
		examples: []string{"locket audit witness --data /var/lib/locket", "locket audit witness --data /var/lib/locket --witnesses /etc/locket/witnesses --once"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys, file := dataFlag(f), keysFlag(f), witnessesFlag(f)
			once := f.toggle("once", "ask the witnesses now")
			resume := f.toggle("resume", "take back every alarm, and let the log be published again")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data)); err != nil {
					return err
				}
				list, err := readWitnesses(*file)
				switch {
				case err != nil:
					return err
				case *once && *resume:
					return usageError{"either --once or --resume"}
				case *once && len(list) == 0:
					return usageError{"--once needs the witnesses: --witnesses FILE"}
				case *once:
					return askWitnesses(ctx, env, *data, *keys, list)
				case *resume:
					return resumeLog(ctx, env, *data, *keys)
				default:
					return showWitnesses(ctx, env, *data, *keys)
				}
			}
		},
	}
}

func witnessesFlag(f *flags) *string {
	return f.text("witnesses", "", "FILE", "who is asked to cosign the log: a line for each, with verifier key and address")
}

// maxWitnessFile bounds what is read of a list of witnesses.
const maxWitnessFile = 64<<10 + 1

// readWitnesses reads the list of witnesses; none without a file.
func readWitnesses(path string) ([]witness.Witness, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		if inner := new(fs.PathError); errors.As(err, &inner) {
			err = inner.Err
		}
		return nil, &failure{"the list of witnesses cannot be read", err, "name a file with --witnesses, a line for each witness: VKEY URL"}
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxWitnessFile))
	if err != nil {
		return nil, err
	}
	list, err := witness.ParseList(text)
	if err != nil {
		return nil, &failure{"the witnesses were not taken", err, "a line for each witness: VKEY URL; the witness's operator knows both"}
	}
	return list, nil
}

func showWitnesses(ctx context.Context, env environment, dir, keys string) (err error) {
	store, _, err := datadir.OpenReadOnly(ctx, dir, keys)
	if err != nil {
		return noDirectory(err, dir)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	state, err := store.LogState(ctx)
	if err != nil {
		return err
	}
	all, err := store.Testimonies(ctx, state.Epoch)
	if err != nil {
		return err
	}
	alarmed, witnesses := false, 0
	table := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WHO\tLAST SIGNED\tENTRIES\tLAST ASKED\tALARM")
	for _, said := range all {
		name := said.Name()
		if said.Witness == audit.SelfCheck {
			name = "the log's own check"
		} else {
			witnesses++
		}
		alarmed = alarmed || said.Alarm != ""
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\n", name, momentOf(said.SignedAt), said.Size, momentOf(said.AskedAt), orNone(string(said.Alarm)))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if witnesses == 0 {
		fmt.Fprintln(env.stdout, "No witness was ever asked about this epoch of the log: name some with locket serve --witnesses FILE.")
	}
	if alarmed {
		return errSilent
	}
	return nil
}

func momentOf(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return at.UTC().Format(time.RFC3339)
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func askWitnesses(ctx context.Context, env environment, dir, keys string, list []witness.Witness) error {
	house, err := datadir.Open(ctx, datadir.Options{Dir: dir, Keys: keys})
	if err != nil {
		return noDirectory(err, dir)
	}
	failed := false
	for _, outcome := range witness.New(witness.Config{Log: house.Log, Store: house.Store, Witnesses: list}).Ask(ctx) {
		if outcome.Err != nil {
			failed = true
			fmt.Fprintf(env.stdout, "%s: %s\n", outcome.Witness.Name(), outcome.Err)
			continue
		}
		fmt.Fprintf(env.stdout, "%s: cosigned %d entries at %s\n", outcome.Witness.Name(), outcome.Cosignature.Size, momentOf(outcome.Cosignature.At))
	}
	if err := house.Close(context.WithoutCancel(ctx)); err != nil && !errors.Is(err, audit.ErrAlarm) {
		return err
	}
	if failed {
		return errSilent
	}
	return nil
}

func resumeLog(ctx context.Context, env environment, dir, keys string) error {
	unlock, err := datadir.Lock(dir)
	if errors.Is(err, storage.ErrLocked) {
		return &failure{"a server is running", err, "stop it, take the alarms back, start it again"}
	}
	if err != nil {
		return noDirectory(err, dir)
	}
	defer unlock()
	house, err := datadir.Open(ctx, datadir.Options{Dir: dir, Keys: keys})
	if err != nil {
		return noDirectory(err, dir)
	}
	event := audit.Event{Type: audit.LogAlarm, At: time.Now().UTC().Truncate(time.Millisecond), Actor: audit.Actor{Kind: audit.ByOperator},
		Outcome: audit.Done, Details: map[string]string{"cause": "resumed"}}
	taken, err := witness.Resume(ctx, house.Store, event)
	if err := errors.Join(err, house.Close(context.WithoutCancel(ctx))); err != nil {
		return &failure{"the alarms were not all taken back", err, "the same again"}
	}
	if len(taken) == 0 {
		fmt.Fprintln(env.stdout, "There is no alarm to take back.")
	}
	for _, said := range taken {
		fmt.Fprintf(env.stdout, "Taken back: %s, by %s. The log is published again.\n", said.Alarm, orNone(said.Name()))
	}
	return nil
}
