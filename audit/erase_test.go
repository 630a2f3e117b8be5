package audit_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

// erasedLog is a published log of 24 entries of which 1, 7, 8 and 13 are erased: patient-1 has 1, 7, 13 and 19. Entries 24 to 27 say so.
func erasedLog(t testing.TB) (*audittest.Memory, *audit.Log) {
	t.Helper()
	s, l := published(t, 24)
	audittest.Erase(t, s, audit.OnRequest, 1, 7, 8, 13)
	publish(t, l)
	return s, l
}

// secondEpoch closes the epoch of a store and begins another in which it goes on, after the entry that says so.
func secondEpoch(t testing.TB, s *audittest.Memory, events ...audit.Event) *audit.Log {
	t.Helper()
	audittest.Begin(t, s, audittest.Recovery(t, s, 2))
	audittest.Add(t, s, events...)
	return audittest.NewEpochLog(t, s, 2, nil)
}

func TestWhatIsErasedIsSpokenFor(t *testing.T) {
	s, _ := erasedLog(t)
	report := audittest.Verify(t, s, 28)
	if report.Erased != 4 || report.Opened != 24 || report.Pruned != 0 {
		t.Errorf("report = %+v", report)
	}
	audittest.Prune(t, s, 8)
	if report := audittest.Verify(t, s, 29); report.Erased != 2 || report.Pruned != 2 {
		t.Errorf("after pruning: report = %+v", report)
	}
	audittest.Prune(t, s, 16)
	audittest.Add(t, s, audittest.Events(24, 40)...)
	if report := audittest.Verify(t, s, 46); report.Erased != 0 || report.Pruned != 4 {
		t.Errorf("after more pruning: report = %+v", report)
	}
	if _, err := audit.VerifyStore(t.Context(), s, audittest.NewLog(t, s).Keys(), nil, nil); err != nil {
		t.Errorf("without a key to the payloads: %v", err)
	}
}

func TestAnErasureIsSpokenForInALaterEpoch(t *testing.T) {
	s, _ := published(t, 24)
	l := secondEpoch(t, s, audittest.Events(24, 30)...)
	verify := func() (audit.Report, error) {
		return audit.VerifyStore(t.Context(), s, l.Keys(), audittest.Sealer(), nil)
	}
	audittest.Erase(t, s, audit.OnAge, 1, 7)
	if report, err := verify(); err != nil || report.Erased != 2 || report.Size != 33 {
		t.Errorf("report = %+v, %v", report, err)
	}
	audittest.Prune(t, s, 24)
	if report, err := verify(); err != nil || report.Pruned != 2 || report.Size != 34 {
		t.Errorf("report = %+v, %v", report, err)
	}
	s.Tamper(func(c *audittest.Contents) { c.Entries[0].Sealed, c.Entries[0].ErasedAt = nil, audittest.Epoch() })
	if _, err := verify(); !failsAt(err, 0) {
		t.Errorf("an erasure of which nobody speaks: %v", err)
	}
}

