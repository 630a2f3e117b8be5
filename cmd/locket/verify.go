package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/carrier"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/emergency/terms"
	"github.com/locket-health/locket/emergency/verify"
	"github.com/locket-health/locket/static"
)

func verifyCommand() command {
	return command{
		name: "verify", synopsis: "[--trust FILE [--list FILE] [--revocations FILE --entries FILE] | --data DIR] [--text [--lang LANG]] THING",
		summary: "check a card without any server",
		about: `Reads what somebody holds of a card, checks it and prints what it says: an address, a picture of the code (PNG, JPEG), the content of a tag (NDEF
message, Type 2 memory, Type 4 file), a SMART Health Card or Link (shc:/, shlink:/, .smart-health-card), a vCard, the badge of a responder, or a
file or standard input with one of them. --trust is a file with the keys of the issuers you trust (locket keys show makes one); --list and --revocations are signed lists that a
server publishes. With --data instead the house's own keys are trusted, its revocations are known, and short addresses lead to their cards: looking
one up is an entry in the log, as when anybody types it; checking what is at hand is none.
Status is verified, expired, not_yet_valid, revoked, unknown_issuer, tampered, unreadable, unsigned (nobody signs the contact of a no-signal code) or
elsewhere (a short address: the card is kept by its issuer). Exits 0 only for verified.`,
		examples: []string{
			"locket verify --trust trust.json card.png",
			"locket verify --trust trust.json --text --lang ja 'https://card.example.org/c/...#...'",
			"zbarimg -q --raw card.png | locket verify --trust trust.json -",
		},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			var o verifyOptions
			o.trust = f.text("trust", "", "FILE", "issuers' keys, as a JWKS")
			o.list = f.text("list", "", "FILE", "signed trust list, from /v1/trust-list")
			o.revocations = f.text("revocations", "", "FILE", "signed revocation list, from /v1/revocations")
			o.entries = f.text("entries", "", "FILE", "its entries, from /v1/revocations/entries")
			o.health = f.text("health-revocations", "", "FILE", "revoked SMART Health Cards, from /.well-known/crl/KID.json")
			o.data, o.keys = dataFlag(f), keysFlag(f)
			o.text = f.toggle("text", "print for people, not as JSON")
			o.lang = f.text("lang", defaultLang, "LANG", "language of the printed words")
			return func(ctx context.Context, env environment, args []string) error {
				if len(args) != 1 {
					return usageError{"one card is needed: an address, a picture, the content of a tag, a file, or - for standard input"}
				}
				if err := o.settle(f.getenv); err != nil {
					return err
				}
				return verifyThing(ctx, env, o, args[0])
			}
		},
	}
}

// defaultLang is the language of --text when nobody has said another.
const defaultLang = "en"

type verifyOptions struct {
	trust, list, revocations, entries, health, data, keys, lang *string
	text                                                        *bool
}

// settle refuses flags of which one would be passed over in silence. What only the environment says, for all commands alike, gives way to the command line.
func (o verifyOptions) settle(getenv func(string) string) error {
	files := *o.trust != "" || *o.list != "" || *o.revocations != "" || *o.entries != "" || *o.health != ""
	if files && *o.data == getenv(variable("data")) {
		*o.data = ""
	}
	if *o.data == "" && *o.keys == getenv(variable("keys")) {
		*o.keys = ""
	}
	switch {
	case (*o.revocations == "") != (*o.entries == ""):
		return usageError{"--revocations and --entries belong together"}
	case files && *o.data != "":
		return usageError{"either --data, which knows the house's own keys and lists, or files with keys and lists"}
	case *o.keys != "" && *o.data == "":
		return usageError{"--keys belongs to --data"}
	case !*o.text && *o.lang != defaultLang && *o.lang != getenv(variable("lang")):
		return usageError{"--lang belongs to --text"}
	}
	return nil
}

func verifyThing(ctx context.Context, env environment, o verifyOptions, thing string) error {
	verifier, lists, closing, err := verifyWith(ctx, o)
	if err != nil {
		return err
	}
	result := verifier.CheckNamed(thing, env.stdin, time.Now())
	if err := closing(); err != nil {
		return err
	}
	if lists != (verify.Lists{}) {
		result.Lists = &lists
	}
	if *o.text {
		catalog, err := locale.Load(static.Locales())
		if err != nil {
			return err
		}
		catalogue, err := terms.Load()
		if err != nil {
			return err
		}
		fmt.Fprint(env.stdout, carrier.Words{Catalog: catalog, Terms: catalogue}.Text(*o.lang, result))
	} else {
		encoder := json.NewEncoder(env.stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(result); err != nil {
			return err
		}
	}
	if result.Status != cards.StatusVerified {
		return errSilent
	}
	return nil
}

// verifyWith assembles the keys and revocations that a card is checked against. The function that it returns is called after the check.
func verifyWith(ctx context.Context, o verifyOptions) (verify.Verifier, verify.Lists, func() error, error) {
	nothing := func() error { return nil }
	if *o.data == "" { // without keys nobody is trusted: a sound card is of an unknown issuer
		files, err := verify.ReadFiles(verify.Names{Keys: *o.trust, TrustList: *o.list, Head: *o.revocations, Entries: *o.entries, HealthList: *o.health})
		if err != nil {
			return verify.Verifier{}, verify.Lists{}, nothing, &failure{"the trusted keys cannot be read", err, "locket keys show --data DIR > trust.json"}
		}
		verifier, lists, err := files.Assemble(time.Now())
		if err != nil {
			return verify.Verifier{}, verify.Lists{}, nothing, &failure{"what should be trusted does not hold", err, "locket keys show --data DIR > trust.json, and fetch the lists again"}
		}
		return verifier, lists, nothing, nil
	}
	house, err := datadir.Open(ctx, datadir.Options{Dir: *o.data, Keys: *o.keys})
	if err != nil {
		return verify.Verifier{}, verify.Lists{}, nothing, noDirectory(err, *o.data)
	}
	closing := func() error { return house.Close(context.WithoutCancel(ctx)) } // which publishes the entry of a short address that was looked up
	verifier, err := houseVerifier(ctx, house)
	if err != nil {
		return verify.Verifier{}, verify.Lists{}, nothing, errors.Join(err, closing())
	}
	return verifier, verify.Lists{}, closing, nil
}

// houseVerifier checks with what a house itself knows.
func houseVerifier(ctx context.Context, house *datadir.House) (verify.Verifier, error) {
	trusted, err := house.Service.TrustedKeys(ctx)
	if err != nil {
		return verify.Verifier{}, err
	}
	known, err := house.Service.KnownRevocations(ctx)
	return verify.Verifier{
		Keys:          trusted,
		RevokedIssuer: house.Service.Issuer(),
		Revoked: func(id cards.ID) bool {
			is, err := house.Service.Revoked(ctx, id)
			return is || err != nil // what cannot be looked up is not called verified
		},
		Health: known,
		Find: func(short cards.ShortAddress) (cards.Address, error) {
			address, err := house.Service.FindByShortCode(ctx, emergency.Caller{Operator: true}, string(short.Code))
			if err != nil {
				return cards.Address{}, err
			}
			return cards.ParseAddress(address)
		},
	}, err
}
