package floor

import (
	"bytes"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"
)

func TestEveryRowThatWasAcknowledgedIsThere(t *testing.T) {
	for name, batching := range map[string]Batching{"what waits": Waiting, "what is ready": Ready} {
		t.Run(name, func(t *testing.T) { acknowledged(t, batching) })
	}
}

func acknowledged(t *testing.T, batching Batching) {
	path := filepath.Join(t.TempDir(), "floor.db")
	s, err := Open(t.Context(), path, batching)
	if err != nil {
		t.Fatal(err)
	}
	const callers, each = 32, 20
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range each {
				if err := s.Append([]byte("row")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n, err := s.Rows(t.Context()); n != callers*each || err != nil {
		t.Errorf("got %d rows, %v; want %d", n, err, callers*each)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	if err := s.Append(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Append after Close: got %v, want ErrClosed", err)
	}
}

func TestRowsAreReadByTheirKey(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "floor.db"), Ready)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Keep(t.Context(), map[[16]byte][]byte{{1}: []byte("one"), {2}: []byte("two")}); err != nil {
		t.Fatal(err)
	}
	if row, err := s.Read([16]byte{2}); !bytes.Equal(row, []byte("two")) || err != nil {
		t.Errorf("got %q, %v; want two", row, err)
	}
	if _, err := s.Read([16]byte{3}); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("a key without a row: got %v, want sql.ErrNoRows", err)
	}
}

func TestItIsAsDurableAsTheStore(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "floor.db"), Ready)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for setting, want := range map[string]string{"journal_mode": "wal", "synchronous": "2"} {
		var got string
		if err := s.writes.QueryRow("PRAGMA " + setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", setting, got, err, want)
		}
	}
}

// BenchmarkAppend is what a durable row costs when 256 callers wait at once.
func BenchmarkAppend(b *testing.B) {
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "floor.db"), Ready)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	row := make([]byte, 600)
	b.SetParallelism(128)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := s.Append(row); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