// Whatever is taken away without an entry that says so is found, and so is an entry that says what is not so.
func TestUnjustifiedErasureIsFound(t *testing.T) {
	at := audittest.Epoch()
	for _, c := range []struct {
		name  string
		edit  func(c *audittest.Contents)
		index int64
		what  string
	}{
		{"words that are gone", func(c *audittest.Contents) { c.Entries[3].Sealed, c.Entries[3].ErasedAt = nil, at }, 3, "no later entry"},
		{"words about nobody that are gone", func(c *audittest.Contents) {
			c.Entries[12].Sealed, c.Entries[12].ErasedAt = nil, at // of a patient of its own
		}, 12, "no later entry"},
		{"an erased entry of a lasting type", func(c *audittest.Contents) { c.Entries[5].Sealed, c.Entries[5].ErasedAt = nil, at }, 5, "never erased"},
		{"another time of erasure", func(c *audittest.Contents) { c.Entries[7].ErasedAt = c.Entries[7].ErasedAt.Add(time.Millisecond) }, 25, "is not what that entry shows"},
		{"another kind", func(c *audittest.Contents) { c.Entries[7].Type = audit.CardScanned }, 25, "is not what that entry shows"},
		{"another time", func(c *audittest.Contents) { c.Entries[7].At = at }, 25, "is not what that entry shows"},
		{"another subject", func(c *audittest.Contents) {
			// 7 is the second of patient-1 and 8 of patient-2, and 14 the third of patient-2.
			c.Entries[7].Subject, c.Entries[8].Subject = c.Entries[8].Subject, c.Entries[7].Subject
		}, 14, "does not follow"},
		{"words that came back", func(c *audittest.Contents) {
			c.Entries[7].ErasedAt = time.Time{}
			plain := append(make([]byte, audit.SaltSize), "{}"...)
			c.Entries[7].Sealed, _ = audittest.Sealer().Seal(7, plain)
		}, 7, "its commitment is not"},
		{"a row that is gone", func(c *audittest.Contents) { c.Entries = slices.Delete(c.Entries, 7, 8) }, 7, "row is missing"},
		{"a minimum of which nobody speaks", func(c *audittest.Contents) { c.Minimum = 16 }, -1, "may be pruned below 16"},
	} {
		s, l := erasedLog(t)
		s.Tamper(c.edit)
		if err := verifyStore(t, s, l.Verifier()); !failsAt(err, c.index) || !strings.Contains(err.Error(), c.what) {
			t.Errorf("%s: VerifyStore = %v, want entry %d and %q", c.name, err, c.index, c.what)
		}
	}
	for _, c := range []struct {
		name string
		edit func(e *audit.Entry) (gone bool)
		what string
	}{
		{"a row that nobody erased", func(e *audit.Entry) bool { return e.Row == 3 }, "entry 3: its row is gone, and no entry says that it was erased"},
		{"a row about nobody", func(e *audit.Entry) bool { return e.Row == 5 }, "entry 5: its row is gone, and no entry says that it was erased"},
		{"a row above the minimum", func(e *audit.Entry) bool { return e.Row == 19 }, "entry 19: its row is missing"},
		{"the entry that says so", func(e *audit.Entry) bool { return e.Row == 25 }, "entry 25: its row is missing"},
		{"a row out of its place", func(e *audit.Entry) bool {
			if e.Row == 3 {
				e.Index = 1
			}
			return false
		}, "out of place"},
	} {
		s, l := erasedLog(t)
		audittest.Prune(t, s, 16)
		s.Tamper(func(kept *audittest.Contents) {
			kept.Entries = slices.DeleteFunc(slices.Clone(kept.Entries), func(e audit.Entry) bool { return c.edit(&e) })
			for i := range kept.Entries {
				c.edit(&kept.Entries[i])
			}
		})
		var verify *audit.VerifyError
		if err := verifyStore(t, s, l.Verifier()); !errors.As(err, &verify) || !strings.Contains(err.Error(), c.what) {
			t.Errorf("%s, pruned: VerifyStore = %v, want %q", c.name, err, c.what)
		}
	}
}

// liar appends an entry that says something of another one, in a log whose entry 7 is erased or gone.
func TestAFalseWordOfAnErasureIsFound(t *testing.T) {
	for _, pruned := range []bool{false, true} {
		for _, c := range []struct {
			name string
			lie  func(said *audit.Erased, e *audit.Event)
			what string
		}{
			{"the truth", func(*audit.Erased, *audit.Event) {}, ""},
			{"another entry", func(said *audit.Erased, _ *audit.Event) { said.Index = 6 }, "words are still there"},
			{"an entry to come", func(said *audit.Erased, _ *audit.Event) { said.Index = 600 }, "does not come before it"},
			{"an epoch that there is not", func(said *audit.Erased, _ *audit.Event) { said.Epoch = 4 }, "does not come before it"},
			{"another leaf", func(said *audit.Erased, _ *audit.Event) { said.Leaf[0] ^= 1 }, "is not what that entry shows"},
			{"another number", func(said *audit.Erased, _ *audit.Event) { said.Seq, said.Previous = 1, nil }, ""},
			{"another entry before it", func(said *audit.Erased, _ *audit.Event) { said.Previous[0] ^= 1 }, ""},
			{"another subject", func(_ *audit.Erased, e *audit.Event) { e.Subject = "patient-2" }, ""},
			{"no ground", func(said *audit.Erased, _ *audit.Event) { said.Ground = "" }, "does not say which entry"},
		} {
			s, l := published(t, 24)
			found, err := l.Erasable(t.Context(), 1, 7)
			if err != nil {
				t.Fatal(err)
			}
			said := found.Erased
			said.Ground = audit.OnMistake
			event := audit.Event{Type: audit.EntryErased, At: audittest.Epoch(), Subject: "patient-1", Actor: audit.Actor{Kind: audit.ByServer}}
			c.lie(&said, &event)
			event.Details = said.Details()
			s.Tamper(func(c *audittest.Contents) { c.Entries[7].Sealed, c.Entries[7].ErasedAt = nil, event.At })
			audittest.Add(t, s, event)
			if pruned {
				audittest.Prune(t, s, 16)
			}
			err = verifyStore(t, s, l.Verifier())
			if (c.name == "the truth") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.what) {
				t.Errorf("%s, pruned %v: VerifyStore = %v, want %q", c.name, pruned, err, c.what)
			}
			var verify *audit.VerifyError
			if err != nil && !errors.As(err, &verify) {
				t.Errorf("%s, pruned %v: %v is no VerifyError", c.name, pruned, err)
			}
		}
	}
}

