package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"
)

// appended is what a peer of the log prints about a round, as JSON.
type appended struct {
	Appends int64   `json:"appends"`
	Seconds float64 `json:"seconds"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
}

// peerAppends runs the peer of the log for a round, in a folder of its own:
//
//	CMD -clients N -duration 3s -dir DIR [-batch 1]
//
// A lone client has batches of one, because nobody comes to share them.
func (r *run) peerAppends(ctx context.Context, w workload) (s sample, err error) {
	dir, err := os.MkdirTemp(r.dir, "peer-")
	if err != nil {
		return s, err
	}
	defer os.RemoveAll(dir)
	argv := slices.Concat(w.under, r.LogPeer, []string{"-clients", strconv.Itoa(w.clients), "-duration", r.Duration.String(), "-dir", dir})
	if w.clients == 1 {
		argv = append(argv, "-batch", "1")
	}
	command := exec.CommandContext(ctx, argv[0], argv[1:]...)
	command.Env = environment()
	complain := &tail{}
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, complain
	if err := command.Run(); err != nil {
		return s, fmt.Errorf("bench: the peer: %w\n%s", err, complain)
	}
	var done appended
	if err := json.Unmarshal(said.Bytes(), &done); err != nil || done.Appends <= 0 || done.Seconds <= 0 {
		return s, fmt.Errorf("%w: the peer says %.200q", ErrVoid, said.Bytes())
	}
	took := func(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
	s = sample{Count: done.Appends, Wall: took(1000 * done.Seconds), P50: took(done.P50), P99: took(done.P99)}
	if w.under == nil { // else it would be that of whatever stands in front
		s.CPU = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	}
	return s, nil
}
