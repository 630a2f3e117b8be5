package web

import (
	"net/http"
	"strconv"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
)

// TestWhoRemembersTheLogCanCheckIt asks, as the console does, for the proof that the log of today begins with the one of an earlier visit.
func TestWhoRemembersTheLogCanCheckIt(t *testing.T) {
	t.Parallel()
	app := newApp(t)
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
	for name, query := range map[string]string{"not asked for": "", "nothing remembered": "&seen=0", "more than there is": "&seen=1000000"} {
		if got := b.answer(b.get(path+query), http.StatusOK)["consistency"]; got != nil {
			t.Errorf("%s: %v, want null", name, got)
		}
	}
	if w := b.get(path + "&seen=-1"); w.Code != http.StatusBadRequest {
		t.Errorf("a size that is none: %d", w.Code)
	}
}

func publish(t *testing.T, app *app) audit.Signed {
	t.Helper()
	signed, err := app.House.Log.Publish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
