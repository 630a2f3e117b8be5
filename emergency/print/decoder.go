package print

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"strings"

	"github.com/locket-health/locket/cards"
)

// Decoder reads codes in pictures.
type Decoder interface {
	// Names are the decoders that it consists of, in the order of Read.
	Names() []string
	// Foreign reports whether it counts for the score.
	Foreign() bool
	// Read returns, for each decoder and picture, the text that was found in it, "" for none. The pictures are files, greyscale PGM (Netpbm P5).
	Read(ctx context.Context, files []string) ([][]string, error)
}

// zbar is the program zbarimg.
type zbar struct{}

// Zbar decodes by the program zbarimg (Debian: zbar-tools), which has to be in the path.
func Zbar() Decoder { return zbar{} }

func (zbar) Names() []string { return []string{"zbar"} }

func (zbar) Foreign() bool { return true }

// nothingFound is the status of zbarimg when there is a picture without a code.
const nothingFound = 4

func (zbar) Read(ctx context.Context, files []string) ([][]string, error) {
	command := exec.CommandContext(ctx, "zbarimg", append([]string{"--quiet", "--xml", "-Sdisable", "-Sqrcode.enable", "--"}, files...)...)
	out, err := command.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != nothingFound) {
		return nil, fmt.Errorf("zbarimg: %w", err)
	}
	found, err := parseZbar(out)
	if err != nil {
		return nil, fmt.Errorf("zbarimg: %w", err)
	}
	texts := make([]string, len(files))
	for i, file := range files {
		texts[i] = found[file]
	}
	return [][]string{texts}, nil
}

// parseZbar reads the report of zbarimg: the first text of each file.
func parseZbar(report []byte) (map[string]string, error) {
	var barcodes struct {
		Sources []struct {
			File string   `xml:"href,attr"`
			Text []string `xml:"index>symbol>data"`
		} `xml:"source"`
	}
	if len(bytes.TrimSpace(report)) == 0 {
		return nil, nil
	}
	if err := xml.Unmarshal(report, &barcodes); err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, source := range barcodes.Sources {
		if len(source.Text) > 0 {
			found[source.File] = strings.TrimSuffix(source.Text[0], "\n")
		}
	}
	return found, nil
}

// own is what locket verify reads pictures with.
type own struct{}

// Own decodes as locket verify does, by cards.ScanPNG. It is reported beside the foreign decoders and never counts.
func Own() Decoder { return own{} }

func (own) Names() []string { return []string{"gozxing"} }

func (own) Foreign() bool { return false }

func (own) Read(ctx context.Context, files []string) ([][]string, error) {
	texts := make([]string, len(files))
	for i, file := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		picture, err := readPGM(file)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, picture); err != nil {
			return nil, err
		}
		text, err := cards.ScanPNG(&b)
		if err != nil && !errors.Is(err, cards.ErrNoCode) {
			return nil, err
		}
		texts[i] = text
	}
	return [][]string{texts}, nil
}

// The header of the pictures (Netpbm, pgm(5)).
const pgmHeader = "P5\n%d %d\n255\n"

func writePGM(file string, picture *image.Gray) error {
	size := picture.Bounds().Size()
	content := fmt.Appendf(nil, pgmHeader, size.X, size.Y)
	for y := range size.Y {
		content = append(content, picture.Pix[y*picture.Stride:][:size.X]...)
	}
	return os.WriteFile(file, content, 0o600)
}

// readPGM reads what writePGM wrote.
func readPGM(file string) (*image.Gray, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var width, height int
	if _, err := fmt.Fscanf(bytes.NewReader(content), pgmHeader, &width, &height); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	header := fmt.Appendf(nil, pgmHeader, width, height)
	pixels := len(content) - len(header)
	if width < 1 || height < 1 || width > pixels || height > pixels || width*height != pixels || !bytes.HasPrefix(content, header) {
		return nil, fmt.Errorf("%s: not a picture of %d x %d pixels", file, width, height)
	}
	return &image.Gray{Pix: content[len(content)-pixels:], Stride: width, Rect: image.Rect(0, 0, width, height)}, nil
}