// erasing erases in the middle of a verification.
type erasing struct {
	audit.Store
	at    int64
	erase func()
}

func (e *erasing) Epoch(number int) audit.Reader { return erasingReader{e.Store.Epoch(number), e} }

type erasingReader struct {
	audit.Reader
	e *erasing
}

func (r erasingReader) Entries(ctx context.Context, from, to int64) ([]audit.Entry, error) {
	if erase := r.e.erase; erase != nil && from == r.e.at {
		r.e.erase = nil
		erase()
	}
	return r.Reader.Entries(ctx, from, to)
}

// An erasure beside a verification is no damage: before the entry is visited, and after it.
func TestVerifyStoreWhileWordsAreErased(t *testing.T) {
	for _, c := range []struct {
		name  string
		at    int64
		prune bool
		size  int64
	}{{"before its entry", 0, false, 26}, {"after it", 24, false, 24}, {"and pruned", 0, true, 27}} {
		s, l := published(t, 24)
		during := &erasing{s, c.at, func() {
			audittest.Erase(t, s, audit.OnRequest, 7, 9)
			if c.prune {
				audittest.Prune(t, s, 16)
			}
		}}
		report, err := audit.VerifyStore(t.Context(), during, l.Keys(), audittest.Sealer(), nil)
		if err != nil || report.Size != c.size {
			t.Errorf("erased %s: VerifyStore = %d entries, %v, want %d", c.name, report.Size, err, c.size)
		}
		if during.erase != nil {
			t.Errorf("erased %s: nothing was erased meanwhile", c.name)
		}
	}
}

