package print

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// What a report may not be.
var (
	// ErrWrong: a decoder read a text that was not printed.
	ErrWrong = errors.New("print: a wrong text was read")
	// ErrFloor: a carrier is read less often than it has to be.
	ErrFloor = errors.New("print: a carrier does not survive")
)

// Report is what was read. Its JSON form is for scripts: fields are only ever added.
type Report struct {
	N          int         `json:"n"` // pictures of each carrier in each condition
	Seed       uint64      `json:"seed"`
	Decoders   []Reader    `json:"decoders"`
	Conditions []Condition `json:"conditions"`
	Rows       []Row       `json:"rows"`
}

// Reader is a decoder of a report.
type Reader struct {
	Name    string `json:"name"`
	Foreign bool   `json:"foreign"`
}

// Row is a carrier in all conditions.
type Row struct {
	Carrier
	Version int    `json:"qr_version"`
	Level   string `json:"qr_level"`
	Cells   []Cell `json:"cells"` // in the order of Report.Conditions
}

// Cell is a carrier in one condition.
type Cell struct {
	// Any is how many of the pictures a foreign decoder has read.
	Any int `json:"any"`
	// Read is how many each decoder has read, in the order of Report.Decoders.
	Read []int `json:"read"`
	// Wrong is how many readings, of whatever decoder, were not what was printed.
	Wrong int `json:"wrong"`
}

// Score is the mean over the conditions of the share that a foreign decoder has read, 0 to 100.
func (r *Report) Score(row Row) float64 {
	return r.mean(row, func(c Cell) int { return c.Any })
}

// mean is that of a count over the conditions of the score; over all conditions where none of them makes it.
func (r *Report) mean(row Row, read func(Cell) int) float64 {
	total, scored := 0, 0
	for _, all := range []bool{false, true} {
		for i, c := range row.Cells {
			if all || r.Conditions[i].Scored {
				total += read(c)
				scored += r.N
			}
		}
		if scored > 0 {
			return 100 * float64(total) / float64(scored)
		}
	}
	return 0
}

// What chance does to a score: of a few pictures it is some points away from that of many.
const (
	manyPictures = 20
	chance       = 5.0
)

// Check returns ErrWrong, ErrFloor or both when the report is not good enough. With fewer than 20 pictures a cell, a score may be 5 points below its floor:
// that much is chance. Floors say nothing of conditions that do not make the score.
func (r *Report) Check() error {
	var wrong, short []Row
	scored := slices.ContainsFunc(r.Conditions, func(c Condition) bool { return c.Scored })
	allowed := 0.0
	if r.N < manyPictures {
		allowed = chance
	}
	for _, row := range r.Rows {
		for _, cell := range row.Cells {
			if cell.Wrong > 0 {
				wrong = append(wrong, row)
				break
			}
		}
		if scored && r.Score(row) < row.Floor-allowed {
			short = append(short, row)
		}
	}
	var err error
	if len(wrong) > 0 {
		err = fmt.Errorf("%w: %s", ErrWrong, names(wrong))
	}
	if len(short) > 0 {
		err = errors.Join(err, fmt.Errorf("%w: %s", ErrFloor, names(short)))
	}
	return err
}

// WriteJSON writes the report for scripts.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// WriteText writes the report for a terminal: percents read by any foreign decoder, then by each decoder.
func (r *Report) WriteText(w io.Writer) error {
	for i, cells := range [][][]string{r.scores(), r.shares()} {
		if i > 0 {
			fmt.Fprintln(w)
		}
		out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, line := range cells {
			fmt.Fprintln(out, strings.Join(line, "\t"))
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\n%d pictures a cell, seed %d, %d read wrong.\n", r.N, r.Seed, r.wrong())
	return err
}

// WriteMarkdown writes the report as the two tables of a document.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	for _, cells := range [][][]string{r.scores(), r.shares()} {
		for i, line := range cells {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(line, " | "))
			if i == 0 {
				fmt.Fprintf(&b, "|%s\n", strings.Repeat("---|", len(line)))
			}
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%d pictures a cell, seed %d, %d read wrong.\n", r.N, r.Seed, r.wrong())
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) wrong() int {
	wrong := 0
	for _, row := range r.Rows {
		for _, cell := range row.Cells {
			wrong += cell.Wrong
		}
	}
	return wrong
}

// scores are the carriers with their conditions.
func (r *Report) scores() [][]string {
	heading := []string{"carrier", "code", "mm", "module"}
	for _, c := range r.Conditions {
		heading = append(heading, c.Name)
	}
	table := [][]string{append(heading, "score", "floor")}
	for _, row := range r.Rows {
		line := []string{row.Name, fmt.Sprintf("V%d-%s", row.Version, row.Level), fmt.Sprintf("%.0f", row.codeSide()), fmt.Sprintf("%.2f", row.ModuleMM)}
		for _, cell := range row.Cells {
			line = append(line, fmt.Sprintf("%.0f", 100*float64(cell.Any)/float64(r.N)))
		}
		floor := ""
		if row.Floor > 0 {
			floor = fmt.Sprintf("%.0f", row.Floor)
		}
		table = append(table, append(line, fmt.Sprintf("%.1f", r.Score(row)), floor))
	}
	return table
}

// shares are the carriers with their decoders.
func (r *Report) shares() [][]string {
	heading := []string{"carrier", "any foreign"}
	for _, d := range r.Decoders {
		name := d.Name
		if !d.Foreign {
			name += " (ours)"
		}
		heading = append(heading, name)
	}
	table := [][]string{heading}
	for _, row := range r.Rows {
		line := []string{row.Name, fmt.Sprintf("%.1f", r.Score(row))}
		for d := range r.Decoders {
			line = append(line, fmt.Sprintf("%.1f", r.mean(row, func(c Cell) int { return c.Read[d] })))
		}
		table = append(table, line)
	}
	return table
}
