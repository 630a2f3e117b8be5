package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/passkey"
	"github.com/locket-health/locket/emergency/storage"
)

func keysInitCommand() command {
	return command{
		name: "keys init", synopsis: "--data DIR [--url URL] [--keys DIR] [--high-water FILE]",
		summary: "make a data directory and its keys",
		about: `Makes an empty database and four keys: one signs cards, one signs the log, one opens records, one opens names and the
log's payloads. The keys are files that only you can read. They are not in the database and not in its backups: keep a copy
of them somewhere else, because without them nothing opens any more. Nothing that exists is overwritten. With --high-water the newest checkpoint of the log is kept in a file elsewhere,
best on another disk: a database that was set back is then noticed, whoever set it back.`,
		examples: []string{"locket keys init --data /var/lib/locket --url https://card.example.org"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data := dataFlag(f)
			keys := keysFlag(f)
			url := f.text("url", datadir.DefaultURL, "URL", "scheme and host of the house: cards point there and passkeys are bound to it, for good")
			mark := f.text("high-water", "", "FILE", "where the log's newest checkpoint is kept, for good; in the data directory if empty")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data)); err != nil {
					return err
				}
				settings := datadir.Settings{URL: *url, HighWater: *mark}
				if *mark != "" {
					var err error
					if settings.HighWater, err = filepath.Abs(*mark); err != nil {
						return err
					}
				}
				if err := datadir.Init(ctx, *data, *keys, settings); err != nil {
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
		name: "keys show", synopsis: "--data DIR [--keys DIR] [--vkey | --fingerprints]",
		summary: "print the public keys of a data directory",
		about: `Prints what others need to check this house: the issuer's keys as a JWKS, for locket verify --trust, and the verifier key of the
log, for locket audit verify --vkey. --fingerprints prints the issuer's keys in a form that can be read out to the operator of another house
(locket trust add), and which of them signs. Nothing of it is secret.`,
		examples: []string{"locket keys show --data /var/lib/locket > trust.json", "locket keys show --data /var/lib/locket --vkey"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			vkey := f.toggle("vkey", "print the verifier key of the log instead")
			fingerprints := f.toggle("fingerprints", "print the fingerprints of the issuer's keys instead")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data)); err != nil {
					return err
				}
				if *vkey && *fingerprints {
					return usageError{"either --vkey or --fingerprints"}
				}
				if *vkey {
					text, err := datadir.VKey(*data, *keys)
					if err != nil {
						return noDirectory(err, *data)
					}
					fmt.Fprintln(env.stdout, text)
					return nil
				}
				own, err := datadir.OwnKeys(ctx, *data, *keys)
				if err != nil {
					return noDirectory(err, *data)
				}
				if *fingerprints {
					return printKeys(env.stdout, own)
				}
				set, err := cards.NewKeySet(own...)
				if err != nil {
					return err
				}
				jwks, err := set.MarshalJWKS()
				if err != nil {
					return err
				}
				fmt.Fprintf(env.stdout, "%s\n", jwks)
				return nil
			}
		},
	}
}

func keysRotateCommand() command {
	return command{
		name: "keys rotate", synopsis: "--data DIR [--keys DIR] [--now]",
		summary: "change the key that signs cards, in two steps",
		about: `The first time it makes the next key and publishes it, so that readers know it before it signs. The second time, thirty days later, it lets that
key sign and retires the present one, whose cards go on verifying. With --now both are done at once: readers without a network then do not know
the new key until their next list. The server must be stopped for the second step. Copy the folder of the keys anew after each: issuer-keys.json
in it says which keys are retired or withdrawn, so that a house that is restored from an older backup knows it too.`,
		examples: []string{"locket keys rotate --data /var/lib/locket"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			atOnce := f.toggle("now", "let the next key sign at once")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data)); err != nil {
					return err
				}
				done, err := datadir.Rotate(ctx, *data, *keys, rand.Reader, time.Now, *atOnce)
				if err != nil {
					return notRotated(err, *data)
				}
				id, err := fingerprintOf(done.Next)
				if err != nil {
					return err
				}
				if !done.Signing {
					fmt.Fprintf(env.stdout, "Made the next key, %s. It is published now and may sign from %s on.\nThen: stop the server, and locket keys rotate --data %s again.\n",
						id, done.From.Format(time.DateOnly), *data)
				} else {
					fmt.Fprintf(env.stdout, "The key %s signs now.\n", id)
				}
				copyKeysAgain(env.stdout, *data, *keys)
				return nil
			}
		},
	}
}

