package datadir

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/vault"
)

// The list of what is gone lies beside the high-water mark, where a restored backup does not reach it. Each line is one thing, sealed under the data key and in
// base64url: nobody else can read it, or write a line that is believed. Within:
//
//	entry EPOCH INDEX LEAF GROUND    words that were erased; the leaf hash in base64url
//	patient ID, account ID           deleted
//	card ID                          revoked
const (
	goneSuffix    = ".gone" // after the name of the mark
	olderSuffix   = ".old"  // of the list before, when the list had grown too long
	maxGoneLine   = 512     // bytes, with the end of the line
	maxGoneFile   = 64 << 20
	recentGone    = 64 << 10 // bytes of the end of a list that show whether a store was set back
	goneInOnePart = 100
)

// gonePlace is what a line is sealed for.
var gonePlace = vault.AAD{Table: "gone", Column: "line", Row: "1"}

// goneList is the list as a file. It is bounded: one that has grown to maxGoneFile, some 400,000 lines, is kept as the older half, and the older half before it goes.
type goneList struct {
	path string
	data *vault.DataKey
}

var _ emergency.GoneList = goneList{}

// goneBeside is the list that lies beside a high-water mark.
func goneBeside(mark highWater, data *vault.DataKey) goneList {
	return goneList{mark.path + goneSuffix, data}
}

// Add implements emergency.GoneList.
func (l goneList) Add(_ context.Context, gone ...emergency.Gone) error {
	var lines []byte
	for _, each := range gone {
		sealed, err := l.data.Seal(gonePlace, []byte(goneText(each)))
		if err != nil {
			return err
		}
		lines = append(base64.RawURLEncoding.AppendEncode(lines, sealed), '\n')
	}
	return l.write(lines)
}

// write puts lines at the end of the list.
func (l goneList) write(lines []byte) (err error) {
	release, err := lockBeside(l.path)
	if err != nil {
		return fmt.Errorf("datadir: the list of what is gone cannot be written: %w", err)
	}
	defer func() { err = errors.Join(err, release()) }()
	if info, err := os.Stat(l.path); err == nil && info.Size() > 0 && info.Size()+int64(len(lines)) > maxGoneFile {
		if err := os.Rename(l.path, l.path+olderSuffix); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if last := make([]byte, 1); end > 0 {
		if _, err := file.ReadAt(last, end-1); err != nil {
			return err
		}
		if last[0] != '\n' { // a line that was cut short stays one
			lines = append([]byte{'\n'}, lines...)
		}
	}
	if _, err := file.Write(lines); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if end == 0 {
		return syncDir(filepath.Dir(l.path))
	}
	return nil
}

// Read implements emergency.GoneList.
func (l goneList) Read(ctx context.Context, recent bool, each func([]emergency.Gone) error) (unreadable int, err error) {
	paths := []string{l.path + olderSuffix, l.path}
	if recent {
		paths = paths[1:]
	}
	for _, path := range paths {
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return unreadable, err
		}
		n, err := l.readFile(ctx, file, recent, each)
		unreadable += n
		if err = errors.Join(err, file.Close()); err != nil {
			return unreadable, err
		}
	}
	return unreadable, nil
}

// readFile reads one file of the list, or the end of it.
func (l goneList) readFile(ctx context.Context, file *os.File, recent bool, each func([]emergency.Gone) error) (unreadable int, err error) {
	whole := true // the first line
	if info, err := file.Stat(); err != nil {
		return 0, err
	} else if recent && info.Size() > recentGone {
		whole = false
		if _, err := file.Seek(-recentGone, io.SeekEnd); err != nil {
			return 0, err
		}
	}
	var part []emergency.Gone
	err = goneLines(io.LimitReader(file, 2*maxGoneFile), func(line []byte) error {
		if !whole {
			whole = true
			return nil
		}
		gone, err := l.open(line)
		if err != nil {
			unreadable++
			return nil
		}
		if part = append(part, gone); len(part) < goneInOnePart {
			return nil
		}
		full := part
		part = nil
		return errors.Join(ctx.Err(), each(full))
	})
	if err == nil && len(part) > 0 {
		err = each(part)
	}
	return unreadable, err
}

