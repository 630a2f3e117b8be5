package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
)

func trustAddCommand() command {
	return command{
		name: "trust add", synopsis: "--data DIR --fingerprint KEY [--name NAME] [--in FILE] [--replace] URL",
		summary: "believe another issuer's cards",
		about: `Fetches the keys of another issuer and puts it on this house's signed trust list, so that readers who hold the list believe its cards, without a
network too. KEY is the fingerprint of one of its keys: get it from the issuer by another way than the network, such as a telephone call; they read it
from locket keys show --fingerprints. The key must sign for the host of URL. When the issuer publishes a trust list, that key must have signed it, and all
keys which the issuer names there are taken; else that key alone. --in reads the keys (a JWK Set) from a file instead, and takes that key alone.
For an issuer that is on the list already this brings its keys up to date, when one of those that you trusted before says so; a key that was withdrawn
stays withdrawn. When none does, somebody may be passing himself off as the issuer: ask them, and use --replace to trust the new keys in place of all before.`,
		examples: []string{"locket trust add --data /var/lib/locket --fingerprint uY3kP... --name 'Example Clinic' https://card.clinic.example"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			fingerprint := f.text("fingerprint", "", "KEY", "RFC 7638 thumbprint of one of its keys, 43 characters")
			name := f.text("name", "", "NAME", "what to call it; its host when empty")
			in := f.text("in", "", "FILE", "its keys as a JWK Set, instead of fetching them")
			anew := f.toggle("replace", "trust these keys in place of those before, though none of those says so")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(needed("data", *data), needed("fingerprint", *fingerprint)); err != nil {
					return err
				}
				if len(args) != 1 {
					return usageError{"one issuer is needed: scheme and host, such as https://card.clinic.example"}
				}
				found, err := findIssuer(ctx, args[0], *fingerprint, *in)
				if err != nil {
					return &failure{"the issuer was not added", err, "compare address and fingerprint with what the issuer tells you"}
				}
				return withHouse(ctx, *data, *keys, func(house *datadir.House) error {
					issuer, err := found.after(ctx, house.Service, *anew)
					if errors.Is(err, errNotFollowing) {
						return &failure{"the issuer was not added", err, "ask the issuer whether all its keys were changed; if they were, the same with --replace"}
					}
					if err != nil {
						return err
					}
					if *name != "" {
						issuer.Name = *name
					}
					if err := house.Service.TrustIssuer(ctx, emergency.Caller{Operator: true}, issuer); err != nil {
						return &failure{"the issuer was not added", err, ""}
					}
					fmt.Fprintf(env.stdout, "Cards of %s (%s) are believed now: %d of its keys are on the trust list.\n", issuer.Host, oneLine(issuer.Name), len(issuer.Keys))
					return nil
				})
			}
		},
	}
}

func trustListCommand() command {
	return command{
		name: "trust list", synopsis: "--data DIR",
		summary:  "list the issuers whose cards are believed",
		about:    "Lists this house and the issuers that trust add has added, each with its keys: fingerprint, and whether it is retired or withdrawn.",
		examples: []string{"locket trust list --data /var/lib/locket"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data)); err != nil {
					return err
				}
				return withHouse(ctx, *data, *keys, func(house *datadir.House) error {
					issuers, err := house.Service.Issuers(ctx)
					if err != nil {
						return err
					}
					for _, issuer := range issuers {
						fmt.Fprintf(env.stdout, "%s  %s\n", issuer.Host, oneLine(issuer.Name))
						if err := printKeys(env.stdout, issuer.Keys); err != nil {
							return err
						}
					}
					return nil
				})
			}
		},
	}
}

func trustRemoveCommand() command {
	return command{
		name: "trust remove", synopsis: "--data DIR HOST",
		summary:  "believe an issuer's cards no more",
		about:    "Takes an issuer off the trust list. Readers learn of it with their next list; what they hold until then believes it still, and shows its age.",
		examples: []string{"locket trust remove --data /var/lib/locket card.clinic.example"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			return func(ctx context.Context, env environment, args []string) error {
				if err := needed("data", *data); err != nil {
					return err
				}
				if len(args) != 1 {
					return usageError{"one issuer is needed: its host, as locket trust list prints it"}
				}
				return withHouse(ctx, *data, *keys, func(house *datadir.House) error {
					err := house.Service.RemoveIssuer(ctx, emergency.Caller{Operator: true}, args[0])
					if errors.Is(err, emergency.ErrNotFound) {
						return &failure{"there is no such issuer on the list", nil, "locket trust list --data " + *data}
					}
					if err != nil {
						return err
					}
					fmt.Fprintf(env.stdout, "Cards of %s are not believed any more.\n", args[0])
					return nil
				})
			}
		},
	}
}

// withHouse opens a house, beside a running server or without one, does something and closes it.
func withHouse(ctx context.Context, data, keys string, act func(*datadir.House) error) error {
	house, err := datadir.Open(ctx, datadir.Options{Dir: data, Keys: keys})
	if err != nil {
		return noDirectory(err, data)
	}
	return errors.Join(act(house), house.Close(context.WithoutCancel(ctx)))
}

// printKeys lists keys with what is to be said of them.
func printKeys(w io.Writer, keys []cards.Key) error {
	for i, key := range keys {
		id, err := fingerprintOf(key)
		if err != nil {
			return err
		}
		state := "next"
		switch {
		case !key.CompromisedSince.IsZero():
			state = "withdrawn, in other hands since " + key.CompromisedSince.Format(time.DateOnly)
		case !key.NotAfter.IsZero():
			state = "retired on " + key.NotAfter.Format(time.DateOnly)
		case i == 0:
			state = "signs"
		}
		fmt.Fprintf(w, "  %s  %s\n", id, state)
	}
	return nil
}
