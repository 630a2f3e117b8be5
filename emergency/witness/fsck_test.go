package witness_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/storage"
	"github.com/locket-health/locket/emergency/witness"
)

// signed is a store in which a witness signs once more after its cosignatures were read.
type signed struct {
	*storage.Store
	sign func()
}

func (s signed) AllCosignatures(ctx context.Context, epoch int, size int64, by string, limit int) ([]audit.Cosignature, error) {
	page, err := s.Store.AllCosignatures(ctx, epoch, size, by, limit)
	s.sign()
	return page, err
}

// TestACheckGoesOnWhileWitnessesSign: what a witness signs during a check of the log is no damage.
func TestACheckGoesOnWhileWitnessesSign(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	s := newServer(t, 1, app.Log.Verifier())
	hours := 0
	s.at = func() time.Time { hours++; return audittest.Epoch().Add(time.Duration(hours) * time.Hour) }
	client := witness.New(witness.Config{Log: app.Log, Store: app.Store, Witnesses: []witness.Witness{s.witness(t)}, Now: app.Clock.Now,
		Logger: slog.New(slog.DiscardHandler)})
	sign := func() {
		t.Helper()
		app.SignUp(t, "Anna")
		if _, err := app.Log.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if outcome := client.Ask(t.Context())[0]; outcome.Err != nil {
			t.Fatal(outcome.Err)
		}
	}
	sign()
	report, err := audit.Fsck(t.Context(), audit.FsckConfig{Archive: signed{app.Store, sign}, Keys: app.Log.Keys(), Opener: emergency.LogSealer(app.Keys.Data)})
	if err != nil || len(report.Findings) != 0 || report.Cosignatures != 1 || hours != 2 {
		t.Errorf("Fsck: %+v, %v; the witness has signed %d times", report, err, hours)
	}
}
