package datadir_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/storage"
)

// reader is a reader without a network: what it has of the house's lists, and cards.
type reader struct {
	t     *testing.T
	dir   string
	trust cards.KeySet
}

// fetch follows the house to its present trust list.
func (r *reader) fetch() {
	r.t.Helper()
	house, err := datadir.Open(context.Background(), datadir.Options{Dir: r.dir})
	if err != nil {
		r.t.Fatal(err)
	}
	defer house.Close(context.Background())
	text, err := house.Service.TrustList(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	if r.trust.Keys() == nil {
		if r.trust, err = cards.NewKeySet(house.Service.Signer.Key()); err != nil {
			r.t.Fatal(err)
		}
	}
	list, err := cards.ParseTrustList(text, r.trust)
	if err != nil {
		r.t.Fatal(err)
	}
	if r.trust, err = list.KeySet(); err != nil {
		r.t.Fatal(err)
	}
}

// issue makes a card in the house as it is.
func issue(t *testing.T, dir string) []byte {
	t.Helper()
	house, err := datadir.Open(context.Background(), datadir.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer house.Close(context.Background())
	issued, _, err := house.Service.IssueFromDocument(context.Background(), emergency.Caller{Operator: true}, emergencytest.Load("adult").Bundle, "adult.json", emergency.CardChoices{})
	if err != nil {
		t.Fatal(err)
	}
	return issued.Address.Envelope
}

func (r *reader) says(envelope []byte, want cards.Status, reason cards.Reason) {
	r.t.Helper()
	result, err := cards.Verify(envelope, r.trust, time.Now().Add(time.Second))
	if err != nil || result.Status != want || result.Reason != reason {
		r.t.Errorf("the reader says %s (%s), want %s (%s); %v", result.Status, result.Reason, want, reason, err)
	}
}

// TestAKeyChangesWithOverlap: readers learn the next key before it signs, old cards go on verifying, and a withdrawn key ends all of its cards.
func TestAKeyChangesWithOverlap(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "data")
	if err := datadir.Init(ctx, dir, "", datadir.Settings{URL: "https://card.example.org"}); err != nil {
		t.Fatal(err)
	}
	old := issue(t, dir)
	reader := &reader{t: t, dir: dir}
	reader.fetch()
	reader.says(old, cards.StatusVerified, "")

	first, err := datadir.Rotate(ctx, dir, "", rand.Reader, time.Now, false)
	if err != nil || first.Signing {
		t.Fatalf("the first step: %+v, %v", first, err)
	}
	reader.fetch() // the last time that this reader is on line for long
	if _, err := datadir.Rotate(ctx, dir, "", rand.Reader, time.Now, false); !errors.Is(err, datadir.ErrTooSoon) {
		t.Errorf("the second step at once: %v, want ErrTooSoon", err)
	}
	release, err := storage.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	later := func() time.Time { return time.Now().Add(datadir.Overlap + time.Hour) }
	if _, err := datadir.Rotate(ctx, dir, "", rand.Reader, later, false); !errors.Is(err, storage.ErrLocked) {
		t.Errorf("beside a running server: %v, want ErrLocked", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	second, err := datadir.Rotate(ctx, dir, "", rand.Reader, time.Now, true)
	if err != nil || !second.Signing || !second.Next.Public.Equal(first.Next.Public) {
		t.Fatalf("the second step: %+v, %v", second, err)
	}
	fresh := issue(t, dir)
	reader.says(fresh, cards.StatusVerified, "")
	reader.fetch()
	reader.says(old, cards.StatusVerified, "")

	own, err := datadir.OwnKeys(ctx, dir, "")
	if err != nil || len(own) != 2 || own[1].NotAfter.IsZero() {
		t.Fatalf("the keys are %+v, %v", own, err)
	}
	if _, err := datadir.Withdraw(ctx, dir, "", "AAAA", time.Now(), rand.Reader, time.Now); !errors.Is(err, datadir.ErrNoSuchKey) {
		t.Errorf("an unknown key: %v, want ErrNoSuchKey", err)
	}
	// The key that signs is withdrawn: another signs at once, and nothing of the old one is believed any more.
	own, err = datadir.Withdraw(ctx, dir, "", fingerprint(t, own[0]), time.Now(), rand.Reader, time.Now)
	if err != nil || len(own) != 3 {
		t.Fatalf("the keys are %+v, %v", own, err)
	}
	again := issue(t, dir)
	reader.trust = cards.KeySet{} // the list is signed by a key that no list of before has named
	reader.fetch()
	reader.says(again, cards.StatusVerified, "")
	reader.says(fresh, cards.StatusRevoked, cards.ReasonKeyCompromised)
	reader.says(old, cards.StatusVerified, "")
}

func fingerprint(t *testing.T, key cards.Key) string {
	t.Helper()
	thumbprint, err := cards.Thumbprint(key.Public)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(thumbprint[:])
}

// newHouse makes a data directory.
func newHouse(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	if err := datadir.Init(t.Context(), dir, "", datadir.Settings{URL: "https://card.example.org"}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func rotate(t *testing.T, dir string, atOnce bool) datadir.Rotation {
	t.Helper()
	done, err := datadir.Rotate(t.Context(), dir, "", rand.Reader, time.Now, atOnce)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func withdraw(t *testing.T, dir string, key cards.Key) []cards.Key {
	t.Helper()
	own, err := datadir.Withdraw(t.Context(), dir, "", fingerprint(t, key), time.Now(), rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return own
}

func ownKeys(t *testing.T, dir string) []cards.Key {
	t.Helper()
	own, err := datadir.OwnKeys(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	return own
}

// keep copies files of a key directory as they are, and returns what puts the copies back.
func keep(t *testing.T, dir string, names ...string) (putBack func()) {
	t.Helper()
	copies := map[string][]byte{}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(dir, "keys", name))
		if err != nil {
			t.Fatal(err)
		}
		copies[name] = content
	}
	return func() {
		for name, content := range copies {
			if err := os.WriteFile(filepath.Join(dir, "keys", name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// says checks what the house believes of a card that it issued.
func says(t *testing.T, dir string, envelope []byte, want cards.Status) {
	t.Helper()
	set, err := cards.NewKeySet(ownKeys(t, dir)...)
	if err != nil {
		t.Fatal(err)
	}
	if result, err := cards.Verify(envelope, set, time.Now().Add(time.Second)); err != nil || result.Status != want {
		t.Errorf("the house says %s (%s) of its card, want %s; %v", result.Status, result.Reason, want, err)
	}
}

func TestAWithdrawnKeyNeverSigns(t *testing.T) {
	next := "issuer-next.pem"
	t.Run("the one that waits", func(t *testing.T) {
		dir := newHouse(t)
		first := rotate(t, dir, false)
		withdraw(t, dir, first.Next)
		if _, err := os.Stat(filepath.Join(dir, "keys", next)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the withdrawn key waits on: %v", err)
		}
		if second := rotate(t, dir, true); second.Next.Public.Equal(first.Next.Public) {
			t.Error("the withdrawn key signs")
		}
		says(t, dir, issue(t, dir), cards.StatusVerified)
	})
	for _, c := range []struct {
		name string
		end  func(t *testing.T, dir string, key cards.Key)
	}{
		{"put back after it was withdrawn", func(t *testing.T, dir string, key cards.Key) { withdraw(t, dir, key) }},
		{"put back after it was retired", func(t *testing.T, dir string, key cards.Key) {
			rotate(t, dir, true)
			rotate(t, dir, true)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := newHouse(t)
			first := rotate(t, dir, false)
			putBack := keep(t, dir, next)
			c.end(t, dir, first.Next)
			putBack()
			for _, atOnce := range []bool{false, true} {
				if _, err := datadir.Rotate(t.Context(), dir, "", rand.Reader, time.Now, atOnce); !errors.Is(err, datadir.ErrEnded) {
					t.Errorf("at once %v: %v, want ErrEnded", atOnce, err)
				}
			}
			withdraw(t, dir, first.Next) // again: it takes the file away
			rotate(t, dir, true)
			says(t, dir, issue(t, dir), cards.StatusVerified)
		})
	}
}

// TestAHouseAlwaysGetsAKey: whatever was cut short, or put back from an old copy of the keys.
func TestAHouseAlwaysGetsAKey(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		ended bool // the house does not open until it has another key
	}{
		{"the present key was withdrawn, and comes back with an old copy", func(t *testing.T, dir string) {
			putBack := keep(t, dir, "issuer.pem")
			withdraw(t, dir, ownKeys(t, dir)[0])
			putBack()
		}, true},
		{"the power went after the present key was retired", func(t *testing.T, dir string) {
			rotate(t, dir, false)
			putBack := keep(t, dir, "issuer.pem", "issuer-next.pem")
			rotate(t, dir, true)
			putBack()
		}, true},
		{"half way, and the next key was withdrawn", func(t *testing.T, dir string) {
			withdraw(t, dir, rotate(t, dir, false).Next)
		}, false},
		{"half way, the next key was withdrawn and comes back", func(t *testing.T, dir string) {
			first := rotate(t, dir, false)
			putBack := keep(t, dir, "issuer-next.pem")
			withdraw(t, dir, first.Next)
			putBack()
		}, false},
		{"half way", func(t *testing.T, dir string) { rotate(t, dir, false) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := newHouse(t)
			old := issue(t, dir)
			c.spoil(t, dir)
			if house, err := datadir.Open(t.Context(), datadir.Options{Dir: dir}); c.ended && !errors.Is(err, datadir.ErrRetired) {
				t.Errorf("opening: %v, want ErrRetired", err)
			} else if err == nil {
				if err := house.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			present := ownKeys(t, dir)[0]
			own := withdraw(t, dir, present)
			if own[0].Public.Equal(present.Public) || !own[0].NotAfter.IsZero() || !own[0].CompromisedSince.IsZero() {
				t.Errorf("the key that signs is %+v", own[0])
			}
			says(t, dir, old, cards.StatusRevoked)
			says(t, dir, issue(t, dir), cards.StatusVerified)
		})
	}
	t.Run("by a rotation alone", func(t *testing.T) {
		dir := newHouse(t)
		old := issue(t, dir)
		putBack := keep(t, dir, "issuer.pem")
		withdraw(t, dir, ownKeys(t, dir)[0])
		putBack()
		if _, err := datadir.Rotate(t.Context(), dir, "", rand.Reader, time.Now, false); !errors.Is(err, datadir.ErrRetired) {
			t.Errorf("in two steps: %v, want ErrRetired", err)
		}
		rotate(t, dir, true)
		says(t, dir, old, cards.StatusRevoked) // still
		says(t, dir, issue(t, dir), cards.StatusVerified)
	})
}

func TestAKeyIsNotInOtherHandsSinceBeforeThereWereKeys(t *testing.T) {
	dir := newHouse(t)
	present := ownKeys(t, dir)[0]
	for _, since := range []time.Time{{}, time.Unix(0, 0), time.Unix(-1, 0)} {
		if _, err := datadir.Withdraw(t.Context(), dir, "", fingerprint(t, present), since, rand.Reader, time.Now); !errors.Is(err, datadir.ErrSince) {
			t.Errorf("since %v: %v, want ErrSince", since, err)
		}
	}
	if own := ownKeys(t, dir); !own[0].Public.Equal(present.Public) {
		t.Error("another key signs")
	}
}
