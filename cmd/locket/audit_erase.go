package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
)

func auditEraseCommand() command {
	return command{
		name: "audit erase", synopsis: "--data DIR (--subject ID --ground WORD | --ground WORD INDEX... | --again) [--reference TEXT] --yes",
		summary: "erase what entries of the log say",
		about: `Takes the words of entries away, for good: payload and salt go, and with them the only way to say what the commitment stood for. The tree, the proofs
and the signed checkpoints hold as before. For each entry another one says that it was erased, when and on which ground, and people read that among who
looked at them. What stays of an erased entry: place, number, pseudonym, kind, time. Kept are entries about the log itself, about what operators and
officers read and answered, and openings that still run or that somebody has yet to answer for. Backups made before hold the words until you delete them too. What was erased, deleted or revoked is listed
beside the high-water mark; --again does all on that list again that an older database has brought back.`,
		examples: []string{"locket audit erase --data /var/lib/locket --subject 0123456789abcdefABCDEF --ground request --reference 'letter 2026-117' --yes", "locket audit erase --data /var/lib/locket --ground mistake --yes 1712 1713"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			subject := f.text("subject", "", "ID", "patient or account: all entries about them")
			epoch := f.number("epoch", 1, "N", "the epoch of the named entries")
			ground := f.text("ground", "", "WORD", "request (the person asks for it), mistake (it should not have been written) or order (of a court or an authority)")
			reference := f.text("reference", "", "TEXT", "number of a letter or a case, at most 100 bytes; no name, it stays in the log")
			again := f.toggle("again", "what the list beside the high-water mark names, and is here again")
			yes := f.toggle("yes", "needed, because nothing brings the words back")
			return func(ctx context.Context, env environment, args []string) error {
				if err := needed("data", *data); err != nil {
					return err
				}
				if *again && (*subject != "" || *ground != "" || *reference != "" || len(args) > 0) {
					return usageError{"--again names what is to be erased: nothing else does"}
				}
				if !*again && (*subject == "") == (len(args) == 0) {
					return usageError{"either --subject, or the index of one or more entries"}
				}
				if err := needed("ground", *ground); err != nil && !*again {
					return err
				}
				if !*yes {
					return usageError{"--yes is needed, because nothing brings the words back"}
				}
				if *again {
					return eraseAgain(ctx, env, *data, *keys)
				}
				asked := emergency.Erasure{Subject: *subject, Ground: audit.Ground(*ground), Reference: *reference}
				for _, arg := range args {
					index, ok := parseIndex(arg)
					if !ok {
						return usageError{fmt.Sprintf("%q is not the index of an entry", arg)}
					}
					asked.Entries = append(asked.Entries, emergency.EntryPlace{Epoch: *epoch, Index: index})
				}
				return erase(ctx, env, *data, *keys, asked)
			}
		},
	}
}

func erase(ctx context.Context, env environment, dir, keys string, asked emergency.Erasure) error {
	house, err := datadir.Open(ctx, datadir.Options{Dir: dir, Keys: keys})
	if err != nil {
		return noDirectory(err, dir)
	}
	done, err := house.Service.EraseEntries(ctx, emergency.Caller{Operator: true}, asked)
	if done.Erased > 0 || err == nil {
		fmt.Fprintf(env.stdout, "Erased the words of %d entries, kept those of %d. A backup made before still holds them until you delete that too.\n", done.Erased, done.Kept)
	}
	if done.Unlisted {
		fmt.Fprintln(env.stderr, "The list of what is gone could not be written beside the high-water mark: a backup made before, when it is restored, brings these words back.")
	}
	if done.Pending {
		fmt.Fprintln(env.stderr, "A file of the database was in use, as by a backup, and still holds the words: run the same command again when that has ended.")
	}
	var invalid *emergency.Error
	var damage *audit.VerifyError
	switch {
	case errors.Is(err, emergency.ErrNotFound):
		err = &failure{"there is no such entry", nil, "locket audit verify says how many entries there are; an id has 22 characters"}
	case errors.Is(err, emergency.ErrConflict):
		err = &failure{"nothing was erased", err, "name only entries that have words"}
	case errors.Is(err, emergency.ErrUnlisted):
		err = &failure{"nothing was erased: the list of what is gone cannot be written", err, "look at the folder of the high-water mark"}
	case errors.As(err, &invalid) && invalid.Code == emergency.ErrInvalid.Code:
		err = usageError{fmt.Sprintf("--%v is not understood", invalid.Args["field"])}
	case errors.As(err, &damage):
		err = &failure{"a damaged entry is evidence and is not erased", err, "locket audit fsck --data " + dir}
	}
	return errors.Join(err, house.Close(context.WithoutCancel(ctx)))
}

// eraseAgain erases, deletes and revokes again what an older database has brought back.
func eraseAgain(ctx context.Context, env environment, dir, keys string) error {
	house, err := datadir.Open(ctx, datadir.Options{Dir: dir, Keys: keys})
	if err != nil {
		return noDirectory(err, dir)
	}
	again, err := house.Service.Repeat(ctx, emergency.Caller{Operator: true}, true)
	if err == nil {
		printAgain(env.stdout, again)
	}
	return errors.Join(err, house.Close(context.WithoutCancel(ctx)))
}

// parseIndex reads the index of an entry: digits without a leading zero.
func parseIndex(text string) (int64, bool) {
	index, err := strconv.ParseInt(text, 10, 64)
	return index, err == nil && index >= 0 && strconv.FormatInt(index, 10) == text
}

// firstLine is the first line of a file, without the end of it.
func firstLine(content []byte) string {
	line, _, _ := strings.Cut(string(content), "\n")
	return strings.TrimSuffix(line, "\r")
}
