package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/locket-health/locket/emergency/bench"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/web"
)

func benchCommand() command {
	return command{
		name: "bench", synopsis: "[--only NAMES] [flags]",
		summary: "measure this machine beside the floors that the work stands on",
		about: `Runs the house and, in turn, the plainest program that moves the same bytes as safely: each as a process of its own on one core, on
this machine only, in a folder that is deleted. Work is counted per CPU-second of the process that does it; the ratios are what can be compared
with other machines. Anything answered otherwise than well voids the run. Takes some minutes; nothing else should run meanwhile.

NAMES: ` + strings.Join(bench.Names(), ", ") + `.
A goal that is missed is reported and does not make the command fail.`,
		examples: []string{"locket bench", "locket bench --only scan,open --seconds 5 --rounds 5 --dir /var/lib", "locket bench --smoke",
			"locket bench --json > bench.json"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			only := f.text("only", "", "NAMES", "what to measure, with commas between")
			seconds := f.number("seconds", 3, "N", "how long each side of each round runs")
			var c, smoke = bench.Config{}, bench.Smoke()
			f.declare("rounds", "N")
			f.IntVar(&c.Rounds, "rounds", 3, "rounds that count; one more comes first and is dropped")
			f.declare("clients", "N")
			f.IntVar(&c.Clients, "clients", 256, "clients that ask at once")
			f.declare("scans", "N")
			f.Int64Var(&c.Scans, "scans", 1_000_000, "scans of the memory measurement")
			f.declare("patients", "N")
			f.IntVar(&c.Patients, "patients", 100_000, "patients in the store of the start-up measurement")
			f.declare("dir", "DIR")
			f.StringVar(&c.Dir, "dir", "", "a folder on the disk to measure, if not the one for temporary files")
			f.declare("profile", "DIR")
			f.StringVar(&c.Profile, "profile", "", "a folder for CPU profiles of both sides")
			peer := f.text("peer", "", "SCRIPT", "a program that issues SMART Health Cards, to stand beside bulk and health: emergency/e2e/peers/kill-the-clipboard.mjs")
			small := f.toggle("smoke", "only show that everything runs: seconds instead of minutes, figures without meaning")
			asJSON := f.toggle("json", "print JSON")
			serve := f.String("serve", "", "") // how it starts its children; nobody else has a use for it
			return func(ctx context.Context, env environment, args []string) error {
				if *serve != "" {
					return bench.Serve(ctx, *serve, serveMeasured, env.stdin, env.stdout)
				}
				if err := noArguments(args); err != nil {
					return err
				}
				if *small {
					smoke.Dir, smoke.Profile = c.Dir, c.Profile
					c = smoke
				} else {
					c.Duration = time.Duration(*seconds) * time.Second
				}
				if *peer != "" {
					c.Peer = []string{"node", *peer}
				}
				if *only != "" {
					c.Only = strings.Split(*only, ",")
				}
				for _, name := range c.Only {
					if !slices.Contains(bench.Names(), name) {
						return usageError{fmt.Sprintf("--only %q is not one of: %s", name, strings.Join(bench.Names(), ", "))}
					}
				}
				return runBench(ctx, env, c, *asJSON)
			}
		},
	}
}

func runBench(ctx context.Context, env environment, c bench.Config, asJSON bool) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	c.Child = []string{program, "bench", "--serve"}
	c.Document = emergencytest.Load("reference").Bundle
	c.Progress = env.stderr
	report, err := bench.Run(ctx, c)
	switch {
	case errors.Is(err, bench.ErrVoid):
		return &failure{"the figures would not mean what they say", err, "again, when nothing else runs on this machine"}
	case err != nil:
		return err
	case asJSON:
		return report.WriteJSON(env.stdout)
	default:
		return report.WriteText(env.stdout)
	}
}

// serveMeasured is the house as locket serve runs it, without the limits on how often one address may ask.
func serveMeasured(ctx context.Context, house *datadir.House, listener net.Listener) error {
	c := Config{CheckpointEvery: defaultCheckpointEvery, Unchecked: true}
	return serveHouse(ctx, house, listener, c, web.Config{Limits: web.Limits{Off: true}, Logger: slog.New(slog.DiscardHandler)}, nil)
}
