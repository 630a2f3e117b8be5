package audit_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

// countingStore counts the hashes that are read.
type countingStore struct {
	*audittest.Memory
	read *int
}

type countingReader struct {
	audit.Reader
	read *int
}

func (s countingStore) Epoch(n int) audit.Reader { return countingReader{s.Memory.Epoch(n), s.read} }

func (r countingReader) Hashes(ctx context.Context, ids []int64) ([]tlog.Hash, error) {
	*r.read += len(ids)
	return r.Reader.Hashes(ctx, ids)
}

// twoEpochs is a log of 300 and 320 entries, both published, and 5 more.
func twoEpochs(t *testing.T) (*audit.Log, countingStore) {
	t.Helper()
	s := countingStore{audittest.NewMemory(), new(int)}
	audittest.Add(t, s.Memory, audittest.Events(0, 300)...)
	first := audittest.NewLog(t, s)
	publish(t, first)
	if err := s.Update(t.Context(), func(tx audit.Tx) error { return tx.BeginEpoch(t.Context(), 2, audittest.Epoch()) }); err != nil {
		t.Fatal(err)
	}
	audittest.Add(t, s.Memory, audittest.Events(300, 620)...)
	c := config(s)
	c.Epoch, c.Signer, c.Keys = 2, ed25519.NewKeyFromSeed([]byte("another seed that protects nobody")[:ed25519.SeedSize]), []string{first.VKey()}
	l, err := audit.New(c)
	if err != nil {
		t.Fatal(err)
	}
	publish(t, l)
	audittest.Add(t, s.Memory, audittest.Events(620, 625)...)
	return l, s
}

func TestASnapshotIsProvedAndStandsStill(t *testing.T) {
	l, s := twoEpochs(t)
	shot, err := l.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	audittest.Add(t, s.Memory, audittest.Events(625, 640)...)
	publish(t, l)

	*s.read = 0
	var all, proved int
	visit := func(p audit.Proved) error {
		if want := audittest.Event(all); p.Payload.At != want.At || p.Entry.Row != int64(all) || p.Entry.Sealed != nil {
			t.Fatalf("entry %d is number %d of %v", all, p.Entry.Row, p.Payload.At)
		}
		all++
		if p.Proof == nil {
			return nil
		}
		proved++
		_, checkpoint, err := l.Keys().OpenCheckpoint(p.Proof.Checkpoint)
		if err != nil || checkpoint.Origin != shot.Origin(p.Entry.Epoch) || string(p.Proof.Checkpoint) != string(shot.Checkpoints()[p.Entry.Epoch]) {
			t.Fatalf("entry %d is proved by %v, %v", p.Entry.Row, checkpoint, err)
		}
		return tlog.CheckRecord(p.Proof.Hashes, checkpoint.Size, checkpoint.Root, p.Entry.Index, p.Entry.Leaf.LeafHash())
	}
	if err := shot.All(t.Context(), nil, visit); err != nil {
		t.Fatal(err)
	}
	for number := 1; number <= 2; number++ {
		v, err := audit.ParseVKey(shot.VKeys()[number])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := audit.OpenCheckpoint(v, shot.Checkpoints()[number]); err != nil {
			t.Errorf("the key of epoch %d has not signed its checkpoint: %v", number, err)
		}
	}
	if all != 625 || proved != 620 {
		t.Errorf("%d entries, %d of them proved, want 625 and 620", all, proved)
	}
	if *s.read > 3*all {
		t.Errorf("%d hashes are read for %d entries: neighbours share them", *s.read, all)
	}

	var own int
	late := func(e *audit.Entry) bool { return e.Epoch == 2 }
	if err := shot.Subject(t.Context(), "patient-1", late, func(p audit.Proved) error {
		own++
		if p.Entry.Subject != "patient-1" || p.Entry.Epoch != 2 {
			t.Errorf("an entry of %s in epoch %d", p.Entry.Subject, p.Entry.Epoch)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if own != 54 {
		t.Errorf("%d entries of the patient, want 54", own)
	}
}

func TestASnapshotOfADamagedLog(t *testing.T) {
	l, s := twoEpochs(t)
	s.Tamper(func(c *audittest.Contents) { c.Entries[7].Sealed[3] ^= 1 })
	shot, err := l.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var damage *audit.VerifyError
	if err := shot.All(t.Context(), nil, func(audit.Proved) error { return nil }); !errors.As(err, &damage) {
		t.Errorf("reading it all: %v", err)
	}
	stop := errors.New("enough")
	if err := shot.All(t.Context(), nil, func(audit.Proved) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("whoever reads cannot stop: %v", err)
	}
	if err := shot.Subject(t.Context(), "", nil, nil); err == nil {
		t.Error("entries about nobody are somebody's history")
	}
}
