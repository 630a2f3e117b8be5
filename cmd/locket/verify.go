package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/carrier"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/terms"
	"github.com/locket-health/locket/static"
)

func verifyCommand() command {
	return command{
		name: "verify", synopsis: "[--trust FILE | --data DIR] [--text] [--lang LANG] URL|PICTURE|NDEF-FILE|-",
		summary: "check a card without any server",
		about: `Reads a card from its address, from a picture of its QR code (PNG, JPEG), from a tag message, or from standard input, checks the
signature and prints what the card says. --trust is a file with the keys of the issuers you trust (locket keys show makes one); with --data
the house's own key is trusted and revocations are known. Status is verified, expired, not_yet_valid, revoked, unknown_issuer, tampered or
unreadable. Exits 0 only for verified.`,
		examples: []string{
			"locket verify --trust trust.json card.png",
			"locket verify --trust trust.json --text --lang ja 'https://card.example.org/c/...#...'",
			"zbarimg -q --raw card.png | locket verify --trust trust.json -",
		},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			var o verifyOptions
			o.trust = f.text("trust", "", "FILE", "issuers' keys, as a JWKS")
			o.data, o.keys = dataFlag(f), keysFlag(f)
			o.text = f.toggle("text", "print for people, not as JSON")
			o.lang = f.text("lang", "en", "LANG", "language of the printed words")
			return func(ctx context.Context, env environment, args []string) error {
				if len(args) != 1 {
					return usageError{"one card is needed: an address, a picture, a tag message, or - for standard input"}
				}
				return verify(ctx, env, o, args[0])
			}
		},
	}
}

type verifyOptions struct {
	trust, data, keys, lang *string
	text                    *bool
}

// verified is what verify prints.
type verified struct {
	Status  cards.Status   `json:"status"`
	Reason  string         `json:"reason,omitempty"`
	ID      string         `json:"id,omitempty"`
	Issuer  string         `json:"issuer,omitempty"`
	Key     string         `json:"key,omitempty"`
	Issued  *time.Time     `json:"issued,omitempty"`
	Expires *time.Time     `json:"expires,omitempty"`
	Summary *summary.Front `json:"summary,omitempty"`
}

func verify(ctx context.Context, env environment, o verifyOptions, card string) error {
	verifier, closing, err := verifyWith(ctx, o)
	if err != nil {
		return err
	}
	defer closing()
	result := judge(env.stdin, verifier, card)
	if *o.text {
		catalog, err := locale.Load(static.Locales())
		if err != nil {
			return err
		}
		catalogue, err := terms.Load()
		if err != nil {
			return err
		}
		words := carrier.Words{Catalog: catalog, Terms: catalogue}
		fmt.Fprint(env.stdout, words.Text(*o.lang, result.Status, result.Reason, result.Issuer, result.Issued, result.Expires, result.Summary))
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

// verifyWith assembles the keys and revocations that a card is checked against.
func verifyWith(ctx context.Context, o verifyOptions) (cards.Verifier, func(), error) {
	nothing := func() {}
	switch {
	case *o.trust != "":
		content, err := os.ReadFile(*o.trust)
		if err != nil {
			return cards.Verifier{}, nothing, &failure{"the trusted keys cannot be read", err, "locket keys show --data DIR > trust.json"}
		}
		keys, err := cards.ParseJWKS(content)
		if err != nil {
			return cards.Verifier{}, nothing, &failure{"the trusted keys are not a JWKS", err, "locket keys show --data DIR > trust.json"}
		}
		return cards.Verifier{Keys: keys}, nothing, nil
	case *o.data != "":
		house, err := datadir.Open(ctx, datadir.Options{Dir: *o.data, Keys: *o.keys})
		if err != nil {
			return cards.Verifier{}, nothing, noDirectory(err, *o.data)
		}
		revoked := func(id cards.ID) bool {
			is, err := house.Service.Revoked(ctx, id)
			return is || err != nil // what cannot be looked up is not called verified
		}
		return cards.Verifier{Keys: house.Trusted, Revoked: revoked}, func() { house.Store.Close() }, nil
	default:
		return cards.Verifier{}, nothing, nil // nobody is trusted: a sound card is of an unknown issuer
	}
}

// judge reads a card from wherever it is and checks it.
func judge(stdin io.Reader, verifier cards.Verifier, card string) verified {
	address, err := readCard(stdin, card)
	if err != nil {
		return verified{Status: cards.StatusUnreadable, Reason: err.Error()}
	}
	result, err := verifier.Verify(address.Envelope, time.Now())
	if err != nil {
		return verified{Status: cards.StatusUnreadable, Reason: err.Error()}
	}
	issued, expires := result.Card.IssuedAt, result.Card.ExpiresAt
	said := verified{Status: result.Status, Reason: string(result.Reason), ID: result.Card.ID.String(), Issuer: result.Card.Issuer, Key: result.KeyID.String(),
		Issued: &issued, Expires: &expires}
	front, err := summary.DecodeFront(result.Card.Summary)
	if err != nil {
		if said.Status == cards.StatusVerified {
			said.Status = cards.StatusUnreadable
		}
		said.Reason = err.Error()
		return said
	}
	said.Summary = &front
	return said
}

// maxPicture bounds what is read as a card, in bytes.
const maxPicture = 32 << 20

var pictures = [][]byte{[]byte("\x89PNG"), []byte("\xff\xd8\xff")}

// readCard finds out what it was given: an address, or the content of a file.
func readCard(stdin io.Reader, card string) (cards.Address, error) {
	if u, err := url.Parse(card); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		return cards.ParseAddress(card)
	}
	source := stdin
	if card != "-" {
		f, err := os.Open(card)
		if err != nil {
			return cards.Address{}, err
		}
		defer f.Close()
		source = f
	}
	content, err := io.ReadAll(io.LimitReader(source, maxPicture))
	if err != nil {
		return cards.Address{}, err
	}
	for _, magic := range pictures {
		if bytes.HasPrefix(content, magic) {
			text, err := cards.ScanPNG(bytes.NewReader(content))
			if err != nil {
				return cards.Address{}, err
			}
			return cards.ParseAddress(text)
		}
	}
	if text := strings.TrimSpace(string(content)); strings.HasPrefix(text, "http") {
		return cards.ParseAddress(text)
	}
	message, err := cards.ParseNDEF(content)
	if err != nil {
		return cards.Address{}, errors.Join(errors.New("neither an address nor a picture nor a tag message"), err)
	}
	return message.Address()
}