func TestWhatCanBeErased(t *testing.T) {
	s, l := published(t, 24)
	found, err := l.ErasableOf(t.Context(), "patient-1", 0, 3, 10)
	if err != nil || len(found) != 3 {
		t.Fatalf("ErasableOf = %d, %v, want 3", len(found), err)
	}
	for i, each := range found {
		if each.Entry.Index != int64(6*i+1) || each.Entry.Sealed != nil || each.Payload.Grant != audittest.Event(6*i+1).Grant || (each.Erased.Previous == nil) != (i == 0) {
			t.Errorf("entry %d of patient-1 is %+v", i, each)
		}
	}
	if found, err := l.ErasableOf(t.Context(), "patient-1", 1, 9, 2); err != nil || len(found) != 2 || found[0].Entry.Seq != 2 {
		t.Errorf("ErasableOf after 1, at most 2 = %v, %v", found, err)
	}
	for name, index := range map[string]int64{"an entry about a key": 5, "an entry that says so": 24, "an erased entry": 7} {
		if index == 24 {
			audittest.Erase(t, s, audit.OnRequest, 7)
		}
		if index == 7 {
			audittest.Erase(t, s, audit.OnRequest, 8)
			index = 8
		}
		if _, err := l.Erasable(t.Context(), 1, index); !errors.Is(err, audit.ErrErase) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, place := range [][2]int64{{1, 600}, {1, -1}, {2, 0}} {
		if _, err := l.Erasable(t.Context(), int(place[0]), place[1]); !errors.Is(err, audit.ErrNotFound) {
			t.Errorf("entry %d of epoch %d: %v", place[1], place[0], err)
		}
	}
	s.Tamper(func(c *audittest.Contents) { c.Entries[9].Sealed[3] ^= 1 })
	if _, err := l.Erasable(t.Context(), 1, 9); !failsAt(err, 9) {
		t.Errorf("a damaged entry: %v", err)
	}
}

func TestWhatIsErasedByAge(t *testing.T) {
	s, l := published(t, 600) // one a second; a sixth of them lasts
	secondEpoch(t, s, audittest.Events(600, 900)...)
	audittest.Erase(t, s, audit.OnRequest, 0, 1)
	s.Tamper(func(c *audittest.Contents) { c.Entries[7].Sealed = []byte("damaged") })
	for _, c := range []struct {
		name   string
		before int
		want   int
	}{{"none is that old", 0, 0}, {"some are", 300, 247}, {"those of two epochs are", 700, 581}} {
		got, calls := 0, 0
		seen := make(map[int64]bool)
		for from := int64(0); from >= 0; calls++ {
			found, next, err := l.ErasableBefore(t.Context(), audittest.Event(c.before).At, from, 100)
			if err != nil || len(found) > 100 {
				t.Fatalf("%s: ErasableBefore = %d, %v", c.name, len(found), err)
			}
			for _, each := range found {
				if seen[each.Entry.Row] || !each.Entry.At.Before(audittest.Event(c.before).At) {
					t.Errorf("%s: row %d is found twice, or too young", c.name, each.Entry.Row)
				}
				seen[each.Entry.Row] = true
			}
			got, from = got+len(found), next
		}
		if got != c.want || calls < c.want/100 {
			t.Errorf("%s: %d in %d calls, want %d", c.name, got, calls, c.want)
		}
	}
}

func TestParseErased(t *testing.T) {
	truth := audit.Erased{Epoch: 2, Index: 17, Type: audit.GlassOpened, At: audittest.Epoch(), Seq: 3, Leaf: sha256.Sum256([]byte("leaf")), Previous: make([]byte, 32), Ground: audit.OnOrder}
	payload := func(e audit.Erased, subject string) audit.Payload {
		return audit.Payload{Event: audit.Event{Type: audit.EntryErased, Subject: subject, Details: e.Details()}, Seq: 9}
	}
	first, nobodys := truth, truth
	first.Seq, first.Previous = 1, nil
	nobodys.Seq, nobodys.Previous = 0, nil
	for subject, e := range map[string]audit.Erased{"patient-1": truth, "patient-2": first, "": nobodys} {
		got, err := audit.ParseErased(payload(e, subject))
		if err != nil || !cmp.Equal(got, e) {
			t.Errorf("ParseErased = %+v, %v, want %+v", got, err, e)
		}
	}
	for name, edit := range map[string]func(p *audit.Payload){
		"another type":           func(p *audit.Payload) { p.Type = audit.LogPruned },
		"no epoch":               func(p *audit.Payload) { delete(p.Details, "epoch") },
		"epoch 0":                func(p *audit.Payload) { p.Details["epoch"] = "0" },
		"a huge epoch":           func(p *audit.Payload) { p.Details["epoch"] = "99999999" },
		"an index with a zero":   func(p *audit.Payload) { p.Details["index"] = "017" },
		"no type":                func(p *audit.Payload) { delete(p.Details, "type") },
		"no time":                func(p *audit.Payload) { p.Details["at"] = "0" },
		"a leaf that is none":    func(p *audit.Payload) { p.Details["leaf"] = "AAAA" },
		"an unknown ground":      func(p *audit.Payload) { p.Details["ground"] = "whim" },
		"no number":              func(p *audit.Payload) { delete(p.Details, "seq") },
		"a number of its future": func(p *audit.Payload) { p.Details["seq"] = "9" },
		"no entry before":        func(p *audit.Payload) { delete(p.Details, "prev") },
		"something more":         func(p *audit.Payload) { p.Details["why"] = "" },
		"a subject too many":     func(p *audit.Payload) { p.Subject = "" },
	} {
		p := payload(truth, "patient-1")
		p.Details = maps.Clone(p.Details)
		edit(&p)
		if _, err := audit.ParseErased(p); !errors.Is(err, audit.ErrPayload) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseErased(f *testing.F) {
	for _, seq := range []uint64{0, 1, 7} {
		said := audit.Erased{Epoch: 1, Index: 17, Type: audit.GlassOpened, At: audittest.Epoch(), Seq: seq, Ground: audit.OnRequest}
		event := audit.Event{Type: audit.EntryErased, At: audittest.Epoch(), Actor: audit.Actor{Kind: audit.ByServer}}
		var previous []byte
		if seq > 0 {
			event.Subject, previous = "patient-1", make([]byte, 32)
		}
		if seq > 1 {
			said.Previous = previous
		}
		event.Details = said.Details()
		f.Add(audit.Canonical(event, seq*2, previous))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		p, err := audit.ParsePayload(payload)
		if err != nil {
			return
		}
		said, err := audit.ParseErased(p)
		if err == nil && !maps.Equal(said.Details(), p.Details) {
			t.Errorf("what is said of an erased entry is written again as %v", said.Details())
		}
	})
}
