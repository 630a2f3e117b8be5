package datadir

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/vault"
)

func newGoneList(t testing.TB, path string) goneList {
	t.Helper()
	data, err := vault.NewDataKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return goneBeside(highWaterOf("", path), data)
}

// someGone is one thing of each kind.
func someGone() []emergency.Gone {
	return []emergency.Gone{
		{Entry: emergency.EntryPlace{Epoch: 2, Index: 0}, Leaf: [32]byte{1, 31: 2}, Ground: audit.OnMistake},
		{Patient: "AAAAAAAAAAAAAAAAAAAAAA"}, {Account: "-_-_-_-_-_-_-_-_-_-_-Q"}, {Card: cards.ID{1, 2, 3}},
	}
}

func readGone(t testing.TB, l goneList, recent bool) (all []emergency.Gone, unreadable int) {
	t.Helper()
	unreadable, err := l.Read(context.Background(), recent, func(part []emergency.Gone) error {
		all = append(all, part...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, unreadable
}

func TestWhatIsGoneIsListed(t *testing.T) {
	ctx := t.Context()
	l := newGoneList(t, filepath.Join(t.TempDir(), "mark"))
	if all, _ := readGone(t, l, false); all != nil {
		t.Errorf("nothing is listed as %v", all)
	}
	for _, gone := range [][]emergency.Gone{nil, someGone()[:1], someGone()[1:]} {
		if err := l.Add(ctx, gone...); err != nil {
			t.Fatal(err)
		}
	}
	all, unreadable := readGone(t, l, false)
	if diff := cmp.Diff(someGone(), all); diff != "" || unreadable != 0 {
		t.Errorf("%d unreadable, and got (+), want (-):\n%s", unreadable, diff)
	}
	raw, err := os.ReadFile(l.path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(l.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	for _, word := range []string{"patient", "AAAAAAAAAAAA", "mistake"} {
		if bytes.Contains(raw, []byte(word)) {
			t.Errorf("%q stands in the open", word)
		}
	}

	// Neither a line that was cut short nor a forged, a foreign or an endless one keeps the others from being read; what comes after them is another line.
	foreign := newGoneList(t, filepath.Join(t.TempDir(), "mark"))
	if err := foreign.Add(ctx, someGone()[1]); err != nil {
		t.Fatal(err)
	}
	others, err := os.ReadFile(foreign.path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(raw, []byte("\n"))
	forged := bytes.Clone(lines[1])
	forged[60] ^= 1
	bad := bytes.Join([][]byte{forged, others, []byte("patient AAAAAAAAAAAAAAAAAAAAAA\n\n"), bytes.Repeat([]byte("A"), 3*maxGoneLine), []byte("\n"), lines[0][:40]}, nil)
	if err := os.WriteFile(l.path, append(bytes.Clone(raw), bad...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Add(ctx, someGone()[3]); err != nil {
		t.Fatal(err)
	}
	for _, recent := range []bool{false, true} {
		all, unreadable = readGone(t, l, recent)
		if diff := cmp.Diff(append(someGone(), someGone()[3]), all); diff != "" || unreadable != 6 {
			t.Errorf("%d unreadable, want 6, and got (+), want (-):\n%s", unreadable, diff)
		}
	}
	if err := newGoneList(t, filepath.Join(t.TempDir(), "no", "mark")).Add(ctx); err == nil {
		t.Error("a list can be written in a folder that is not there")
	}
	stop := errors.New("stop")
	if _, err := l.Read(ctx, false, func([]emergency.Gone) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Read goes on: %v", err)
	}
}

// A list that has grown too long becomes the older half. Of the newest no more is read than shows whether a store was set back.
func TestTheListIsBounded(t *testing.T) {
	l := newGoneList(t, filepath.Join(t.TempDir(), "mark"))
	if err := l.Add(t.Context(), someGone()...); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(l.path)
	if err != nil {
		t.Fatal(err)
	}
	long := bytes.Repeat(whole, 1+recentGone/len(whole))
	if err := os.WriteFile(l.path, long, 0o600); err != nil {
		t.Fatal(err)
	}
	newest, unreadable := readGone(t, l, true)
	if all, _ := readGone(t, l, false); len(newest) == 0 || len(newest) >= len(all) || unreadable != 0 {
		t.Errorf("%d of %d things are the newest, %d lines unreadable", len(newest), len(all), unreadable)
	}
	if err := os.Truncate(l.path, maxGoneFile); err != nil { // the rest of it is a hole
		t.Fatal(err)
	}
	if err := l.Add(t.Context(), someGone()[1]); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(l.path); err != nil || info.Size() > maxGoneLine {
		t.Errorf("the list goes on with %d bytes (%v)", info.Size(), err)
	}
	if older, err := os.Stat(l.path + olderSuffix); err != nil || older.Size() != maxGoneFile {
		t.Errorf("the older half: %v", err)
	}
}

// What was listed goes along when the mark is kept elsewhere from now on.
func TestTheListMovesWithTheMark(t *testing.T) {
	ctx, dir := t.Context(), filepath.Join(t.TempDir(), "data")
	if err := Init(ctx, dir, "", Settings{}); err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "mark")
	for i, file := range []string{"", elsewhere, elsewhere, ""} {
		house, err := Open(ctx, Options{Dir: dir, HighWater: file})
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			err = house.Service.Gone.Add(ctx, someGone()[i])
		}
		if err := errors.Join(err, house.Close(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := LoadKeys(KeyDir(dir, ""))
	if err != nil {
		t.Fatal(err)
	}
	all, _ := readGone(t, goneBeside(highWaterOf("", elsewhere), keys.Data), false)
	if diff := cmp.Diff([]emergency.Gone{someGone()[0], someGone()[2]}, all); diff != "" {
		t.Errorf("got (+), want (-):\n%s", diff)
	}
}

// FuzzParseGone: what is read is written as it was.
func FuzzParseGone(f *testing.F) {
	for _, gone := range someGone() {
		f.Add(goneText(gone))
	}
	for _, seed := range []string{"", "entry", "entry 0 0 AA ", "entry 01 2 " + strings.Repeat("A", 43) + " request", "entry 1 -2 " + strings.Repeat("A", 43) + " retention", "patient  ", "card \n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		gone, err := parseGone(text)
		if err == nil && goneText(gone) != text {
			t.Errorf("%q is read as %+v", text, gone)
		}
		if err != nil && gone != (emergency.Gone{}) {
			t.Errorf("%q is refused and read as %+v", text, gone)
		}
	})
}

// FuzzReadGone: whatever stands in the file, its own lines are read, and no line is read that is none of its own.
func FuzzReadGone(f *testing.F) {
	l := newGoneList(f, filepath.Join(f.TempDir(), "mark"))
	if err := l.Add(context.Background(), someGone()[1]); err != nil {
		f.Fatal(err)
	}
	own, err := os.ReadFile(l.path)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "\n", "AAAA\n\n", string(own[:30]), strings.Repeat("x", maxGoneLine), strings.Repeat("x", maxGoneLine-1) + "\n", strings.Repeat("y", 2*maxGoneLine+1)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, junk []byte) {
		read, refused := 0, 0
		lines := bytes.Count(junk, []byte("\n")) + 2
		if err := goneLines(bytes.NewReader(append(append(bytes.Clone(junk), '\n'), own...)), func(line []byte) error {
			if len(line) >= maxGoneLine {
				t.Errorf("a line of %d bytes", len(line))
			}
			if gone, err := l.open(line); err != nil {
				refused++
			} else if read++; gone != someGone()[1] {
				t.Errorf("read %+v", gone)
			}
			return nil
		}); err != nil || read+refused != lines || read < 1 {
			t.Errorf("%d lines read and %d refused of %d, %v", read, refused, lines, err)
		}
	})
}
