// Longlog makes the log of a data directory longer, by as many entries as it is told, or erases the words of some, in the way in which the house itself does. A
// data directory that is not there is made. It is for tests that look at a log from outside: the entries tell of openings that never happened, of people who do not exist.
//
//	go run ./emergency/emergencytest/longlog --data DIR --entries 100000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
)

const (
	shared   = 1000 // entries that share a commit
	patients = 40   // whom they are about, in turn; every so often an entry is about nobody
)

func main() {
	dir := flag.String("data", "", "the data directory")
	entries := flag.Int("entries", 1000, "how many to write")
	erase := flag.Int("erase", 0, "of how many entries, spread over the log, to erase the words instead")
	url := flag.String("url", "", "scheme and host of a data directory that is made")
	flag.Parse()
	change := func(ctx context.Context, house *datadir.House) error { return lengthen(ctx, house, *entries) }
	if *erase > 0 {
		change = func(ctx context.Context, house *datadir.House) error { return eraseWords(ctx, house, *erase) }
	}
	if err := within(context.Background(), *dir, *url, change); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// within opens a data directory, or makes it, for a change.
func within(ctx context.Context, dir, url string, change func(context.Context, *datadir.House) error) (err error) {
	if err := datadir.Init(ctx, dir, "", datadir.Settings{URL: url}); err != nil && !errors.Is(err, datadir.ErrExists) {
		return err
	}
	house, err := datadir.Open(ctx, datadir.Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return errors.Join(change(ctx, house), house.Close(ctx))
}

// lengthen writes entries.
func lengthen(ctx context.Context, house *datadir.House, entries int) error {
	for done := 0; done < entries; done += shared {
		if err := house.Store.Update(ctx, func(tx emergency.Tx) error {
			for i := done; i < min(done+shared, entries); i++ {
				tx.Append(opening(i, yesterday()))
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// eraseWords erases the words of entries from the first on, at even distances.
func eraseWords(ctx context.Context, house *datadir.House, n int) error {
	state, err := house.Store.LogState(ctx)
	if err != nil {
		return err
	}
	erasure := emergency.Erasure{Ground: audit.OnRequest}
	for i := range int64(n) {
		erasure.Entries = append(erasure.Entries, emergency.EntryPlace{Epoch: state.Epoch, Index: i * state.Size / int64(n)})
	}
	done, err := house.Service.EraseEntries(ctx, emergency.Caller{Operator: true}, erasure)
	if err == nil && done.Erased != n {
		err = fmt.Errorf("%d of %d entries were erased", done.Erased, n)
	}
	return err
}

// yesterday is a time long enough ago for every opening to have ended.
func yesterday() time.Time { return time.Now().UTC().Truncate(time.Millisecond).Add(-24 * time.Hour) }

// opening is the i-th event.
func opening(i int, at time.Time) audit.Event {
	if i%(patients+1) == patients {
		return audit.Event{Type: audit.AccountSignedIn, At: at, Actor: audit.Actor{Kind: audit.ByAccount, Verified: audit.VerifiedPasskey, Network: "192.0.2.0/24"}}
	}
	return audit.Event{
		Type: audit.GlassOpened, At: at, Subject: fmt.Sprintf("longlog-%02d", i%(patients+1)), Outcome: audit.Granted, Until: at.Add(4 * time.Hour), RulesVersion: 1,
		Actor: audit.Actor{Kind: audit.ByResponder, Name: "Kim Example", Role: "paramedic", Organization: "Ambulance 7", Verified: audit.Claimed, Network: "192.0.2.0/24"},
		Card:  fmt.Sprintf("LONGL%07d", i), Sections: []string{"identity", "allergies", "medications"}, Items: 9, Reason: "unconscious",
	}
}
