package web

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// TestWhoRemembersTheLogCanCheckIt asks, as the console does, for the proof that the log of today begins with the one of an earlier visit.
func TestWhoRemembersTheLogCanCheckIt(t *testing.T) {
	t.Parallel()
	// The key has changed since the earlier visit: how that happens is tested where keys are kept.
	app := newApp(t, func(c *Config) { c.Service = rotated{c.Service} })
	b, person := app.signedIn(t, "Ada Example")
	patient := string(person.Patient(t, "adult"))
	older := publish(t, app)
	person.Patient(t, "adult")
	newer := publish(t, app)
	if newer.Size <= older.Size {
		t.Fatalf("the log has not grown: %d, then %d", older.Size, newer.Size)
	}
	path := "/v1/patients/" + patient + "/log?after=0"
	proved, _ := b.answer(b.get(path+"&seen="+strconv.FormatInt(older.Size, 10)), http.StatusOK)["consistency"].(map[string]any)
	if proved == nil || proved["checkpoint"] != string(newer.Note) || proved["size"] != float64(older.Size) {
		t.Fatalf("no proof from %d entries to the last checkpoint: %v", older.Size, proved)
	}
	proof := audit.Consistency{OldSize: older.Size, Checkpoint: newer.Note}
	for _, text := range proved["hashes"].([]any) {
		hash, err := tlog.ParseHash(text.(string))
		if err != nil {
			t.Fatal(err)
		}
		proof.Hashes = append(proof.Hashes, hash)
	}
	if err := audit.VerifyConsistency(app.House.Log.Verifier(), older.Note, proof); err != nil {
		t.Errorf("the proof does not hold: %v", err)
	}
	said, _ := b.answer(b.get(path), http.StatusOK)["successions"].([]any)
	if want := []any{map[string]any{"vkey": "log.example+next", "checkpoint": "signed by both"}}; !slices.EqualFunc(said, want, func(a, b any) bool {
		return maps.Equal(a.(map[string]any), b.(map[string]any))
	}) {
		t.Errorf("how the keys have followed one another: %v, want %v", said, want)
	}
	for name, query := range map[string]string{"not asked for": "", "nothing remembered": "&seen=0", "more than there is": "&seen=1000000"} {
		if got := b.answer(b.get(path+query), http.StatusOK)["consistency"]; got != nil {
			t.Errorf("%s: %v, want null", name, got)
		}
	}
	if w := b.get(path + "&seen=-1"); w.Code != http.StatusBadRequest {
		t.Errorf("a size that is none: %d", w.Code)
	}
}

// rotated is a service whose log has changed its key.
type rotated struct{ Service }

func (s rotated) History(ctx context.Context, c emergency.Caller, id emergency.PatientID, after uint64, limit int) (emergency.HistoryView, error) {
	view, err := s.Service.History(ctx, c, id, after, limit)
	view.Successions = append(view.Successions, audit.Succession{Epoch: 1, VKey: "log.example+next", Note: []byte("signed by both")})
	return view, err
}

func publish(t *testing.T, app *app) audit.Signed {
	t.Helper()
	signed, err := app.House.Log.Publish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
