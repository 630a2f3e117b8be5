package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

// measured is what the peer prints.
type measured struct {
	Appends int64   `json:"appends"`
	Seconds float64 `json:"seconds"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
}

// peer appends to a Tessera log on files from many clients at once. An append counts when its future resolves: from then on its index is durable. It ends
// after the duration, or once so many appends have begun, whichever comes first.
func peer(ctx context.Context, args []string) (string, error) {
	flags := flag.NewFlagSet("peer", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	clients := flags.Int("clients", 256, "that append at once")
	duration := flags.Duration("duration", 3*time.Second, "how long")
	entries := flags.Int64("entries", 1<<40, "how many at most")
	size := flags.Int("size", 48, "bytes of an entry")
	dir := flags.String("dir", "", "an empty folder on the disk to measure")
	batch := flags.Uint("batch", tessera.DefaultBatchMaxSize, "entries that share a write")
	age := flags.Duration("batch-age", tessera.DefaultBatchMaxAge, "how long a batch waits for more")
	every := flags.Duration("checkpoint-interval", tessera.DefaultCheckpointInterval, "between checkpoints")
	if err := flags.Parse(args); err != nil {
		return "", err
	}
	if *dir == "" || *clients < 1 || flags.NArg() > 0 {
		return "", errors.New("peer: -dir is needed, and a number of clients from 1")
	}

	secret, _, err := note.GenerateKey(rand.Reader, "peer.example/log")
	if err != nil {
		return "", err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return "", err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	driver, err := posix.New(ctx, posix.Config{Path: *dir})
	if err != nil {
		return "", err
	}
	options := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithBatching(*batch, *age).WithCheckpointInterval(*every)
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		return "", err
	}
	said, err := appendFrom(ctx, appender, *clients, *entries, *duration, *size)
	if err = errors.Join(err, shutdown(ctx)); err != nil {
		return "", fmt.Errorf("peer: %w", err)
	}
	line, err := json.Marshal(said)
	return string(line), err
}

// appendFrom lets the clients append, each one entry after the other.
func appendFrom(ctx context.Context, appender *tessera.Appender, clients int, entries int64, duration time.Duration, size int) (measured, error) {
	var begun atomic.Int64
	var group sync.WaitGroup
	took := make([][]time.Duration, clients)
	failures := make([]error, clients)
	start := time.Now()
	for client := range clients {
		group.Go(func() {
			data := make([]byte, size)
			for time.Since(start) < duration && begun.Add(1) <= entries {
				rand.Read(data) // never fails
				asked := time.Now()
				if _, err := appender.Add(ctx, tessera.NewEntry(slices.Clone(data)))(); err != nil {
					failures[client] = err
					return
				}
				took[client] = append(took[client], time.Since(asked))
			}
		})
	}
	group.Wait()
	seconds := time.Since(start).Seconds()
	if err := errors.Join(failures...); err != nil {
		return measured{}, err
	}
	all := slices.Concat(took...)
	if len(all) == 0 {
		return measured{}, errors.New("nothing was appended in that time")
	}
	slices.Sort(all)
	at := func(part float64) float64 {
		return float64(all[int(part*float64(len(all)-1))]) / float64(time.Millisecond)
	}
	return measured{Appends: int64(len(all)), Seconds: seconds, P50: at(0.50), P99: at(0.99)}, nil
}
