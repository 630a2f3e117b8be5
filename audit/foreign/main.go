// Foreign checks the log of Locket with what others have written, and measures beside it what others have built. It is a module of its own: the product
// depends on none of it.
//
//	foreign tessera URL VKEY                    read all of a served log with Tessera's fsck
//	foreign torchwood URL VKEY [WITNESS|FIRST]  read all of it with torchwood's client; the witness with this vkey must have cosigned it, or: from this entry on
//	foreign receipt VKEY FILE...                verify .tlog-proof files with torchwood, without a network
//	foreign submit URL WITNESS OLD              submit a served checkpoint to a witness as a continuation of size OLD
//	foreign peer [flags]                        append to a Tessera log on files, and say how fast it was
//
// URL is where the log is served, .../audit/log. It exits 0 when everything holds and 1 when something does not. Tessera panics at some damage, which
// exits 2: whoever asks about several logs asks each time anew.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

var errUsage = errors.New("foreign: which verifier, of what? See the comment at the top of main.go")

// run does what the arguments say and returns the exit code.
func run(ctx context.Context, args []string, out, complaints io.Writer) int {
	said, err := do(ctx, args)
	if err != nil {
		fmt.Fprintln(complaints, err)
		return 1
	}
	fmt.Fprintln(out, said)
	return 0
}

func do(ctx context.Context, args []string) (string, error) {
	if len(args) == 0 {
		return "", errUsage
	}
	command, args := args[0], args[1:]
	switch {
	case command == "tessera" && len(args) == 2:
		return tesseraFsck(ctx, args[0], args[1])
	case command == "torchwood" && (len(args) == 2 || len(args) == 3):
		return torchwoodClient(ctx, args[0], args[1], args[2:])
	case command == "receipt" && len(args) >= 2:
		return verifyReceipts(args[0], args[1:])
	case command == "submit" && len(args) == 3:
		return submit(ctx, args[0], args[1], args[2])
	case command == "peer":
		return peer(ctx, args)
	}
	return "", errUsage
}
