package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/locket-health/locket/emergency/datadir"
)

// Goals of the log.
const (
	rowsGoal   = 0.6     // of the same rows without a tree
	leavesGoal = 1       // of a log that keeps leaves alone
	syncsGoal  = 2       // for one append by a lone client
	proofGoal  = 1       // milliseconds
	verifyGoal = 100_000 // entries in a second of one core
	roomGoal   = 600     // MB for a million entries
)

// slowSync is by how much every sync takes longer on a slow disk: as with a consumer's SSD that cannot bridge a power cut.
const slowSync = 3500 * time.Microsecond

// slowed begins the command line that runs another program with slow syncs, whatever it is written in.
func slowed() []string {
	return []string{"strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=fsync,fdatasync", "-e",
		fmt.Sprintf("inject=fsync,fdatasync:delay_exit=%d", slowSync.Microseconds()), "-o", os.DevNull}
}

// counted begins the command line that runs another program and writes a line for each of its syncs.
func counted(file string) []string {
	return []string{"strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=fsync,fdatasync,sync_file_range,syncfs,sync", "-o", file}
}

// traces reports whether that can be done here.
func traces(ctx context.Context) bool {
	argv := append(slowed(), "true")
	return exec.CommandContext(ctx, argv[0], argv[1:]...).Run() == nil
}

// log measures what the log costs: appending, beside the same rows without a tree and beside a peer; proving; verifying; room on the disk.
func (r *run) log(ctx context.Context) error {
	house, floor, err := r.ledgers(ctx)
	if err != nil {
		return err
	}
	if err := r.appends(ctx, house, floor, nil, Log, ""); err != nil {
		return err
	}
	if traces(ctx) {
		if err := r.appends(ctx, house, floor, slowed(), Log+"_slow", fmt.Sprintf(", every sync %g ms longer", ms(slowSync))); err != nil {
			return err
		}
		if err := r.lone(ctx, house); err != nil {
			return err
		}
	} else {
		r.say("the log: no slow disk and no count of syncs: strace does not run here")
	}
	return r.long(ctx)
}

// ledgers makes a data directory with patients whose cards can be opened, and beside it the same database for the floor.
func (r *run) ledgers(ctx context.Context) (forHouse, forFloor setup, err error) {
	r.say("the log: making %d patients", r.Cards)
	forHouse = setup{Dir: r.path("ledger"), Document: r.Document}
	house, err := r.newHouse(ctx, forHouse.Dir)
	if err != nil {
		return forHouse, forFloor, err
	}
	defer func() { err = errors.Join(err, house.Close(context.WithoutCancel(ctx))) }()
	if forHouse.Holders, err = fill(ctx, house, r.Document, r.Cards); err != nil {
		return forHouse, forFloor, err
	}
	forFloor = setup{Dir: r.path("ledger-floor.db"), Holders: forHouse.Holders, Sealed: map[string]int{}}
	for work, once := range map[string]func(int) error{doOpening: logged(house, forHouse.Holders), doReport: reported(house, forHouse.Holders)} {
		if err := once(0); err != nil {
			return forHouse, forFloor, err
		}
		entry, err := lastEntry(ctx, house)
		if err != nil {
			return forHouse, forFloor, err
		}
		forFloor.Sealed[work] = len(entry.Sealed)
	}
	return forHouse, forFloor, house.Store.Backup(ctx, forFloor.Dir, nil)
}

// appends measures decisions that are logged, by many clients and by one.
func (r *run) appends(ctx context.Context, forHouse, forFloor setup, under []string, name, disk string) (err error) {
	house, err := r.startUnder(ctx, under, roleHouse, 0, forHouse)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.stop()) }()
	floor, err := r.startUnder(ctx, under, roleRows, 0, forFloor)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, floor.stop()) }()
	sides := map[string]*child{roleHouse: house, roleRows: floor}
	for _, each := range []struct {
		work, name, what string
		clients          int
	}{
		{doOpening, name, "opening: a grant and its entry", r.Clients},
		{doReport, name + "_report", "report of a reading: a receipt and its entry", r.Clients},
		{doOpening, name + "_one", "opening: a grant and its entry", 1},
	} {
		w := workload{name: each.name, what: fmt.Sprintf("%s, %d at once%s", each.what, each.clients, disk), clients: each.clients, wall: true, durable: true, under: under,
			floor: each.work, rows: true,
			stands: "the same rows in the same tables, group-committed: nothing chained, sealed, hashed, signed"}
		if each.clients > 1 {
			w.goal = rowsGoal
		}
		if len(r.LogPeer) > 0 {
			w.peer, w.peerStands = each.work, "another log: of leaves alone, with no rows beside them"
			if each.clients > 1 {
				w.peerGoal = leavesGoal
			}
		}
		rows, err := r.interleave(ctx, w, sides)
		if err != nil {
			return err
		}
		r.report.Rows = append(r.report.Rows, rows...)
	}
	return nil
}

