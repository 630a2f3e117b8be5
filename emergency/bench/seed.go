package bench

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
)

// seeded is a data directory with people in it.
type seeded struct {
	dir     string
	scanned []cards.ID         // many cards whose scans are logged
	holders []emergency.Issued // with a sealed record behind the glass
	floor   setup              // the same rows and bytes for the floor
}

// The paths that are asked.
const (
	scanPath = "/c/"
	openPath = "/v1/cards/"
	openEnd  = "/open"
)

// scanRequest is a phone's browser that follows the address of a card.
func scanRequest(id cards.ID) []byte {
	return []byte("GET " + scanPath + id.String() + " HTTP/1.1\r\nHost: localhost\r\n" +
		"User-Agent: Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-GB,en;q=0.9\r\n" +
		"Accept-Encoding: gzip, deflate, br, zstd\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n\r\n")
}

// openRequest is a responder who breaks the glass.
func openRequest(card emergency.Issued) []byte {
	body := fmt.Sprintf(`{"secret":%q,"step":"critical","reason":"unconscious","role":"paramedic","name":"Kim Example","organization":"Ambulance 7"}`,
		base64.RawURLEncoding.EncodeToString(card.Address.Secret.Bytes()))
	return fmt.Appendf(nil, "POST %s%s%s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/5.0 (Linux; Android 15; Pixel 9)\r\nAccept: application/json\r\n"+
		"Accept-Language: en-GB,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", openPath, card.ID, openEnd, len(body), body)
}

// seed makes the data directory that is measured: holders with everything that an opening needs, and cards that are only scanned, which are rows of
// the same size as a holder's.
func (r *run) seed(ctx context.Context) (s seeded, err error) {
	r.say("making %d patients and %d cards", r.Holders, r.Cards)
	s.dir = r.path("data")
	house, err := r.newHouse(ctx, s.dir)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, house.Close(context.WithoutCancel(ctx))) }()

	s.holders = make([]emergency.Issued, r.Holders)
	if err := each(ctx, r.Holders, runtime.NumCPU(), func(i int) (err error) {
		s.holders[i], _, err = house.Service.IssueFromDocument(ctx, emergency.Caller{Operator: true}, r.Document, "bench.json", emergency.CardChoices{})
		return err
	}); err != nil {
		return s, err
	}
	var holder emergency.Opening
	if err := house.Store.View(ctx, func(read emergency.Reader) (err error) {
		holder, err = read.Opening(s.holders[0].ID)
		return err
	}); err != nil {
		return s, err
	}
	s.scanned = make([]cards.ID, r.Cards)
	for i := range s.scanned {
		if s.scanned[i], err = cards.NewID(rand.Reader); err != nil {
			return s, err
		}
	}
	if err := each(ctx, r.Cards, writers, func(i int) error {
		return house.Store.Update(ctx, func(tx emergency.Tx) error {
			patient, card := holder.Patient, holder.Card
			patient.ID, card.ID = emergency.PatientID(fmt.Sprintf("bench-%08d", i)), s.scanned[i]
			card.Patient = patient.ID
			return errors.Join(tx.PutPatient(patient), tx.PutCard(card))
		})
	}); err != nil {
		return s, err
	}
	s.floor, err = r.floorOf(ctx, house, holder, s)
	return s, err
}

// writers is how many goroutines seed at once, so that their changes share commits.
const writers = 256

// each calls do with 0 to n-1 on some goroutines.
func each(ctx context.Context, n, goroutines int, do func(i int) error) error {
	var next atomic.Int64
	_, err := loop(ctx, min(goroutines, n), bound{time: time.Hour, count: int64(n)}, func(int) error { return do(int(next.Add(1)) - 1) })
	return err
}

func (r *run) newHouse(ctx context.Context, dir string) (*datadir.House, error) {
	if err := datadir.Init(ctx, dir, "", datadir.Settings{}); err != nil {
		return nil, err
	}
	return datadir.Open(ctx, datadir.Options{Dir: dir})
}

// floorOf works out what the floor must read and append to move the same bytes: it scans one card and opens another, and looks at what that wrote.
func (r *run) floorOf(ctx context.Context, house *datadir.House, holder emergency.Opening, s seeded) (setup, error) {
	floor := setup{Dir: r.path("floor"), Sizes: map[string]bare{}}
	caller := emergency.Caller{Network: "127.0.0.0/24"}
	if err := house.Service.Scan(ctx, caller, s.scanned[0]); err != nil {
		return floor, err
	}
	scan, err := lastEntry(ctx, house)
	if err != nil {
		return floor, err
	}
	first := s.holders[0]
	opened, err := house.Service.Open(ctx, caller, emergency.OpenRequest{Card: first.ID, Secret: first.Address.Secret.Bytes(), Reason: "unconscious",
		Role: "paramedic", Name: "Kim Example", Organization: "Ambulance 7"})
	if err != nil {
		return floor, fmt.Errorf("bench: the rules of a new patient let nobody in: %w", err)
	}
	open, err := lastEntry(ctx, house)
	if err != nil {
		return floor, err
	}
	grant := len(opened.GrantID) + len(emergency.Token{}) + len(cards.ID{}) + len(first.Patient) + len(opened.Step) + 4*8
	floor.Sizes[Scan], floor.Sizes[Open] = bare{Appended: entryBytes(scan)}, bare{Appended: entryBytes(open) + grant}

	card := len(cards.ID{}) + len(holder.Card.Patient) + len(holder.Card.Carrier) + len(holder.Card.Key) + 3*8 + len(holder.Card.Verifier) +
		len(holder.Card.Recipient) + len(holder.Card.Tag) + len(holder.Card.SealedAddress) + len(holder.Card.SealedLabel)
	behind := card + len(holder.Patient.SealedName) + len(holder.Rules.Sealed) + len(holder.Record.Sealed)
	for _, id := range s.scanned {
		floor.Kept = append(floor.Kept, kept{id, card})
	}
	for _, holder := range s.holders {
		floor.Kept = append(floor.Kept, kept{holder.ID, behind})
	}
	return floor, nil
}

func lastEntry(ctx context.Context, house *datadir.House) (audit.Entry, error) {
	state, err := house.Store.LogState(ctx)
	if err != nil {
		return audit.Entry{}, err
	}
	entries, err := house.Store.Entries(ctx, state.Size-1, state.Size)
	if err != nil {
		return audit.Entry{}, err
	}
	if len(entries) != 1 {
		return audit.Entry{}, errors.New("bench: the log has no last entry")
	}
	return entries[0], nil
}

// entryBytes is what the columns of an entry hold, the hashes of its tree left out.
func entryBytes(e audit.Entry) int {
	return len(e.Leaf) + len(e.Sealed) + len(e.Subject) + len(e.Type) + 4*8
}
