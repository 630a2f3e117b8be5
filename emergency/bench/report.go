package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what was measured. Its JSON form is for scripts: fields are only ever added.
type Report struct {
	Begun   time.Time `json:"begun"`
	Machine Machine   `json:"machine"`
	Fsync   float64   `json:"fsync_ms"` // median of appending 4 KB and fsync, in milliseconds: stands beside every durable figure
	Rounds  int       `json:"rounds"`
	Clients int       `json:"clients"`
	Seconds float64   `json:"seconds"` // of one side of one round
	Rows    []Row     `json:"rows"`
	Facts   []Fact    `json:"facts"`
}

// Machine is where it was measured.
type Machine struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	CPUs         int    `json:"cpus"`
	Go           string `json:"go"`
}

// Row is one kind of work, done by the house and by its floor.
type Row struct {
	Name   string  `json:"name"`
	What   string  `json:"what"`
	House  Side    `json:"house"`
	Floor  Side    `json:"floor"`
	Beside string  `json:"beside"` // "floor", or "plain floor": a second one, whose commits form in the usual way
	Stands string  `json:"floor_is"`
	Ratio  Spread  `json:"ratio"`              // house / floor, per CPU-second, of the same round
	Wall   bool    `json:"wall,omitempty"`     // the ratio is that of what was done per second, on all cores
	Goal   float64 `json:"goal,omitempty"`     // at least so large a ratio; 0 for none
	P99    float64 `json:"p99_goal,omitempty"` // at most so many milliseconds; 0 for none
	// Reached says whether the median ratio and the median p99 reach the goals; nil when there is none.
	Reached *bool `json:"reached,omitempty"`
}

// Side is what the house or the floor did.
type Side struct {
	PerCPU Spread `json:"per_cpu_second"`
	Wall   Spread `json:"per_second"`
	P50    Spread `json:"p50_ms"`
	P99    Spread `json:"p99_ms"`
}

