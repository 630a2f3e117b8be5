package bench

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"time"

	"github.com/locket-health/locket/emergency/datadir"
)

// Goals of single figures.
const (
	idleGoal    = 40  // MB
	busyGoal    = 150 // MB
	startUpGoal = 0.5 // seconds
)

const megabyte = 1e6

// memory measures what a house takes when nobody asks, and after many scans, and what the log of those takes on the disk.
func (r *run) memory(ctx context.Context) (err error) {
	house, err := r.start(ctx, roleHouse, 0, setup{Dir: r.seeded.dir, Document: r.Document})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.stop()) }()
	idle, err := house.usage()
	if err != nil {
		return err
	}
	database := datadir.DatabasePath(r.seeded.dir)
	before, err := size(database)
	if err != nil {
		return err
	}
	r.say("memory: %d scans", r.Scans)
	requests := workloads(r.seeded, false)[0].requests
	var next atomic.Int64
	scans, err := r.load(ctx, house, requests, r.Clients, bound{time: time.Hour, count: r.Scans}, &next)
	if err != nil {
		return err
	}
	busy, err := house.usage()
	if err != nil {
		return err
	}
	after, err := size(database)
	if err != nil {
		return err
	}
	wal, err := size(database + "-wal")
	if err != nil {
		return err
	}
	r.report.fact("resident_idle", "resident memory, idle", float64(idle.Resident)/megabyte, "MB", idleGoal)
	r.report.fact("resident_busy", "resident memory, after the scans", float64(busy.Resident)/megabyte, "MB", busyGoal)
	r.report.fact("scans", "scans made for it", float64(scans.Count), "scans", 0)
	r.report.fact("entry_bytes", "database, grown by each scan", float64(after-before)/float64(max(scans.Count, 1)), "bytes", 0)
	r.report.fact("wal", "write-ahead log, after the scans", float64(wal)/megabyte, "MB", 0)
	return nil
}

func size(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
