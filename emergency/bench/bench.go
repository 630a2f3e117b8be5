// Package bench measures the house beside the floors that it stands on: the same work, or the same bytes, without what makes Locket Locket.
//
// Single figures of one machine wander by a third within minutes, so nothing here is a gate by itself. Each measurement runs the house and its floor in
// turn (A, B, A, B, ...), drops the first round, and gives the median and the range of the rounds. Work is counted per CPU-second of the process that
// does it: the house and the floor are child processes on one core each (GOMAXPROCS=1), the load comes from the parent. What the ratios say holds
// on other machines; what the rates say holds for this one, now, beside the cost of its disk's fsync.
//
// A measurement is void, and Run fails, when anything was answered otherwise than well or when an answer has no entry in the log.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// Config says what is measured and for how long. Every field has a default.
type Config struct {
	Only     []string      // names of measurements, from Names; default all
	Rounds   int           // that count; one more comes before them and is dropped; default 3
	Duration time.Duration // of one side of one round; default 3 s
	Clients  int           // that ask at once, each on a connection that it keeps; default 256
	Holders  int           // patients with a sealed record and a card that opens it; default 300
	Cards    int           // cards that are scanned; default 20,000, so that the log takes an entry for every scan
	Scans    int64         // of the memory measurement; default 1,000,000
	Patients int           // in the store of the start-up measurement; default 100,000
	Entries  int64         // in the log that is proved and verified; default 100,000
	Dir      string        // a folder on the disk to measure; default the one for temporary files
	Profile  string        // a folder for CPU profiles of the last round; default none are made

	// Child is the command line that runs Serve for the role that is added to it as the last word.
	Child    []string
	Peer     []string  // the command line of another program that issues SMART Health Cards with their QR codes; none when empty
	LogPeer  []string  // the command line of another log that appends durably; none when empty
	Document []byte    // the summary that cards are issued from, a FHIR R4 document
	Progress io.Writer // is told what runs now; default nobody
	Now      func() time.Time
}

// ErrVoid says that a measurement does not count, because something was answered otherwise than well.
var ErrVoid = errors.New("bench: the run is void")

// The names of the measurements.
const (
	Scan    = "scan"
	Open    = "open"
	Issue   = "issue"
	Bulk    = "bulk"
	Health  = "health"
	Whole   = "whole"
	Verify  = "verify"
	Append  = "append"
	Log     = "log"
	Memory  = "memory"
	StartUp = "startup"
)

// Names are all measurements, in the order in which they run.
func Names() []string {
	return []string{Scan, Open, Append, Issue, Bulk, Health, Whole, Verify, Log, Memory, StartUp}
}

// Smoke is a configuration that only shows that everything runs, within seconds. Its figures mean nothing.
func Smoke() Config {
	return Config{Rounds: 1, Duration: 300 * time.Millisecond, Clients: 8, Holders: 2, Cards: 200, Scans: 1000, Patients: 500, Entries: 3000}
}

func (c Config) withDefaults() (Config, error) {
	for _, name := range c.Only {
		if !slices.Contains(Names(), name) {
			return c, fmt.Errorf("bench: there is no measurement %q", name)
		}
	}
	if len(c.Only) == 0 {
		c.Only = Names()
	}
	for _, each := range []struct {
		name         string
		value        *int
		usual, limit int
	}{
		{"rounds", &c.Rounds, 3, 1000}, {"clients", &c.Clients, 256, 4096}, {"holders", &c.Holders, 300, 100_000}, {"cards", &c.Cards, 20_000, 1_000_000},
		{"patients", &c.Patients, 100_000, 10_000_000},
	} {
		if *each.value == 0 {
			*each.value = each.usual
		}
		if *each.value < 1 || *each.value > each.limit {
			return c, fmt.Errorf("bench: the number of %s is between 1 and %d", each.name, each.limit)
		}
	}
	if c.Scans == 0 {
		c.Scans = 1_000_000
	}
	if c.Entries == 0 {
		c.Entries = 100_000
	}
	if c.Duration == 0 {
		c.Duration = 3 * time.Second
	}
	if c.Scans < 0 || c.Scans > 1<<30 || c.Entries < 0 || c.Entries > 1<<30 || c.Duration < 0 || c.Duration > time.Hour {
		return c, errors.New("bench: a measurement is bounded: at most an hour, and 2^30 scans or entries")
	}
	if len(c.Child) == 0 || len(c.Document) == 0 {
		return c, errors.New("bench: it is not known how to start the house, or what to issue cards from")
	}
	if c.Progress == nil {
		c.Progress = io.Discard
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}

// run is one run of the benchmark.
type run struct {
	Config
	dir    string // deleted at the end
	seeded seeded // by compare
	report *Report
}

// Run measures. The children are ended and the files deleted whatever happens. The error wraps ErrVoid when the figures would not mean what they say.
func Run(ctx context.Context, config Config) (report *Report, err error) {
	config, err = config.withDefaults()
	if err != nil {
		return nil, err
	}
	r := &run{Config: config, report: &Report{Begun: config.Now().UTC().Truncate(time.Second), Machine: machine(), Rounds: config.Rounds, Clients: config.Clients,
		Seconds: config.Duration.Seconds()}}
	if r.dir, err = os.MkdirTemp(config.Dir, "locket-bench-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.dir)) }()
	if r.report.Fsync, err = fsync(ctx, r.dir); err != nil {
		return nil, err
	}
	if err := r.compare(ctx); err != nil {
		return nil, err
	}
	if slices.Contains(r.Only, Log) {
		if err := r.log(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", Log, err)
		}
	}
	if slices.Contains(r.Only, Memory) {
		if err := r.memory(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", Memory, err)
		}
	}
	if slices.Contains(r.Only, StartUp) {
		if err := r.startUp(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", StartUp, err)
		}
	}
	return r.report, nil
}

func (r *run) path(name string) string { return filepath.Join(r.dir, name) }

func (r *run) say(format string, args ...any) { fmt.Fprintf(r.Progress, format+"\n", args...) }

func machine() Machine {
	return Machine{OS: runtime.GOOS, Architecture: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version()}
}
