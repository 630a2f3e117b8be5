package main

import (
	"context"
	"strings"
	"time"

	"github.com/locket-health/locket/emergency/bench"
)

func benchAuditCommand() command {
	return command{
		name: "bench audit", synopsis: "[--peer CMD] [--entries N] [flags]",
		summary: "measure what the log costs on this machine",
		about: `Appends openings to the log beside the same rows without a tree and, with --peer, beside another log, in turn and each with all processors; then
again with syncs that take 3.5 ms longer, if strace is installed. Counts the syncs of a lone append. Then it makes a log of --entries entries, and measures
proofs, the verification and the room on the disk. Everything happens in a folder that is deleted. What a goal of it misses is reported and does not
make the command fail.

CMD is run as CMD -clients N -duration 3s -dir DIR, with -batch 1 for one client, and prints {"appends":N,"seconds":N,"p50_ms":N,"p99_ms":N}.
Tessera's POSIX driver does so in audit/foreign of a checkout: go build -C audit/foreign -o foreign . and --peer "audit/foreign/foreign peer".`,
		examples: []string{"locket bench audit", `locket bench audit --peer "audit/foreign/foreign peer" --rounds 5 --dir /var/lib/locket-disk`,
			"locket bench audit --entries 10000000"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			var c, smoke = bench.Config{}, bench.Smoke()
			peer := f.text("peer", "", "CMD", "another log that appends durably, to stand beside")
			entries := f.number("entries", 100_000, "N", "in the log that is proved and verified; 10 million take about 6 GB and half an hour")
			seconds := f.number("seconds", 3, "N", "how long each side of each round runs")
			f.declare("rounds", "N")
			f.IntVar(&c.Rounds, "rounds", 3, "rounds that count; one more comes first and is dropped")
			f.declare("clients", "N")
			f.IntVar(&c.Clients, "clients", 256, "clients that ask at once")
			f.declare("dir", "DIR")
			f.StringVar(&c.Dir, "dir", "", "a folder on the disk to measure, if not the one for temporary files")
			f.declare("profile", "DIR")
			f.StringVar(&c.Profile, "profile", "", "a folder for CPU profiles")
			small := f.toggle("smoke", "only show that everything runs: seconds instead of minutes, figures without meaning")
			asJSON := f.toggle("json", "print JSON")
			return func(ctx context.Context, env environment, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				c.Duration, c.Entries = time.Duration(*seconds)*time.Second, int64(*entries)
				if *small {
					smoke.Dir, smoke.Profile = c.Dir, c.Profile
					c = smoke
				}
				c.Only, c.LogPeer = []string{bench.Log}, strings.Fields(*peer)
				return runBench(ctx, env, c, *asJSON)
			}
		},
	}
}
