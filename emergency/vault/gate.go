package vault

import "context"

// Gate limits how many codes are worked on at once: each takes 19 MiB and some 35 ms of a core, which makes it a handle for
// whoever wants to exhaust the server. One gate serves the whole process. It is safe for concurrent use.
type Gate struct {
	places chan struct{}
}

// NewGate makes a gate that lets n in at once, at least one.
func NewGate(n int) *Gate {
	return &Gate{places: make(chan struct{}, max(n, 1))}
}

// enter waits for a place; the error is that of the context.
func (g *Gate) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case g.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *Gate) leave() { <-g.places }
