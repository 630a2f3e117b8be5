package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/verify"
)

const usage = `locket-verify checks an emergency card without any server.

Usage: locket-verify [--trust FILE] [--list FILE] [--revocations FILE --entries FILE] [--health-revocations FILE] THING

THING is what somebody holds: an address, a short address, shc:/..., shlink:/..., or a file with one of them, with a picture of the code
(PNG, JPEG), with the content of a tag (NDEF message, Type 2 memory, Type 4 file), a .smart-health-card file or a vCard; or the badge of a
responder. - is standard input.

  --trust FILE               keys that you trust: a JWK Set, from https://HOST/.well-known/jwks.json or locket keys show
  --list FILE                signed trust list, from https://HOST/v1/trust-list; one of those keys must have signed it
  --revocations FILE         signed revocation list, from https://HOST/v1/revocations
  --entries FILE             its entries, from https://HOST/v1/revocations/entries
  --health-revocations FILE  revoked SMART Health Cards, from https://HOST/.well-known/crl/KID.json
  --vkey FILE                verifier key of a log, from https://HOST/audit/log/vkey: THING is then the receipt of an entry (.tlog-proof)
  --version                  print the version

Prints JSON. status is verified, expired, not_yet_valid, revoked, unknown_issuer, tampered, unreadable, unsigned or elsewhere.
Exit codes: 0 verified, 1 anything else, 2 the command line or one of the files was not understood.

  locket-verify --trust jwks.json card.png
  zbarimg -q --raw card.png | locket-verify --trust jwks.json -
  locket-verify --vkey vkey.txt 17.tlog-proof
`

// run is all of main but the process.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer, now time.Time) int {
	flags := flag.NewFlagSet("locket-verify", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	var trust, list, head, entries, health, vkey string
	for name, value := range map[string]*string{"trust": &trust, "list": &list, "revocations": &head, "entries": &entries, "health-revocations": &health, "vkey": &vkey} {
		flags.StringVar(value, name, "", "")
	}
	version := flags.Bool("version", false, "")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0
	case err != nil:
		return misunderstood(stderr, err)
	case *version:
		build, _ := debug.ReadBuildInfo()
		fmt.Fprintln(stdout, "locket-verify", build.Main.Version)
		return 0
	case flags.NArg() != 1:
		return misunderstood(stderr, errors.New("one thing to check is needed"))
	case (head == "") != (entries == ""):
		return misunderstood(stderr, errors.New("--revocations and --entries belong together"))
	case vkey != "" && (trust != "" || list != "" || head != "" || health != ""):
		return misunderstood(stderr, errors.New("--vkey is for a receipt, the other files are for cards"))
	case vkey != "":
		return checkReceipt(vkey, flags.Arg(0), stdin, stdout, stderr)
	}
	files, err := verify.ReadFiles(verify.Names{Keys: trust, TrustList: list, Head: head, Entries: entries, HealthList: health})
	if err != nil {
		return misunderstood(stderr, err)
	}
	verifier, lists, err := files.Assemble(now)
	if err != nil {
		return misunderstood(stderr, err)
	}
	result := verifier.CheckNamed(flags.Arg(0), stdin, now)
	if lists != (verify.Lists{}) {
		result.Lists = &lists
	}
	encoder := json.NewEncoder(stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(result); err != nil {
		return misunderstood(stderr, err)
	}
	if result.Status != cards.StatusVerified {
		return 1
	}
	return 0
}

func misunderstood(stderr io.Writer, err error) int {
	fmt.Fprintf(stderr, "locket-verify: %v\n  try: locket-verify --help\n", err)
	return 2
}
