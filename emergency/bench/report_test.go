package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestQuantile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, test := range []struct {
		name    string
		sorted  []time.Duration
		percent int
		want    time.Duration
	}{
		{"none", nil, 50, 0},
		{"one", []time.Duration{7}, 99, 7},
		{"median of two", []time.Duration{1, 2}, 50, 1},
		{"median of a hundred", hundred, 50, 50},
		{"the ninety-ninth", hundred, 99, 99},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := quantile(test.sorted, test.percent); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestSpread(t *testing.T) {
	for _, test := range []struct {
		name   string
		values []float64
		want   Spread
	}{
		{"none", nil, Spread{}},
		{"odd", []float64{3, 1, 2}, Spread{2, 1, 3}},
		{"even", []float64{4, 1, 2, 3}, Spread{2.5, 1, 4}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, spread(test.values)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestARowReachesItsGoals(t *testing.T) {
	did := func(count int64, p99 time.Duration) sample {
		return sample{Count: count, Wall: time.Second, CPU: time.Second, P50: p99 / 2, P99: p99}
	}
	for _, test := range []struct {
		name       string
		goal, p99  float64
		house      sample
		wantRatio  float64
		want, none bool
	}{
		{"both", 0.5, 100, did(60, 50*time.Millisecond), 0.6, true, false},
		{"exactly", 0.5, 100, did(50, 100*time.Millisecond), 0.5, true, false},
		{"too slow", 0.5, 100, did(49, 50*time.Millisecond), 0.49, false, false},
		{"too late", 0.5, 100, did(60, 101*time.Millisecond), 0.6, false, false},
		{"no bound of time", 0.5, 0, did(60, time.Hour), 0.6, true, false},
		{"no goal", 0, 0, did(60, 50*time.Millisecond), 0.6, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			floor := did(100, time.Millisecond)
			got := row(workload{goal: test.goal, p99: test.p99}, roleFloor, []sample{test.house}, []sample{floor})
			if got.Ratio.Median != test.wantRatio {
				t.Errorf("ratio %v, want %v", got.Ratio.Median, test.wantRatio)
			}
			if (got.Reached == nil) != test.none || got.Reached != nil && *got.Reached != test.want {
				t.Errorf("reached %v, want %v", got.Reached, test.want)
			}
		})
	}
}

func TestALogIsComparedByTheTimeThatItTakes(t *testing.T) {
	house, floor := sample{Count: 60, Wall: time.Second, CPU: time.Second}, sample{Count: 100, Wall: time.Second, CPU: 10 * time.Second}
	got := row(workload{goal: 0.6, wall: true, rows: true}, roleRows, []sample{house}, []sample{floor})
	if got.Ratio.Median != 0.6 || got.Reached == nil || !*got.Reached {
		t.Errorf("ratio %v, reached %v; want 0.6 and reached", got.Ratio.Median, got.Reached)
	}
	var r Report
	r.atLeast("verified", "", 99, "entries", 100)
	r.atLeast("verified", "", 100, "entries", 100)
	if *r.Facts[0].Reached || !*r.Facts[1].Reached {
		t.Errorf("a least of 100: 99 %v, 100 %v", *r.Facts[0].Reached, *r.Facts[1].Reached)
	}
}

func TestAReportIsForPeopleAndForScripts(t *testing.T) {
	yes, no := true, false
	report := &Report{Begun: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC), Machine: Machine{"linux", "amd64", 2, "go1.26"}, Fsync: 0.25, Rounds: 3, Clients: 256,
		Seconds: 3, Rows: []Row{{Name: Scan, What: "scan of a card", Beside: roleFloor, Stands: "net/http", Ratio: Spread{0.5, 0.4, 0.6}, Goal: 0.8, P99: 100,
			Reached: &no}, {Name: Log, What: "opening in the log", Beside: rolePeer, Stands: "another log", House: Side{Wall: Spread{40, 30, 50}}, Wall: true}},
		Facts: []Fact{{Name: "start_up", What: "start-up", Value: 0.1, Unit: "s", Goal: 0.5, Reached: &yes},
			{Name: "verified", What: "verified", Value: 7, Unit: "entries", Goal: 5, AtLeast: true, Reached: &yes}}}
	var text, script bytes.Buffer
	if err := errors.Join(report.WriteText(&text), report.WriteJSON(&script)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2026-11-22T09:30:00Z", "fsync of 4 KB: 0.25 ms", "0.50 (0.40-0.60)", ">= 0.8, p99 <= 100 ms", "**no**", "the floor is net/http",
		"0.1 s", "<= 0.5 s", "yes", "house per CPU-s", "| it per s", "40 (30-50)", "the peer is another log", ">= 5 entries"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text has no %q:\n%s", want, text.String())
		}
	}
	var back Report
	if err := json.Unmarshal(script.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*report, back); diff != "" {
		t.Errorf("the JSON form is another report (-want +got):\n%s", diff)
	}
	if err := report.WriteText(full{}); !errors.Is(err, errWriter) {
		t.Errorf("a writer that fails: got %v", err)
	}
}

var errWriter = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errWriter }
