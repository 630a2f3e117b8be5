package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/storage/floor"
)

// ServeHouse serves an open data directory on a listener until ctx ends, as the server does, without limits on how often somebody may ask: all the load
// comes from one address.
type ServeHouse func(ctx context.Context, house *datadir.House, listener net.Listener) error

// Orders that every child understands.
const (
	doUsage    = "usage"
	doProfile  = "profile"
	doProfiled = "profiled"
)

// role is what a child is.
type role interface {
	// work is one operation of a client, again and again.
	work(name string) (func(client int) error, error)
	entries(ctx context.Context) (int64, error)
	serve(ctx context.Context, listener net.Listener) error
	close(ctx context.Context) error
}

// Serve is the child's side: it sets a house or a floor up as the parent says, serves it on a free port of this machine and does what it is ordered,
// until its input ends.
func Serve(ctx context.Context, name string, serve ServeHouse, in io.Reader, out io.Writer) (err error) {
	orders, replies := json.NewDecoder(in), json.NewEncoder(out)
	var with setup
	if err := orders.Decode(&with); err != nil {
		return fmt.Errorf("bench: no setup: %w", err)
	}
	var side role
	switch name {
	case roleHouse:
		side, err = openHouse(ctx, with, serve)
	case roleFloor:
		side, err = openFloor(ctx, with, floor.Ready)
	case rolePlain:
		side, err = openFloor(ctx, with, floor.Waiting)
	case roleRows:
		side, err = openRows(ctx, with)
	default:
		err = fmt.Errorf("bench: there is no role %q", name)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, side.close(context.WithoutCancel(ctx))) }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served, obeyed := make(chan error, 1), make(chan error, 1)
	go func() { served <- side.serve(ctx, listener) }()
	if err := replies.Encode(reply{Address: listener.Addr().String()}); err != nil {
		return err
	}
	go func() { obeyed <- obeyAll(ctx, side, orders, replies) }()
	select {
	case err := <-served:
		return err // the orders are not waited for: reading cannot be called off, and ends with the process
	case err := <-obeyed:
		cancel()
		return errors.Join(err, <-served)
	}
}

// obeyAll does what it is ordered until there are no more orders.
func obeyAll(ctx context.Context, side role, orders *json.Decoder, replies *json.Encoder) error {
	for {
		var o order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		answer, err := obey(ctx, side, o)
		if err != nil {
			answer.Error = err.Error()
		}
		if err := replies.Encode(answer); err != nil {
			return err
		}
	}
}

func obey(ctx context.Context, side role, o order) (answer reply, err error) {
	switch o.Do {
	case doUsage:
		if answer.Usage.Entries, err = side.entries(ctx); err != nil {
			return answer, err
		}
		if answer.Usage.Resident, err = resident(); err != nil {
			return answer, err
		}
		answer.Usage.CPU, err = cpuTime()
		return answer, err
	case doProfile:
		file, err := os.Create(o.File)
		if err != nil {
			return answer, err
		}
		return answer, pprof.StartCPUProfile(file) // the file is closed by the process's end
	case doProfiled:
		pprof.StopCPUProfile()
		return answer, nil
	}
	operation, err := side.work(o.Do)
	if err != nil {
		return answer, err
	}
	before, err := cpuTime()
	if err != nil {
		return answer, err
	}
	answer.Sample, err = loop(ctx, o.Clients, bound{time: o.Time}, operation)
	if err != nil {
		return answer, err
	}
	after, err := cpuTime()
	answer.Sample.CPU = after - before
	return answer, err
}

// cpuTime is the user and system time of this process.
func cpuTime() (time.Duration, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0, fmt.Errorf("bench: processor time: %w", err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), nil
}

// resident is the memory of this process that is in use, in bytes; 0 where the system does not tell in the way of Linux.
func resident() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kb << 10, err
		}
	}
	return 0, nil
}
