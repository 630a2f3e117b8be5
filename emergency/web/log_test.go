package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/datadir"
)

// readLog checks a whole epoch of the log as a stranger does, by what is served below a path, and returns everything that was served.
func readLog(t *testing.T, app *app, below string) (report audit.Report, served map[string]string) {
	t.Helper()
	b := app.browser(t)
	served = map[string]string{}
	fetch := func(_ context.Context, path string) ([]byte, error) {
		w := b.get(below + path)
		if w.Code != http.StatusOK {
			return nil, fmt.Errorf("%s%s: %d", below, path, w.Code)
		}
		served[path] = w.Body.String()
		return w.Body.Bytes(), nil
	}
	vkey, err := fetch(t.Context(), "vkey")
	if err != nil {
		t.Fatal(err)
	}
	if vkeys, err := fetch(t.Context(), "vkeys"); err != nil || string(vkeys) != string(vkey) {
		t.Errorf("%svkeys is %q, %v, want %q", below, vkeys, err, vkey)
	}
	verifier, err := audit.ParseVKey(strings.TrimSpace(string(vkey)))
	if err != nil {
		t.Fatal(err)
	}
	if report, err = audit.VerifyRemote(t.Context(), fetch, verifier, nil); err != nil {
		t.Fatal(err)
	}
	return report, served
}

// TestAClosedEpochStaysServed: as it was, under its own name, by its own key; the new one beside it.
func TestAClosedEpochStaysServed(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	_, person := app.signedIn(t, "Ada Example")
	person.Patient(t, "adult")
	old := publish(t, app)
	_, before := readLog(t, app, "/audit/log/")
	for _, path := range []string{"1/checkpoint", "2/checkpoint", "2/vkey", "2/vkeys", "2/tile/0/000.p/1", "0/vkey", "02/vkey"} {
		if w := app.browser(t).get("/audit/log/" + path); w.Code != http.StatusNotFound {
			t.Errorf("/audit/log/%s: %d, want 404", path, w.Code)
		}
	}
	if err := app.House.Store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := datadir.NewEpoch(t.Context(), datadir.Options{Dir: app.Dir, Now: app.Clock.Now}, "a fictional disk was lost"); err != nil {
		t.Fatal(err)
	}
	app.Open(t)
	person.Patient(t, "adult")
	fresh := publish(t, app)
	server, err := New(houseConfig(t, app.App))
	if err != nil {
		t.Fatal(err)
	}
	app.Server = server
	if report, after := readLog(t, app, "/audit/log/"); report.Size != old.Size || fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the closed epoch is served with %d entries and otherwise than before", report.Size)
	}
	report, served := readLog(t, app, "/audit/log/2/")
	if report.Size != fresh.Size || served["checkpoint"] != string(fresh.Note) || !strings.HasPrefix(served["checkpoint"], "localhost/audit/log/2\n") {
		t.Errorf("the new epoch is served with %d entries: %q", report.Size, served["checkpoint"])
	}
}
