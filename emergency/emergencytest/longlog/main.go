// Longlog makes the log of a data directory longer, by as many entries as it is told, in the way in which the house itself writes them. A data directory that
// is not there is made. It is for tests that look at a log from outside: the entries tell of openings that never happened, of people who do not exist.
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
	url := flag.String("url", "", "scheme and host of a data directory that is made")
	flag.Parse()
	if err := lengthen(context.Background(), *dir, *url, *entries); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func lengthen(ctx context.Context, dir, url string, entries int) (err error) {
	if err := datadir.Init(ctx, dir, "", datadir.Settings{URL: url}); err != nil && !errors.Is(err, datadir.ErrExists) {
		return err
	}
	house, err := datadir.Open(ctx, datadir.Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close(ctx)) }()
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
