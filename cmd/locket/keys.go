package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/datadir"
)

func keysInitCommand() command {
	return command{
		name: "keys init", synopsis: "--data DIR [--url URL] [--keys DIR]",
		summary: "make a data directory and its keys",
		about: `Makes an empty database and four keys: one signs cards, one signs the log, one opens records, one opens names and the
log's payloads. The keys are files that only you can read. They are not in the database and not in its backups: keep a copy
of them somewhere else, because without them nothing opens any more. Nothing that exists is overwritten.`,
		examples: []string{"locket keys init --data /var/lib/locket --url https://card.example.org"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data := dataFlag(f)
			keys := keysFlag(f)
			url := f.text("url", datadir.DefaultURL, "URL", "scheme and host of the house: cards point there and passkeys are bound to it, for good")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data)); err != nil {
					return err
				}
				if err := datadir.Init(ctx, *data, *keys, datadir.Settings{URL: *url}); err != nil {
					return &failure{"the data directory was not made", err, "another directory with --data, or start the server on this one: locket serve --data " + *data}
				}
				fmt.Fprintf(env.stdout, "Made %s for %s.\nCopy the folder %s to a safe place, apart from your backups.\nNext: locket serve --data %s\n",
					*data, *url, datadir.KeyDir(*data, *keys), *data)
				return nil
			}
		},
	}
}

func keysShowCommand() command {
	return command{
		name: "keys show", synopsis: "--data DIR [--keys DIR]",
		summary: "print the public keys of a data directory",
		about: `Prints what others need to check this house: the issuer's keys as a JWKS, for locket verify --trust, and the verifier key of the
log, for locket audit verify --vkey. Nothing of it is secret.`,
		examples: []string{"locket keys show --data /var/lib/locket > trust.json", "locket keys show --data /var/lib/locket --vkey"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data := dataFlag(f)
			keys := keysFlag(f)
			vkey := f.toggle("vkey", "print the verifier key of the log instead")
			return func(_ context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data)); err != nil {
					return err
				}
				public, err := datadir.ReadPublic(*data, *keys)
				if err != nil {
					return noDirectory(err, *data)
				}
				if *vkey {
					fmt.Fprintln(env.stdout, public.VKey)
					return nil
				}
				jwks, err := public.Issuers.MarshalJWKS()
				if err != nil {
					return err
				}
				fmt.Fprintf(env.stdout, "%s\n", jwks)
				return nil
			}
		},
	}
}

func dataFlag(f *flags) *string {
	return f.text("data", "", "DIR", "the data directory")
}

func keysFlag(f *flags) *string {
	return f.text("keys", "", "DIR", "where the keys are, if not in DIR/keys of the data directory")
}

// needed refuses a missing flag.
func needed(name, value string) error {
	if value == "" {
		return usageError{fmt.Sprintf("--%s is needed", name)}
	}
	return nil
}

// noDirectory adds the next step to the error of a data directory that cannot be opened.
func noDirectory(err error, dir string) error {
	switch {
	case errors.Is(err, datadir.ErrNoDirectory):
		return &failure{"there is no data directory", err, fmt.Sprintf("locket keys init --data %s --url https://YOUR.HOST, or locket demo to look around", dir)}
	case errors.Is(err, datadir.ErrNoKeys):
		return &failure{"the keys are missing", err, "copy the folder with the keys back, or name it with --keys; without them nothing opens"}
	case errors.Is(err, audit.ErrFork):
		return &failure{"the log is not a continuation of what was published", err, fmt.Sprintf("locket audit verify --data %s", dir)}
	default:
		return &failure{"the data directory could not be opened", err, ""}
	}
}
