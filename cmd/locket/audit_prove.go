package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
)

func auditProveCommand() command {
	return command{
		name: "audit prove", synopsis: "--data DIR [--epoch N] [--out FILE] INDEX | --check FILE --vkey KEY",
		summary: "prove an entry of the log, or check such a proof",
		about: `With --data it writes the receipt of an entry: a proof (c2sp.org/tlog-proof@v1) that carries what the entry says. Whoever has it and the log's verifier
key can check it without this server; so it is as personal as the entry is. The receipt of an erased entry carries its commitment alone. With
--check it checks such a file, needs no network and prints what the entry says. --vkey is the key itself, as /audit/log/vkey gives it, or a file with it: have it
from elsewhere than from whoever gave you the receipt.`,
		examples: []string{"locket audit prove --data /var/lib/locket --out 17.tlog-proof 17", "locket audit prove --check 17.tlog-proof --vkey card.example.org/audit/log+0ccd2e57+Add..."},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			epoch := f.number("epoch", 1, "N", "the epoch of the entry")
			out := f.text("out", "", "FILE", "where the receipt goes, if not to standard output")
			check := f.text("check", "", "FILE", "a receipt to check")
			vkey := f.text("vkey", "", "KEY", "the verifier key of its log, or a file with it")
			return func(ctx context.Context, env environment, args []string) error {
				switch {
				case *check != "" && *vkey != "" && *data == "":
					if err := noArguments(args); err != nil {
						return err
					}
					return checkReceipt(env, *check, *vkey)
				case *data == "" || *check != "" || *vkey != "":
					return usageError{"either --data, or --check with --vkey"}
				}
				index, err := indexArgument(args)
				if err != nil {
					return err
				}
				text, err := makeReceipt(ctx, *data, *keys, *epoch, index)
				if err != nil {
					return err
				}
				if *out == "" {
					_, err = env.stdout.Write(text)
					return err
				}
				if _, err := writeWhole(*out, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
					return &failure{"the receipt was not written", err, "another name with --out"}
				}
				return nil
			}
		},
	}
}

// indexArgument reads the one argument of a command, the index of an entry.
func indexArgument(args []string) (int64, error) {
	if len(args) != 1 {
		return 0, usageError{"the index of one entry is needed"}
	}
	index, ok := parseIndex(args[0])
	if !ok {
		return 0, usageError{fmt.Sprintf("%q is not the index of an entry", args[0])}
	}
	return index, nil
}

func makeReceipt(ctx context.Context, dir, keys string, epoch int, index int64) ([]byte, error) {
	house, err := datadir.Open(ctx, datadir.Options{Dir: dir, Keys: keys})
	if err != nil {
		return nil, noDirectory(err, dir)
	}
	text, err := house.Service.ProveEntry(ctx, emergency.Caller{Operator: true}, emergency.EntryPlace{Epoch: epoch, Index: index})
	switch {
	case errors.Is(err, emergency.ErrNotFound):
		err = &failure{fmt.Sprintf("the published log has no entry %d in epoch %d", index, epoch), nil, "an entry is published within minutes; locket audit verify says how many there are"}
	case errors.Is(err, audit.ErrPruned):
		err = &failure{fmt.Sprintf("the row of entry %d was pruned", index), nil, "its hash stays provable: see the minimum index under /audit/log/policy"}
	}
	return text, errors.Join(err, house.Close(context.WithoutCancel(ctx)))
}

// maxReceiptFile bounds what is read as a receipt, and as a verifier key.
const maxReceiptFile = 256 << 10

// readFile reads a file of bounded length.
func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxReceiptFile+1))
	if err == nil && len(content) > maxReceiptFile {
		err = errors.New("it is too long")
	}
	return content, err
}

// saidByReceipt is what a receipt proves, as JSON.
type saidByReceipt struct {
	OK      bool            `json:"ok"`
	Origin  string          `json:"origin,omitempty"`
	Index   int64           `json:"index"`
	Size    int64           `json:"size"`            // entries under the checkpoint that it leads to
	Entry   json.RawMessage `json:"entry,omitempty"` // the payload as committed to; left out when it was erased
	Problem string          `json:"problem,omitempty"`
}

// checkReceipt says what a receipt proves.
func checkReceipt(env environment, file, vkey string) error {
	text, err := readFile(file)
	if err != nil {
		return &failure{"the receipt cannot be read", err, ""}
	}
	verifier, err := keyOrFile(vkey)
	if err != nil {
		return usageError{"--vkey is not a verifier key, nor a file with one: NAME+HASH+KEY, as /audit/log/vkey gives it"}
	}
	said := saidByReceipt{OK: true, Origin: verifier.Name()}
	r, err := audit.VerifyReceipt(verifier, text)
	if err != nil {
		said = saidByReceipt{Problem: err.Error()}
	} else {
		said.Index, said.Size, said.Entry = r.Proof.Index, r.Proof.Size, r.Raw
	}
	encoder := json.NewEncoder(env.stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(said); err != nil {
		return err
	}
	if !said.OK {
		return errSilent
	}
	return nil
}

// keyOrFile reads a verifier key, or the first line of a file that holds one.
func keyOrFile(given string) (audit.Verifier, error) {
	verifier, err := audit.ParseVKey(given)
	if err == nil {
		return verifier, nil
	}
	content, readErr := readFile(given)
	if readErr != nil {
		return audit.Verifier{}, err
	}
	return audit.ParseVKey(firstLine(content))
}
