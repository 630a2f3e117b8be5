package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/locket-health/locket/emergency/print"
)

func benchPrintCommand() command {
	return command{
		name: "bench print", synopsis: "[--n N] [--grid | --small] [flags]",
		summary: "measure whether printed codes survive scratches, glare, the dark and a wrist",
		about: `Prints the codes of a house's cards, damages them, photographs them as a telephone does, and has foreign decoders read them: zbarimg
(Debian: zbar-tools), and zxing-wasm and jsQR, which run in Node.js from the folder emergency/e2e of a checkout (npm ci --prefix emergency/e2e).
A text that is not what was printed, or a score below what a wallet card or a bracelet has to reach, makes the command fail. What is done and
what follows from it: deploy/docs/print.md.`,
		examples: []string{"locket bench print", "locket bench print --n 20 --markdown", "locket bench print --grid --n 10",
			"locket bench print --small --conditions patch,drops --n 100"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			options := print.Options{}
			f.declare("n", "N")
			f.IntVar(&options.N, "n", 3, "pictures of each code in each condition; publish what 20 gave")
			f.declare("seed", "N")
			f.Uint64Var(&options.Seed, "seed", 1, "what decides everything that is drawn")
			conditions := f.text("conditions", "", "NAMES", "only these conditions, with commas between")
			grid := f.toggle("grid", "codes of many sizes and levels, to choose from")
			small := f.toggle("small", "the smallest codes that there are")
			folder := f.text("modules", "emergency/e2e", "DIR", "where the decoders of Node.js are installed")
			asJSON := f.toggle("json", "print JSON")
			markdown := f.toggle("markdown", "print the tables of a document")
			return func(ctx context.Context, env environment, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				if *grid && *small || *asJSON && *markdown {
					return usageError{"one of --grid and --small, and one of --json and --markdown, are enough"}
				}
				if options.N < 1 || options.N > 1000 {
					return usageError{"--n is from 1 to 1000"}
				}
				if *conditions != "" {
					options.Only = strings.Split(*conditions, ",")
				}
				if err := knownConditions(options.Only); err != nil {
					return err
				}
				carriers := print.House
				if *grid {
					carriers = print.Grid
				}
				if *small {
					carriers = print.Small
				}
				var err error
				if options.Carriers, err = carriers("https://locket.example"); err != nil {
					return err
				}
				options.Progress = env.stderr
				report, err := benchPrint(ctx, options, *folder)
				if err != nil {
					return &failure{"nothing was measured", err, "npm ci --prefix emergency/e2e --ignore-scripts, and the Debian package zbar-tools; --modules DIR from elsewhere than the checkout"}
				}
				write := report.WriteText
				switch {
				case *asJSON:
					write = report.WriteJSON
				case *markdown:
					write = report.WriteMarkdown
				}
				if err := errors.Join(write(env.stdout), report.Check()); err != nil {
					return &failure{"the codes are not good enough", err, "the tables above: larger modules or a higher level, and the same seed again"}
				}
				return nil
			}
		},
	}
}

func knownConditions(names []string) error {
	var known []string
	for _, condition := range print.Conditions() {
		known = append(known, condition.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return usageError{fmt.Sprintf("--conditions %q is not one of: %s", name, strings.Join(known, ", "))}
		}
	}
	return nil
}

// benchPrint measures with every decoder that there is.
func benchPrint(ctx context.Context, options print.Options, folder string) (report *print.Report, err error) {
	node, err := print.StartNode(ctx, folder)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	options.Decoders = []print.Decoder{print.Zbar(), node, print.Own()}
	return print.Run(ctx, options)
}
