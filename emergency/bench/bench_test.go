package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// The test binary is the children's program too: a house that answers by the service alone, so that this package needs no pages. How it misbehaves
// stands in the environment.
const misbehaves = "LOCKET_BENCH_TEST_MISBEHAVES"

// It is a peer of the log too, which prints what stands here, and its arguments.
const says = "LOCKET_BENCH_TEST_SAYS"

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "child" {
		if err := Serve(context.Background(), os.Args[2], serveTest, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) > 2 && os.Args[1] == "peer" {
		fmt.Printf(os.Getenv(says), strings.Join(os.Args[2:], " "))
		return
	}
	os.Exit(m.Run())
}

func serveTest(ctx context.Context, house *datadir.House, listener net.Listener) error {
	mux := http.NewServeMux()
	var scans atomic.Int64
	mux.HandleFunc("GET /c/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, err := cards.ParseID(r.PathValue("id"))
		n := scans.Add(1)
		switch misbehaves := os.Getenv(misbehaves); {
		case misbehaves == "refuses" && n > 5:
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		case misbehaves != "forgets":
			err = errors.Join(err, house.Service.Scan(r.Context(), emergency.Caller{}, id))
		}
		answerTest(w, "<html>", err)
	})
	mux.HandleFunc("POST /v1/cards/{id}/open", func(w http.ResponseWriter, r *http.Request) {
		var asked map[string]string
		err := json.NewDecoder(r.Body).Decode(&asked)
		secret, secretErr := base64.RawURLEncoding.DecodeString(asked["secret"])
		id, idErr := cards.ParseID(r.PathValue("id"))
		if err = errors.Join(err, secretErr, idErr); err == nil {
			_, err = house.Service.Open(r.Context(), emergency.Caller{}, emergency.OpenRequest{Card: id, Secret: secret, Reason: asked["reason"]})
		}
		answerTest(w, `{"outcome":"granted"}`, err)
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { answerTest(w, "ready", nil) })
	server := &http.Server{Handler: mux}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func answerTest(w http.ResponseWriter, good string, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprint(w, good)
}

func testConfig(t *testing.T) Config {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Config{Rounds: 1, Duration: 50 * time.Millisecond, Clients: 4, Holders: 1, Cards: 20, Scans: 50, Patients: 20, Entries: 700, Dir: t.TempDir(),
		Child: []string{program, "child"}, Document: emergencytest.Load("adult").Bundle}
}

func TestEverythingIsMeasuredBesideItsFloor(t *testing.T) {
	config := testConfig(t)
	config.Profile = t.TempDir()
	report, err := Run(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"scan-house.pprof", "scan-plain-floor.pprof", "verify-house.pprof", "verify-floor.pprof"} {
		if info, err := os.Stat(filepath.Join(config.Profile, name)); err != nil || info.Size() == 0 {
			t.Errorf("profile %s: %v, %v", name, info, err)
		}
	}
	var rows []string
	for _, row := range report.Rows {
		rows = append(rows, row.Name+" beside "+row.Beside)
		for side, figures := range map[string]Side{"house": row.House, "floor": row.Floor} {
			if figures.PerCPU.Median <= 0 || figures.Wall.Median <= 0 || figures.P50.Median <= 0 || figures.P99.Median < figures.P50.Median {
				t.Errorf("%s: the %s did nothing: %+v", row.Name, side, figures)
			}
		}
		if row.Ratio.Median <= 0 || row.Ratio.Min > row.Ratio.Median || row.Ratio.Max < row.Ratio.Median {
			t.Errorf("%s: ratio %+v", row.Name, row.Ratio)
		}
		if (row.Reached != nil) != (row.Goal > 0) {
			t.Errorf("%s: goal %v, reached %v", row.Name, row.Goal, row.Reached)
		}
	}
	want := []string{"scan beside floor", "scan beside plain floor", "open beside floor", "open beside plain floor", "append beside floor",
		"append beside plain floor", "issue beside floor", "bulk beside floor", "health beside floor", "whole beside floor", "verify beside floor", "log beside rows alone", "log_report beside rows alone", "log_one beside rows alone"}
	wantFacts := []string{"room", "proof", "proof_p99", "verified", "verified_all", "resident_idle", "resident_busy", "scans", "entry_bytes", "wal", "start_up"}
	if traces(t.Context()) {
		want = append(want, "log_slow beside rows alone", "log_slow_report beside rows alone", "log_slow_one beside rows alone")
		wantFacts = append([]string{"lone_syncs"}, wantFacts...)
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	var facts []string
	for _, fact := range report.Facts {
		facts = append(facts, fact.Name)
		if fact.Name == "lone_syncs" && (fact.Value < 1 || fact.Value > syncsGoal) { // a count, not a time: it holds on every machine
			t.Errorf("a lone append syncs %v times", fact.Value)
		}
	}
	if diff := cmp.Diff(wantFacts, facts); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if left, err := os.ReadDir(config.Dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if report.Fsync <= 0 {
		t.Error("the disk's fsync was not measured")
	}
}

func TestARunIsVoidWhenAnAnswerIsNot2xx(t *testing.T)   { void(t, "refuses", "503") }
func TestARunIsVoidWhenAnAnswerHasNoEntry(t *testing.T) { void(t, "forgets", "0 entries") }

func void(t *testing.T, how, words string) {
	t.Setenv(misbehaves, how)
	config := testConfig(t)
	config.Only, config.Clients = []string{Scan}, 1
	report, err := Run(t.Context(), config)
	if !errors.Is(err, ErrVoid) || report != nil || !strings.Contains(err.Error(), words) {
		t.Errorf("got %+v, %v; want ErrVoid that names %s", report, err, words)
	}
	if left, err := os.ReadDir(config.Dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAPeerOfTheLogStandsBesideIt(t *testing.T) {
	config := testConfig(t)
	r := &run{Config: config, dir: t.TempDir()}
	r.LogPeer = []string{config.Child[0], "peer", "append"}
	for _, test := range []struct {
		name, says string
		clients    int
		want       sample
		void       bool
	}{
		{"many clients", `{"appends":300,"seconds":1.5,"p50_ms":2,"p99_ms":7.5,"asked":%q}`, 8,
			sample{Count: 300, Wall: 1500 * time.Millisecond, P50: 2 * time.Millisecond, P99: 7500 * time.Microsecond}, false},
		{"no appends", `{"appends":0,"seconds":1.5,"asked":%q}`, 8, sample{}, true},
		{"no time", `{"appends":3,"seconds":0,"asked":%q}`, 8, sample{}, true},
		{"no JSON", `3 appends %s`, 1, sample{}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(says, test.says)
			got, err := r.peerAppends(t.Context(), workload{clients: test.clients})
			if errors.Is(err, ErrVoid) != test.void || (err != nil) != test.void {
				t.Fatalf("got %v, void is %v", err, test.void)
			}
			got.CPU = 0
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if test.void && test.clients == 1 && !strings.Contains(err.Error(), "append -clients 1 -duration 50ms -dir "+r.dir) {
				t.Errorf("asked otherwise: %v", err)
			}
		})
	}
	if left, err := os.ReadDir(r.dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestARunThatIsCalledOffEndsItsChildren(t *testing.T) {
	config := testConfig(t)
	config.Only, config.Duration = []string{Scan}, time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	config.Progress = writer(func(line string) {
		if strings.Contains(line, "round 0") {
			cancel()
		}
	})
	if _, err := Run(ctx, config); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if left, err := os.ReadDir(config.Dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

type writer func(string)

func (w writer) Write(p []byte) (int, error) { w(string(p)); return len(p), nil }

func TestAConfigurationIsBounded(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Config)
	}{
		{"an unknown name", func(c *Config) { c.Only = []string{"scan", "fly"} }},
		{"too many clients", func(c *Config) { c.Clients = 5000 }},
		{"fewer than no cards", func(c *Config) { c.Cards = -1 }},
		{"too many scans", func(c *Config) { c.Scans = 1 << 31 }},
		{"too many entries", func(c *Config) { c.Entries = 1 << 31 }},
		{"too long", func(c *Config) { c.Duration = 2 * time.Hour }},
		{"no program", func(c *Config) { c.Child = nil }},
		{"no document", func(c *Config) { c.Document = nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := testConfig(t)
			test.change(&config)
			if _, err := Run(t.Context(), config); err == nil {
				t.Error("taken")
			}
		})
	}
}

func TestAChildKnowsItsRole(t *testing.T) {
	var out bytes.Buffer
	err := Serve(t.Context(), "cellar", serveTest, strings.NewReader(`{"dir":"`+t.TempDir()+`"}`), &out)
	if err == nil || !strings.Contains(err.Error(), "cellar") || out.Len() > 0 {
		t.Errorf("got %v, %q", err, out.String())
	}
}
