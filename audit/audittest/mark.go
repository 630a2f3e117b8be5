package audittest

import (
	"bytes"
	"context"
	"sync"

	"github.com/locket-health/locket/audit"
)

// Mark is a high-water mark in memory. It is safe for concurrent use.
type Mark struct {
	// Fault, if set, is called before every Swap; an error that it returns is the error of the Swap.
	Fault func() error

	mu   sync.Mutex
	note []byte
}

var _ audit.HighWater = (*Mark)(nil)

// Load returns the note that is kept.
func (m *Mark) Load(context.Context) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.note), nil
}

// Swap puts note in the place of old.
func (m *Mark) Swap(_ context.Context, old, note []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.Fault != nil {
		if err := m.Fault(); err != nil {
			return err
		}
	}
	if !bytes.Equal(m.note, old) {
		return audit.ErrConflict
	}
	m.note = bytes.Clone(note)
	return nil
}

// Set puts a note there, as whoever holds the place can.
func (m *Mark) Set(note []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.note = bytes.Clone(note)
}
