package storage

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/mattn/go-sqlite3"

	"github.com/locket-health/locket/audit/audittest"
	"github.com/locket-health/locket/emergency"
)

// writeMany writes n documents of a megabyte, each in a commit of its own.
func writeMany(t *testing.T, s *Store, first, n int) {
	t.Helper()
	for i := range n {
		document := emergency.Document{ID: emergency.DocumentID(fmt.Sprint("document ", first+i)), Patient: "patient", CreatedAt: audittest.Epoch(), Sealed: make([]byte, 1<<20)}
		if err := s.Update(t.Context(), func(tx emergency.Tx) error { return tx.PutDocument(document) }); err != nil {
			t.Fatal(err)
		}
	}
}

// look asks how many pages the write-ahead log holds.
func look(t *testing.T, s *Store) (now written) {
	t.Helper()
	if err := s.read(t.Context(), func(x *transaction) error {
		return x.conn.Raw(func(raw any) (err error) {
			now, err = checkpoint(raw.(*sqlite3.SQLiteConn), "NOOP")
			return err
		})
	}); err != nil {
		t.Fatal(err)
	}
	return now
}

// eventually waits until something holds.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for !holds() {
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// Whoever writes does not copy what others have written: it is done beside, and the log begins anew long before a commit would have to.
func TestTheWriteAheadLogIsCopiedBeside(t *testing.T) {
	s := openTest(t, Config{Path: withCard(t)})
	n := 0
	for ; look(t, s).pages < checkpointPages; n++ {
		writeMany(t, s, n, 1)
	}
	eventually(t, func() bool { return look(t, s).copied >= checkpointPages })
	writeMany(t, s, n, 1)
	if now := look(t, s); now.pages > checkpointPages/2 {
		t.Errorf("the log did not begin anew: %+v", now)
	}
	writeMany(t, s, n+1, 80)
	info, err := os.Stat(s.Path() + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if most := int64(checkpointMost+checkpointPages) * 4200; info.Size() > most {
		t.Errorf("the log has %d bytes, want at most %d", info.Size(), most)
	}
	if err := s.Check(t.Context(), true); err != nil {
		t.Error(err)
	}
}

// What was added while the log was copied is little, and the writer copies it, or the log would never begin anew under load.
func TestTheWriterCopiesWhatIsLeft(t *testing.T) {
	s := openTest(t, Config{Path: withCard(t)})
	beside := s.writer.checkpointer.connect
	s.writer.checkpointer.connect = func(context.Context) (driver.Conn, error) { return nil, sqlite3.Error{Code: sqlite3.ErrFull} } // it never comes to it
	n := 0
	for ; look(t, s).pages < checkpointPages; n++ {
		writeMany(t, s, n, 1)
	}
	if err := s.View(t.Context(), func(r emergency.Reader) error { // keeps whoever copies from what is added now
		_, err := r.Counts()
		writeMany(t, s, n, 1)
		opened, openErr := beside(t.Context())
		if err := errors.Join(err, openErr); err != nil {
			return err
		}
		_, err = checkpoint(opened.(*sqlite3.SQLiteConn), "PASSIVE")
		return errors.Join(err, opened.Close())
	}); err != nil {
		t.Fatal(err)
	}
	if now := look(t, s); now.copied < checkpointPages || now.copied == now.pages {
		t.Fatalf("nothing is left: %+v", now)
	}
	writeMany(t, s, n+1, 2) // the first copies the rest, the second begins at the front
	if now := look(t, s); now.pages > checkpointPages/2 {
		t.Errorf("the log did not begin anew: %+v", now)
	}
}

// A disk that fails while the log is copied has failed for everybody; one that is full is tried again.
func TestADiskThatFailsBesideStopsWriting(t *testing.T) {
	s := openTest(t, Config{Path: withCard(t)})
	c := s.writer.checkpointer
	tried := make(chan struct{})
	fails := func(code sqlite3.ErrNo) {
		c.connect = func(context.Context) (driver.Conn, error) {
			tried <- struct{}{}
			return nil, fmt.Errorf("a checkpoint: %w", sqlite3.Error{Code: code})
		}
		c.ask()
		<-tried
	}
	fails(sqlite3.ErrFull)
	if err := open1(t.Context(), s, 0); err != nil {
		t.Errorf("after a checkpoint for which there was no room: %v", err)
	}
	fails(sqlite3.ErrIoErr)
	<-s.Failed()
	if err := open1(t.Context(), s, 1); !errors.Is(err, emergency.ErrLogUnavailable) {
		t.Errorf("after a checkpoint that failed: got %v, want ErrLogUnavailable", err)
	}
}