func keysWithdrawCommand() command {
	return command{
		name: "keys withdraw", synopsis: "--data DIR --key KEY [--since DATE] [--keys DIR]",
		summary: "say that somebody else may have a key",
		about: `No card that the key has signed verifies any more, whatever its date, wherever a reader has the list from now on: they say why, and show the card all
the same. When it is the key that signs, another takes its place at once; the server must be stopped for that. When it is the next key, it never signs.
All cards of the key have to be issued anew. There is no way back.`,
		examples: []string{"locket keys withdraw --data /var/lib/locket --key uY3kP... --since 2026-11-20"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			key := f.text("key", "", "KEY", "fingerprint of the key, as locket keys show --fingerprints prints it")
			since := f.text("since", "", "DATE", "since when somebody else may have it, as 2026-11-20; today when empty")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data), needed("key", *key)); err != nil {
					return err
				}
				from := time.Now()
				if *since != "" {
					var err error
					if from, err = time.Parse(time.DateOnly, *since); err != nil {
						return usageError{"--since is a date such as 2026-11-20"}
					}
				}
				own, err := datadir.Withdraw(ctx, *data, *keys, *key, from, rand.Reader, time.Now)
				if err != nil {
					return notRotated(err, *data)
				}
				fmt.Fprintln(env.stdout, "The key is withdrawn. The keys of this house:")
				if err := printKeys(env.stdout, own); err != nil {
					return err
				}
				copyKeysAgain(env.stdout, *data, *keys)
				return nil
			}
		},
	}
}

func keysRotateLogCommand() command {
	return command{
		name: "keys rotate-log", synopsis: "--data DIR [--finish] [--high-water FILE] [--keys DIR]",
		summary: "change the key that signs the log",
		about: `In two steps. The first makes the next key: from then on both keys sign the log, and the next one is in the log and served at /audit/log/vkeys. Leave it so
until the devices of your patients and the witnesses have seen it: months rather than days. The second, with --finish, retires the present key. No server may run
during either. When somebody else may have the key, this is not the way: locket audit epoch.`,
		examples: []string{"locket keys rotate-log --data /var/lib/locket", "locket keys rotate-log --data /var/lib/locket --finish"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys, mark := dataFlag(f), keysFlag(f), highWaterFlag(f)
			finish := f.toggle("finish", "let the next key sign alone")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data)); err != nil {
					return err
				}
				o := datadir.Options{Dir: *data, Keys: *keys, HighWater: *mark}
				change, said := datadir.RotateLog, "Made the next key of the log. Both sign from now on:\n%s\nGive it to the witnesses. Later: locket keys rotate-log --finish\n"
				if *finish {
					change, said = datadir.FinishRotateLog, "The log is signed by this key alone now:\n%s\n"
				}
				vkey, err := change(ctx, o)
				if err != nil {
					return notRotated(err, *data)
				}
				fmt.Fprintf(env.stdout, said, vkey)
				copyKeysAgain(env.stdout, *data, *keys)
				return nil
			}
		},
	}
}

// copyKeysAgain says that the copies of the keys are too old now.
func copyKeysAgain(w io.Writer, data, keys string) {
	fmt.Fprintf(w, "Copy the folder %s to a safe place again.\n", datadir.KeyDir(data, keys))
}

// notRotated adds the next step to the error of a key that was not changed.
func notRotated(err error, data string) error {
	switch {
	case errors.Is(err, storage.ErrLocked):
		return &failure{"a server is running", err, "stop it, change the key, start it again"}
	case errors.Is(err, datadir.ErrTooSoon):
		return &failure{"the key was not changed", err, "wait, or use --now if readers without a network may say 'unknown issuer' until their next list"}
	case errors.Is(err, datadir.ErrEnded):
		return &failure{"the key was not changed", err, "remove that file, then the same again; where it comes from an old copy, make that copy anew"}
	case errors.Is(err, datadir.ErrNoRotation):
		return &failure{"the key was not changed", err, "locket keys rotate-log --data " + data + " without --finish makes the next one"}
	case errors.Is(err, datadir.ErrRotating):
		return &failure{"the key was not changed", err, "locket keys rotate-log --finish --data " + data + " when it has been seen for long enough"}
	case errors.Is(err, datadir.ErrSince):
		return usageError{"--since is a date from 1970 on"}
	case errors.Is(err, datadir.ErrNoSuchKey):
		return &failure{"the key was not withdrawn", err, "locket keys show --fingerprints --data " + data}
	default:
		return noDirectory(err, data)
	}
}

// fingerprintOf is the thumbprint of a key (RFC 7638) in base64url, 43 characters: long enough that nobody makes another key with it.
func fingerprintOf(key cards.Key) (string, error) {
	thumbprint, err := cards.Thumbprint(key.Public)
	return base64.RawURLEncoding.EncodeToString(thumbprint[:]), err
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
	if advised := logAdvice(err, dir); advised != nil {
		return advised
	}
	switch {
	case errors.Is(err, datadir.ErrNoDirectory):
		return &failure{"there is no data directory", err, fmt.Sprintf("locket keys init --data %s --url https://YOUR.HOST, or locket demo to look around", dir)}
	case errors.Is(err, datadir.ErrNoKeys):
		return &failure{"the keys are missing", err, "copy the folder with the keys back, or name it with --keys; without them nothing opens"}
	case errors.Is(err, datadir.ErrRetired):
		return &failure{"no card that is signed now would verify", err, "locket keys rotate --now --data " + dir}
	case errors.Is(err, passkey.ErrMetadata):
		return &failure{"the list of security keys was not taken", err, metadataAdvice}
	default:
		return &failure{"the data directory could not be opened", err, ""}
	}
}
