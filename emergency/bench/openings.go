package bench

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/storage/floor"
)

// The works of the log.
const (
	doOpening   = "opening"
	doReport    = "report"
	doProve     = "prove"
	doVerifyLog = "verify the log"
)

// entriesOfPatient is how many entries of a long log are about one patient: those of a year.
const entriesOfPatient = 14

const (
	statedBytes = 200 // of what a responder states, sealed, in a grant
	grantLife   = 4 * time.Hour
	reportLife  = 30 * 24 * time.Hour
)

// openingOf is the entry that an opening by a paramedic makes.
func openingOf(patient, card, grant string, at time.Time) audit.Event {
	return audit.Event{Type: audit.GlassOpened, At: at, Subject: patient, Card: card, Grant: grant, Outcome: audit.Granted, Reason: "unconscious", RulesVersion: 1, Items: 12,
		Sections: []string{"identity", "allergies", "conditions", "medications"}, Until: at.Add(grantLife), Details: map[string]string{"step": "critical"},
		Actor: audit.Actor{Kind: audit.ByResponder, Name: "Kim Example", Role: "paramedic", Organization: "Ambulance 7", Verified: audit.Claimed, Network: "127.0.0.0/24"}}
}

// logged opens cards one after another as far as the log sees it: the decision's row and its entry, durable.
func logged(house *datadir.House, holders []patient) func(int) error {
	var next atomic.Int64
	stated := make([]byte, statedBytes)
	return func(int) error {
		holder := holders[next.Add(1)%int64(len(holders))]
		at := time.Now().UTC().Truncate(time.Millisecond)
		id, _, token, err := emergency.DrawGrant(rand.Reader, at)
		if err != nil {
			return err
		}
		event := openingOf(string(holder.ID), holder.Card.String(), string(id), at)
		return house.Store.Update(context.Background(), func(tx emergency.Tx) error {
			tx.Append(event)
			return tx.PutGrant(emergency.Grant{ID: id, Token: token, Card: holder.Card, Patient: holder.ID, Step: "critical", Sections: 1,
				From: at, Until: event.Until, SealedStated: stated})
		})
	}
}

// reportOf is the entry of a front that was read without a network, reported when there is one again.
func reportOf(patient, card string, at time.Time) audit.Event {
	return audit.Event{Type: audit.CardReadOffline, At: at, Subject: patient, Card: card, Outcome: audit.Done,
		Details: map[string]string{"read_at": at.Add(-time.Hour).Format(time.RFC3339), "device": "AAAAAAAAAAA"},
		Actor:   audit.Actor{Kind: audit.ByResponder, Verified: audit.Claimed, Network: "127.0.0.0/24"}}
}

// reported takes reports one after another: the row by which one is known to be new, and its entry. After a disaster they come by the million.
func reported(house *datadir.House, holders []patient) func(int) error {
	var next atomic.Int64
	return func(int) error {
		holder := holders[next.Add(1)%int64(len(holders))]
		var receipt emergency.Token
		rand.Read(receipt[:])
		at := time.Now().UTC().Truncate(time.Millisecond)
		event := reportOf(string(holder.ID), holder.Card.String(), at)
		return house.Store.Update(context.Background(), func(tx emergency.Tx) error {
			tx.Append(event)
			return tx.PutReceipt(receipt, at.Add(reportLife))
		})
	}
}

// openMany adds the entries from <= i < to of a long log about so many patients, in one change.
func openMany(ctx context.Context, house *datadir.House, from, to, patients int64) error {
	at := time.Now().UTC().Truncate(time.Millisecond)
	return house.Store.Update(ctx, func(tx emergency.Tx) error {
		for i := from; i < to; i++ {
			name := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i%patients)))
			text := base64.RawURLEncoding.EncodeToString(name[:]) // of the form and length of an identifier, in no order
			tx.Append(openingOf(text[:22], text[21:], text[20:42], at))
		}
		return nil
	})
}

// proving proves entries anywhere in the log, each read, made and checked anew.
func (h *house) proving() (func(int) error, error) {
	signed, err := h.Log.Checkpoint(context.Background())
	return func(int) error {
		_, err := h.Log.Prove(context.Background(), mathrand.Int64N(signed.Size))
		return err
	}, err
}

// verifyingLog verifies the whole log, payloads opened.
func (h *house) verifyingLog(int) error {
	report, err := audit.VerifyStore(context.Background(), h.Store, h.Log.Keys(), emergency.LogSealer(h.Keys.Data), nil)
	if err == nil && report.Opened != report.Size {
		err = errors.New("bench: the verification did not open every payload")
	}
	return err
}

// rowsAlone is the role of what the log stands on.
type rowsAlone struct {
	ledger *floor.Ledger
	with   setup
	next   atomic.Int64
}

func openRows(ctx context.Context, with setup) (*rowsAlone, error) {
	ledger, err := floor.OpenLedger(ctx, with.Dir, floor.Ready)
	return &rowsAlone{ledger: ledger, with: with}, err
}

func (f *rowsAlone) work(name string) (func(int) error, error) {
	if name != doOpening && name != doReport {
		return nil, fmt.Errorf("bench: the rows alone do not know the work %q", name)
	}
	leaf, sealed, stated := make([]byte, audit.CommitmentSize), make([]byte, f.with.Sealed[name]), make([]byte, statedBytes)
	rand.Read(leaf)
	rand.Read(sealed)
	return func(int) error {
		holder := f.with.Holders[f.next.Add(1)%int64(len(f.with.Holders))]
		now := time.Now()
		at := now.UnixMilli()
		id, _, token, err := emergency.DrawGrant(rand.Reader, now)
		if err != nil {
			return err
		}
		rows := floor.Decision{Grant: string(id), Token: token[:], Card: holder.Card[:], Patient: string(holder.ID), Step: "critical", From: at,
			Until: at + grantLife.Milliseconds(), Stated: stated, Leaf: leaf, Sealed: sealed, Type: string(audit.GlassOpened)}
		if name == doReport {
			rows.Receipt, rows.Until, rows.Type = make([]byte, len(token)), at+reportLife.Milliseconds(), string(audit.CardReadOffline)
			rand.Read(rows.Receipt)
		}
		return f.ledger.Append(rows)
	}, nil
}

func (f *rowsAlone) entries(ctx context.Context) (int64, error) { return f.ledger.Rows(ctx) }

// serve answers nobody: all is asked by orders.
func (f *rowsAlone) serve(ctx context.Context, _ net.Listener) error {
	<-ctx.Done()
	return nil
}

func (f *rowsAlone) close(context.Context) error { return f.ledger.Close() }
