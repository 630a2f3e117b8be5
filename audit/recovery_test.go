package audit_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

// begun returns a store in its second epoch, with 9 entries in the first, of which 7 are published, and 6 in the second.
func begun(t testing.TB) (*audittest.Memory, *audit.Log, audit.Signed) {
	t.Helper()
	s := audittest.NewMemory()
	audittest.Add(t, s, audittest.Events(0, 7)...)
	old := publish(t, audittest.NewLog(t, s))
	audittest.Add(t, s, audittest.Events(7, 9)...)
	audittest.Begin(t, s, audittest.Recovery(t, s, 2))
	audittest.Add(t, s, audittest.Events(9, 14)...)
	return s, audittest.NewEpochLog(t, s, 2, nil), old
}

// Promise 7, across epochs: what was proved before stays proved, and by the same key; what comes after is proved by the new one; the patient's chain goes on.
func TestProofsOutliveTheirEpoch(t *testing.T) {
	s := audittest.NewMemory()
	first := audittest.NewLog(t, s)
	placed := audittest.Add(t, s, audittest.Events(0, 7)...)
	publish(t, first)
	receipt, err := first.Prove(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	audittest.Begin(t, s, audittest.Recovery(t, s, 2))
	audittest.Add(t, s, audittest.Events(7, 14)...)
	if _, err := first.Publish(t.Context()); !errors.Is(err, audit.ErrEpoch) {
		t.Errorf("the log of the closed epoch: Publish = %v, want ErrEpoch", err)
	}
	l := audittest.NewEpochLog(t, s, 2, nil)
	publish(t, l)

	if err := audit.VerifyProof(first.Verifier(), audit.Commit(placed[3].Salt, placed[3].Payload), receipt); err != nil {
		t.Errorf("the receipt of before: %v", err)
	}
	history, err := l.History(t.Context(), "patient-1", 0, 10)
	if err != nil || len(history) != 3 { // events 1, 7, 13
		t.Fatalf("History = %d entries, %v", len(history), err)
	}
	for i, h := range history {
		v := first.Verifier()
		if h.Entry.Epoch == 2 {
			v = l.Verifier()
		}
		if h.Proof == nil || audit.VerifyProof(v, h.Entry.Leaf, *h.Proof) != nil {
			t.Errorf("entry %d of epoch %d is not proved by the key of its epoch", h.Entry.Index, h.Entry.Epoch)
		}
		if i > 0 && string(h.Payload.Previous) != string(hashOf(history[i-1])) {
			t.Errorf("entry %d of epoch %d does not name the one before", h.Entry.Index, h.Entry.Epoch)
		}
	}
	closed, err := l.Epoch(t.Context(), 1)
	if err != nil || closed.VKey() != first.VKey() || closed.Origin() != origin {
		t.Fatalf("the closed epoch is %v, %v", closed, err)
	}
	if again, err := closed.Prove(t.Context(), 3); err != nil || !reflect.DeepEqual(again, receipt) {
		t.Errorf("the closed epoch proves otherwise than before: %v", err)
	}
	if _, err := closed.Tile(t.Context(), "tile/entries/000.p/7"); err != nil {
		t.Errorf("the closed epoch is not served: %v", err)
	}
	if _, err := closed.Tile(t.Context(), "tile/entries/000.p/8"); !errors.Is(err, audit.ErrNotFound) {
		t.Errorf("the closed epoch serves entries of the next: %v", err)
	}
	if _, err := l.Epoch(t.Context(), 3); !errors.Is(err, audit.ErrNotFound) {
		t.Errorf("an epoch that is not: %v, want ErrNotFound", err)
	}
}

func hashOf(p audit.Proved) []byte {
	leaf := p.Entry.Leaf.LeafHash()
	return leaf[:]
}

func TestVerifyStoreFindsAnEpochThatBeganWrongly(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(c *audittest.Contents)
		what string
	}{
		{"another end of the closed epoch", func(c *audittest.Contents) {
			c.Closed[0].State.Size, c.Closed[0].State.Edge = 8, c.Closed[0].State.Edge[:1]
			c.State.First = 8
		}, "missing or out of place"},
		{"the number of another epoch", func(c *audittest.Contents) {
			c.State.Epoch = 3
			for i := range c.Entries[9:] {
				c.Entries[9+i].Epoch = 3
			}
		}, "not what is stored"},
		{"a gap between the epochs", func(c *audittest.Contents) { c.State.First = 10 }, "does not follow"},
		{"an erased beginning", func(c *audittest.Contents) {
			c.Entries[9].Sealed, c.Entries[9].ErasedAt = nil, audittest.Epoch()
		}, "never erased"},
		{"a chain that does not go on", func(c *audittest.Contents) { c.Entries[7].Seq = 3 }, "differ"},
	} {
		s, l, _ := begun(t)
		if _, err := audit.VerifyStore(t.Context(), s, l.Keys(), audittest.Sealer(), nil); err != nil {
			t.Fatal(err)
		}
		s.Tamper(c.edit)
		var verify *audit.VerifyError
		if _, err := audit.VerifyStore(t.Context(), s, l.Keys(), audittest.Sealer(), nil); !errors.As(err, &verify) || !strings.Contains(err.Error(), c.what) {
			t.Errorf("%s: VerifyStore = %v, want %q", c.name, err, c.what)
		}
	}
	s, l, _ := begun(t)
	stranger, err := audit.NewKeyring(origin, audittest.EpochVKey(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := audit.VerifyStore(t.Context(), s, stranger, audittest.Sealer(), nil); err == nil {
		t.Error("VerifyStore holds without the key of the first epoch")
	}
	if _, err := audit.VerifyStore(t.Context(), s, l.Keys(), nil, nil); err != nil {
		t.Errorf("VerifyStore without opening: %v", err)
	}
}

// An epoch's first entry in place of the statement: somebody with the store and the data key, and without a key of the log.
func TestAnEpochIsBegunByAKeyOfTheLogOnly(t *testing.T) {
	for name, edit := range map[string]func(r *audit.Recovery){
		"another reason":         func(r *audit.Recovery) { r.Reason = "none" },
		"another key":            func(r *audit.Recovery) { r.VKey = vkeyOf(t, audit.EpochOrigin(origin, 2), rfc8032(t)) },
		"another checkpoint":     func(r *audit.Recovery) { r.Known = nil },
		"signed by the new key":  func(r *audit.Recovery) { _ = r.Sign(audit.EpochOrigin(origin, 2), audittest.EpochKey(2)) },
		"signed by a stranger":   func(r *audit.Recovery) { _ = r.Sign(origin, rfc8032(t)) },
		"a key of another epoch": func(r *audit.Recovery) { r.VKey = audittest.EpochVKey(t, 3); _ = r.Sign(origin, audittest.Key()) },
	} {
		s := audittest.NewMemory()
		audittest.Add(t, s, audittest.Events(0, 3)...)
		publish(t, audittest.NewLog(t, s))
		r := audittest.Recovery(t, s, 2)
		l := audittest.NewEpochLog(t, s, 2, nil)
		if err := r.Verify(l.Keys()); err != nil {
			t.Fatal(err)
		}
		edit(&r)
		if err := r.Verify(l.Keys()); !errors.Is(err, audit.ErrRecovery) {
			t.Errorf("%s: Verify = %v, want ErrRecovery", name, err)
		}
		audittest.Begin(t, s, r)
		var verify *audit.VerifyError
		if _, err := audit.VerifyStore(t.Context(), s, l.Keys(), audittest.Sealer(), nil); !errors.As(err, &verify) || verify.Epoch != 2 || verify.Index != 0 {
			t.Errorf("%s: VerifyStore = %v, want entry 0 of epoch 2", name, err)
		}
	}
}

func TestRecoveryIsReadBack(t *testing.T) {
	s := audittest.NewMemory()
	audittest.Add(t, s, audittest.Events(0, 3)...)
	publish(t, audittest.NewLog(t, s))
	want := audittest.Recovery(t, s, 2)
	got, err := audit.ReadRecovery(want.Event())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ReadRecovery (-want +got):\n%s", diff)
	}
	if err := want.Event().Validate(); err != nil {
		t.Error(err)
	}
	for name, edit := range map[string]func(r *audit.Recovery){
		"a reason that is too long":     func(r *audit.Recovery) { r.Reason = strings.Repeat("x", 501) },
		"a reason of two lines":         func(r *audit.Recovery) { r.Reason = "one\ntwo" },
		"the first epoch":               func(r *audit.Recovery) { r.Epoch = 1 },
		"no signature":                  func(r *audit.Recovery) { r.Signature = nil },
		"a checkpoint that is too long": func(r *audit.Recovery) { r.Known = make([]byte, 5000) },
	} {
		r := want
		edit(&r)
		if err := s.Update(t.Context(), func(tx audit.Tx) error { return audit.BeginEpoch(t.Context(), tx, r) }); !errors.Is(err, audit.ErrRecovery) {
			t.Errorf("%s: BeginEpoch = %v, want ErrRecovery", name, err)
		}
	}
	event := want.Event()
	event.Type = audit.LogAlarm
	if _, err := audit.ReadRecovery(event); !errors.Is(err, audit.ErrRecovery) {
		t.Errorf("of another event: %v, want ErrRecovery", err)
	}
}

// Cosignatures that do not fit are left out of the statement, the log's own signature never.
func TestRecoveryNamesACheckpointWithManyCosignatures(t *testing.T) {
	s := audittest.NewMemory()
	audittest.Add(t, s, audittest.Events(0, 3)...)
	r := audittest.Recovery(t, s, 2)
	note := sealedNote(t, origin, 2)
	r.Known = append(note[:len(note):len(note)], strings.Repeat("— witness.example/w1 "+strings.Repeat("A", 100)+"\n", 60)...)
	if err := r.Sign(origin, audittest.Key()); err != nil {
		t.Fatal(err)
	}
	if len(r.Known) > 4096 || !strings.HasPrefix(string(r.Known), string(note)) || !strings.HasSuffix(string(r.Known), "\n") {
		t.Errorf("the checkpoint is %d bytes: %q", len(r.Known), r.Known)
	}
	if err := r.Verify(audittest.NewEpochLog(t, s, 2, nil).Keys()); err != nil {
		t.Error(err)
	}
}

func FuzzReadRecovery(f *testing.F) {
	s := audittest.NewMemory()
	r := audittest.Recovery(f, s, 2)
	d := r.Event().Details
	f.Add(d["epoch"], d["vkey"], d["closed_size"], d["closed_root"], "aGk", d["signature"], r.Reason)
	f.Add("2", "", "-1", "", "", "", "\n")
	f.Fuzz(func(t *testing.T, epoch, vkey, size, root, known, signature, reason string) {
		event := audit.Event{Type: audit.LogEpoch, At: audittest.Epoch(), Actor: audit.Actor{Kind: audit.ByOperator}, ReasonText: reason, Outcome: audit.Done, Details: map[string]string{
			"epoch": epoch, "vkey": vkey, "old_vkey": d["old_vkey"], "closed_origin": origin, "closed_size": size, "closed_root": root, "known": known, "signature": signature,
		}}
		got, err := audit.ReadRecovery(event)
		if err != nil {
			return
		}
		if diff := cmp.Diff(event, got.Event()); diff != "" && known != "" {
			t.Errorf("written again it differs (-read +written):\n%s", diff)
		}
	})
}
