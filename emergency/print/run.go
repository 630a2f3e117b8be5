package print

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Options say what is measured.
type Options struct {
	// Carriers are what is printed.
	Carriers []Carrier
	// Decoders read the pictures.
	Decoders []Decoder
	// N is how many pictures are taken of each carrier in each condition; default 3, at most 1000. One picture more or less of three is 2.6 points of a
	// score: publish what 20 gave.
	N int
	// Seed decides everything that is drawn.
	Seed uint64
	// Only are names of Conditions; default those that make the score.
	Only []string
	// Dir is a folder for the pictures, which are deleted as soon as they were read; default the one for temporary files.
	Dir string
	// Progress is told of every carrier that is done; default nobody.
	Progress io.Writer
}

const maxPictures = 1000

func (o Options) withDefaults() (Options, []Condition, error) {
	if o.N == 0 {
		o.N = 3
	}
	if o.N < 0 || o.N > maxPictures {
		return o, nil, fmt.Errorf("print: the number of pictures is between 1 and %d", maxPictures)
	}
	if len(o.Carriers) == 0 || len(o.Decoders) == 0 {
		return o, nil, errors.New("print: it is not known what to print, or what reads it")
	}
	for _, c := range o.Carriers {
		if err := c.check(); err != nil {
			return o, nil, fmt.Errorf("print: %w", err)
		}
	}
	var conditions []Condition
	for _, c := range Conditions() {
		if slices.Contains(o.Only, c.Name) || len(o.Only) == 0 && c.Scored {
			conditions = append(conditions, c)
		}
	}
	for _, name := range o.Only {
		if !slices.ContainsFunc(conditions, func(c Condition) bool { return c.Name == name }) {
			return o, nil, fmt.Errorf("print: there is no condition %q", name)
		}
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	return o, conditions, nil
}

// Run prints, damages, photographs and reads. Its error says that it could not measure; what was measured, and whether it is good enough, is for
// Report.Check.
func Run(ctx context.Context, options Options) (report *Report, err error) {
	options, conditions, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(options.Dir, "locket-print-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	report = &Report{N: options.N, Seed: options.Seed, Conditions: conditions}
	for _, d := range options.Decoders {
		for _, name := range d.Names() {
			report.Decoders = append(report.Decoders, Reader{Name: name, Foreign: d.Foreign()})
		}
	}
	for i, carrier := range options.Carriers {
		row := Row{Carrier: carrier, Version: carrier.Matrix.Version, Level: carrier.Matrix.Level.String(), Cells: make([]Cell, len(conditions))}
		prints := prints{carrier: carrier}
		work, workCtx := errgroup.WithContext(ctx)
		work.SetLimit(runtime.GOMAXPROCS(0))
		for j, condition := range conditions {
			printed := prints.of(condition)
			work.Go(func() (err error) {
				row.Cells[j], err = options.cell(workCtx, filepath.Join(dir, fmt.Sprintf("%d-%s", i, condition.Name)), printed, carrier.Text, condition)
				return err
			})
		}
		if err := work.Wait(); err != nil {
			return nil, fmt.Errorf("print: %s: %w", carrier.Name, err)
		}
		report.Rows = append(report.Rows, row)
		fmt.Fprintf(options.Progress, "%s: %.0f\n", carrier.Name, report.Score(row))
	}
	return report, nil
}

// prints are the surfaces of a carrier, each made once.
type prints struct {
	carrier Carrier
	made    map[[2]any]*surface
}

func (p *prints) of(c Condition) *surface {
	key := [2]any{c.quiet, c.dark}
	if p.made == nil {
		p.made = map[[2]any]*surface{}
	}
	if p.made[key] == nil {
		p.made[key] = newSurface(p.carrier, c.quiet, c.dark)
	}
	return p.made[key]
}

// cell takes and reads the pictures of a carrier in a condition.
func (o Options) cell(ctx context.Context, prefix string, printed *surface, truth string, condition Condition) (Cell, error) {
	files := make([]string, o.N)
	defer func() {
		for _, file := range files {
			_ = os.Remove(file) // the folder goes at the end, whatever is left in it
		}
	}()
	for i := range files {
		if err := ctx.Err(); err != nil {
			return Cell{}, err
		}
		files[i] = fmt.Sprintf("%s-%d.pgm", prefix, i)
		picture, err := photograph(printed, condition, o.Seed, i)
		if err != nil {
			return Cell{}, err
		}
		if err := writePGM(files[i], picture); err != nil {
			return Cell{}, err
		}
	}
	var readings [][]string
	var foreign []bool
	for _, d := range o.Decoders {
		texts, err := d.Read(ctx, files)
		if err != nil {
			return Cell{}, err
		}
		for _, each := range texts {
			readings, foreign = append(readings, each), append(foreign, d.Foreign())
		}
	}
	return count(readings, foreign, truth, o.N), nil
}

// photograph takes picture number i of a card in a condition; 0, 0 is the pixel in the middle of the code. The draws depend on seed, condition and number
// alone, never on the card.
func photograph(printed *surface, condition Condition, seed uint64, i int) (*image.Gray, error) {
	draws := rand.New(rand.NewPCG(seed, stream(condition.Name, i))) //nolint:gosec // has to come out the same again
	return condition.draw(draws, printed.side).take(printed, draws)
}

// stream numbers the draws of a picture (FNV-1a of the condition, and the number).
func stream(condition string, i int) uint64 {
	hash := uint64(14695981039346656037)
	for _, b := range []byte(condition) {
		hash = (hash ^ uint64(b)) * 1099511628211
	}
	return hash + uint64(i)
}

// count counts what was read of n pictures: readings[decoder][picture].
func count(readings [][]string, foreign []bool, truth string, n int) Cell {
	cell := Cell{Read: make([]int, len(readings))}
	for i := range n {
		any := false
		for d, texts := range readings {
			switch texts[i] {
			case "":
			case truth:
				cell.Read[d]++
				any = any || foreign[d]
			default:
				cell.Wrong++
			}
		}
		if any {
			cell.Any++
		}
	}
	return cell
}

// names joins the names of carriers for an error.
func names(rows []Row) string {
	var all []string
	for _, row := range rows {
		all = append(all, row.Name)
	}
	return strings.Join(all, ", ")
}