// goneLines calls each for every line, without its end. Of one that is too long it gets nil.
func goneLines(r io.Reader, each func(line []byte) error) error {
	lines := bufio.NewReaderSize(r, maxGoneLine)
	for long := false; ; {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			long = true
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return err
		case errors.Is(err, io.EOF) && len(line) == 0 && !long:
			return nil
		}
		if long {
			line, long = nil, false
		}
		if eachErr := each(bytes.TrimSuffix(line, []byte{'\n'})); eachErr != nil || err != nil {
			return eachErr
		}
	}
}

// errGone says that a line of the list is not one.
var errGone = errors.New("datadir: not a line of the list of what is gone")

// open reads a line.
func (l goneList) open(line []byte) (emergency.Gone, error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(string(line))
	if err != nil {
		return emergency.Gone{}, errGone
	}
	text, err := l.data.Open(gonePlace, sealed)
	if err != nil {
		return emergency.Gone{}, err
	}
	return parseGone(string(text))
}

// goneText is what a line says.
func goneText(gone emergency.Gone) string {
	switch {
	case gone.Patient != "":
		return "patient " + string(gone.Patient)
	case gone.Account != "":
		return "account " + string(gone.Account)
	case gone.Card != cards.ID{}:
		return "card " + gone.Card.String()
	default:
		return fmt.Sprintf("entry %d %d %s %s", gone.Entry.Epoch, gone.Entry.Index, base64.RawURLEncoding.EncodeToString(gone.Leaf[:]), gone.Ground)
	}
}

// parseGone reads what goneText writes, and nothing else.
func parseGone(text string) (gone emergency.Gone, err error) {
	words := strings.Split(text, " ")
	switch {
	case len(words) == 2 && words[0] == "patient":
		gone.Patient, err = emergency.ParsePatientID(words[1])
	case len(words) == 2 && words[0] == "account":
		gone.Account, err = emergency.ParseAccountID(words[1])
	case len(words) == 2 && words[0] == "card":
		gone.Card, err = cards.ParseID(words[1])
	case len(words) == 5 && words[0] == "entry":
		var leaf []byte
		if gone.Entry.Epoch, err = strconv.Atoi(words[1]); err == nil {
			gone.Entry.Index, err = strconv.ParseInt(words[2], 10, 64)
		}
		if err == nil {
			leaf, err = base64.RawURLEncoding.Strict().DecodeString(words[3])
		}
		gone.Ground = audit.Ground(words[4])
		if copy(gone.Leaf[:], leaf) != len(gone.Leaf) || gone.Entry.Epoch < 1 || gone.Entry.Index < 0 || !slices.Contains(audit.Grounds(), gone.Ground) {
			return emergency.Gone{}, errGone
		}
	}
	if err != nil || goneText(gone) != text { // nothing else, and in no other spelling
		return emergency.Gone{}, errGone
	}
	return gone, nil
}

// moveGone puts what the list beside one mark says on the one beside another, where the mark is kept from now on. What both say stays there once.
func moveGone(from, to goneList) error {
	lines, err := from.content()
	if err != nil || len(lines) == 0 {
		return err
	}
	there, err := to.content()
	if err != nil {
		return err
	}
	known := make(map[string]bool)
	for line := range bytes.Lines(there) {
		known[string(line)] = true
	}
	var missing []byte
	for line := range bytes.Lines(lines) {
		if !known[string(line)] {
			missing = append(missing, line...)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return to.write(missing)
}

// content is the newer half of the list as it stands.
func (l goneList) content() ([]byte, error) {
	file, err := os.Open(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxGoneFile))
}