// lone counts the syncs that one append takes when nobody else asks.
func (r *run) lone(ctx context.Context, forHouse setup) (err error) {
	r.say("the log: counting the syncs of a lone append")
	trace := r.path("syncs")
	house, err := r.startUnder(ctx, counted(trace), roleHouse, 0, forHouse)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.stop()) }()
	if _, err := house.ask(order{Do: doOpening, Time: 1, Clients: 1}); err != nil { // one, which begins the write-ahead log
		return err
	}
	before, err := lines(trace)
	if err != nil {
		return err
	}
	answer, err := house.ask(order{Do: doOpening, Time: r.Duration, Clients: 1})
	if err != nil {
		return err
	}
	after, err := lines(trace)
	if err != nil {
		return err
	}
	if answer.Sample.Count == 0 || after-before < answer.Sample.Count {
		return fmt.Errorf("%w: %d appends, and %d syncs were seen", ErrVoid, answer.Sample.Count, after-before)
	}
	r.report.fact("lone_syncs", "syncs of a lone append", float64(after-before)/float64(answer.Sample.Count), "syncs", syncsGoal)
	return nil
}

// lines counts the lines of a file.
func lines(path string) (n int64, err error) {
	text, err := os.ReadFile(path)
	for _, b := range text {
		if b == '\n' {
			n++
		}
	}
	return n, err
}

// long measures what depends on the length of a log.
func (r *run) long(ctx context.Context) (err error) {
	with := setup{Dir: r.path("long"), Document: r.Document}
	if err := r.lengthen(ctx, with.Dir); err != nil {
		return err
	}
	one, err := r.start(ctx, roleHouse, 1, with)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, one.stop()) }()
	proofs, err := r.repeat(one, order{Do: doProve, Time: r.Duration, Clients: 1})
	if err != nil {
		return err
	}
	alone, err := r.repeat(one, order{Do: doVerifyLog, Time: 1, Clients: 1})
	if err != nil {
		return err
	}
	all, err := r.start(ctx, roleHouse, 0, with)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, all.stop()) }()
	together, err := r.repeat(all, order{Do: doVerifyLog, Time: 1, Clients: 1})
	if err != nil {
		return err
	}
	of := func(samples []sample, value func(sample) float64) float64 {
		values := make([]float64, len(samples))
		for i, s := range samples {
			values[i] = value(s)
		}
		return spread(values).Median
	}
	// A verification counts as one operation.
	entries := float64(r.Entries)
	r.report.fact("proof", fmt.Sprintf("proof of an entry among %d, read, made and checked, p50", r.Entries), of(proofs, func(s sample) float64 { return ms(s.P50) }), "ms", proofGoal)
	r.report.fact("proof_p99", "the same, p99", of(proofs, func(s sample) float64 { return ms(s.P99) }), "ms", 0)
	r.report.atLeast("verified", "entries verified in a second of one core, payloads opened", entries*of(alone, sample.perCPU), "entries", verifyGoal)
	r.report.fact("verified_all", fmt.Sprintf("entries verified in a second by %d cores", runtime.NumCPU()), entries*of(together, sample.perSecond), "entries", 0)
	return nil
}

// repeat has a child do something in every round and drops the first.
func (r *run) repeat(c *child, o order) ([]sample, error) {
	var done []sample
	for round := range r.Rounds + 1 {
		r.say("the log: %s, round %d of %d", o.Do, round, r.Rounds)
		w := workload{name: o.Do}
		if err := r.profile(c, w, round, doProfile); err != nil {
			return nil, err
		}
		answer, err := c.ask(o)
		if err := errors.Join(err, r.profile(c, w, round, doProfiled)); err != nil {
			return nil, err
		}
		if round > 0 {
			done = append(done, answer.Sample)
		}
	}
	return done, nil
}

// lengthen makes a data directory with a long log of openings, published, and measures its room.
func (r *run) lengthen(ctx context.Context, dir string) (err error) {
	if err := datadir.Init(ctx, dir, "", datadir.Settings{}); err != nil {
		return err
	}
	before, err := size(datadir.DatabasePath(dir))
	if err != nil {
		return err
	}
	if err := r.fillLog(ctx, dir); err != nil {
		return err
	}
	after, err := size(datadir.DatabasePath(dir)) // all of it: the write-ahead log is gone once the last connection is closed
	if err != nil {
		return err
	}
	r.report.fact("room", fmt.Sprintf("room of a million entries, as %d take it", r.Entries), float64(after-before)/float64(r.Entries)*1e6/megabyte, "MB", roomGoal)
	return nil
}

// fillLog adds openings to the log of a data directory, and publishes them.
func (r *run) fillLog(ctx context.Context, dir string) (err error) {
	house, err := datadir.Open(ctx, datadir.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close(context.WithoutCancel(ctx))) }()
	const shared = 512 // entries of one change
	const step = 1 << 20
	for done := int64(0); done < r.Entries; done += step {
		r.say("the log: %d of %d entries", done, r.Entries)
		some := min(step, r.Entries-done)
		changes := int((some + shared - 1) / shared)
		if err := each(ctx, changes, 2*runtime.NumCPU(), func(i int) error {
			first := done + int64(i)*shared
			return openMany(ctx, house, first, min(first+shared, done+some), max(1, r.Entries/entriesOfPatient))
		}); err != nil {
			return err
		}
		if _, err := house.Log.Publish(ctx); err != nil {
			return err
		}
	}
	return nil
}