// Spread is the median and the range of the rounds.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// Fact is a single figure with its goal.
type Fact struct {
	Name    string  `json:"name"`
	What    string  `json:"what"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	Goal    float64 `json:"goal,omitempty"`     // at most; 0 for none
	AtLeast bool    `json:"at_least,omitempty"` // the goal is a least
	Reached *bool   `json:"reached,omitempty"`
}

func spread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	median := sorted[half]
	if len(sorted)%2 == 0 {
		median = (sorted[half-1] + sorted[half]) / 2
	}
	return Spread{median, sorted[0], sorted[len(sorted)-1]}
}

func side(rounds []sample) Side {
	of := func(value func(sample) float64) Spread {
		values := make([]float64, len(rounds))
		for i, s := range rounds {
			values[i] = value(s)
		}
		return spread(values)
	}
	return Side{PerCPU: of(sample.perCPU), Wall: of(sample.perSecond), P50: of(func(s sample) float64 { return ms(s.P50) }),
		P99: of(func(s sample) float64 { return ms(s.P99) })}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// row sets the rounds of the house and of the floor beside one another.
func row(w workload, role string, house, floor []sample) Row {
	r := Row{Name: w.name, What: w.what, Beside: role, Stands: w.stands + w.batches(role), House: side(house), Floor: side(floor), Goal: w.goal, P99: w.p99}
	if role == rolePeer {
		r.Stands, r.Goal, r.P99 = w.peerStands, w.peerGoal, 0
	}
	done := sample.perCPU
	if r.Wall = w.wall; r.Wall {
		done = sample.perSecond
	}
	ratios := make([]float64, 0, len(house))
	for i := range house {
		if base := done(floor[i]); base > 0 {
			ratios = append(ratios, done(house[i])/base)
		}
	}
	r.Ratio = spread(ratios)
	if r.Goal > 0 {
		reached := r.Ratio.Median >= r.Goal && (r.P99 == 0 || r.House.P99.Median <= r.P99)
		r.Reached = &reached
	}
	return r
}

// fact adds a figure; a goal of 0 is none.
func (r *Report) fact(name, what string, value float64, unit string, goal float64) {
	f := Fact{Name: name, What: what, Value: value, Unit: unit, Goal: goal}
	if goal > 0 {
		reached := value <= goal
		f.Reached = &reached
	}
	r.Facts = append(r.Facts, f)
}

// atLeast adds a figure that is better when it is larger.
func (r *Report) atLeast(name, what string, value float64, unit string, goal float64) {
	reached := value >= goal
	r.Facts = append(r.Facts, Fact{Name: name, What: what, Value: value, Unit: unit, Goal: goal, AtLeast: true, Reached: &reached})
}

// WriteJSON writes the report for scripts.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// WriteText writes the report for people, as Markdown, so that it can be kept as it is.
func (r *Report) WriteText(w io.Writer) error {
	out := &failing{w: w}
	fmt.Fprintf(out, "%s, %s/%s, %d CPUs, %s. Median of %d rounds of %g s (range in brackets), %d clients. fsync of 4 KB: %.2f ms.\n",
		r.Begun.Format(time.RFC3339), r.Machine.OS, r.Machine.Architecture, r.Machine.CPUs, r.Machine.Go, r.Rounds, r.Seconds, r.Clients, r.Fsync)
	r.writeRows(out, false)
	r.writeRows(out, true)
	if len(r.Facts) > 0 {
		cells := [][]string{{"figure", "measured", "goal", "reached"}}
		for _, f := range r.Facts {
			goal := ""
			if f.Goal > 0 {
				goal = fmt.Sprintf("<= %g %s", f.Goal, f.Unit)
			}
			if f.AtLeast {
				goal = fmt.Sprintf(">= %.0f %s", f.Goal, f.Unit)
			}
			cells = append(cells, []string{f.What, fmt.Sprintf("%.4g %s", f.Value, f.Unit), goal, reached(f.Reached)})
		}
		table(out, cells)
	}
	return out.err
}

// writeRows writes the rows that are compared by the work of a CPU-second, or those that are compared by the work of a second.
func (r *Report) writeRows(out io.Writer, wall bool) {
	cells := [][]string{{"work", "beside", "house per CPU-s", "floor per CPU-s", "ratio", "goal", "house per s", "house p50 / p99 ms", "floor p50 / p99 ms", "reached"}}
	if wall {
		cells = [][]string{{"work", "beside", "house per s", "it per s", "ratio", "goal", "house p50 / p99 ms", "its p50 / p99 ms", "reached"}}
	}
	var beside []string
	for _, row := range r.Rows {
		if row.Wall != wall {
			continue
		}
		line := []string{row.What, row.Beside}
		if wall {
			line = append(line, row.House.Wall.text(0), row.Floor.Wall.text(0), row.Ratio.text(2), row.goal())
		} else {
			line = append(line, row.House.PerCPU.text(0), row.Floor.PerCPU.text(0), row.Ratio.text(2), row.goal(), row.House.Wall.text(0))
		}
		cells = append(cells, append(line, row.House.latency(), row.Floor.latency(), reached(row.Reached)))
		beside = append(beside, fmt.Sprintf("- %s: the %s is %s.\n", row.What, row.Beside, row.Stands))
	}
	if len(beside) > 0 {
		table(out, cells)
		fmt.Fprintln(out)
		io.WriteString(out, strings.Join(beside, ""))
	}
}

func (s Spread) text(digits int) string {
	return fmt.Sprintf("%.*f (%.*f-%.*f)", digits, s.Median, digits, s.Min, digits, s.Max)
}

func (s Side) latency() string { return fmt.Sprintf("%.3g / %.3g", s.P50.Median, s.P99.Median) }

func (r Row) goal() string {
	var goals []string
	if r.Goal > 0 {
		goals = append(goals, fmt.Sprintf(">= %g", r.Goal))
	}
	if r.P99 > 0 {
		goals = append(goals, fmt.Sprintf("p99 <= %g ms", r.P99))
	}
	return strings.Join(goals, ", ")
}

func reached(r *bool) string {
	switch {
	case r == nil:
		return ""
	case *r:
		return "yes"
	default:
		return "**no**"
	}
}

// table writes cells with a heading as a Markdown table whose columns line up.
func table(w io.Writer, cells [][]string) {
	fmt.Fprintln(w)
	out := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	for i, line := range cells {
		fmt.Fprintf(out, "| %s\t|\n", strings.Join(line, "\t| "))
		if i == 0 {
			fmt.Fprintf(out, "|%s\n", strings.Repeat(" ---\t|", len(line)))
		}
	}
	_ = out.Flush() // failing keeps the error
}

// failing remembers the first error of a writer.
type failing struct {
	w   io.Writer
	err error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.err == nil {
		_, f.err = f.w.Write(p)
	}
	return len(p), f.err
}
