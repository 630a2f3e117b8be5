package verify

import (
	"io"
	"os"
	"strings"
	"time"

	"github.com/locket-health/locket/cards"
)

// schemes are how a thing begins that is given as it is, not as the name of a file.
var schemes = []string{"http://", "https://", "shc:/", "shlink:/"}

// CheckNamed is Check of what a command line means by a thing: the text itself when it begins as one of the kinds does, standard input for "-", else a file.
func (v Verifier) CheckNamed(named string, stdin io.Reader, now time.Time) Result {
	content, err := fetch(named, stdin)
	if err != nil {
		return Result{Status: cards.StatusUnreadable, Reason: err.Error()}
	}
	return v.Check(content, now)
}

func fetch(named string, stdin io.Reader) ([]byte, error) {
	lower := strings.ToLower(named)
	for _, scheme := range schemes {
		if strings.HasPrefix(lower, scheme) {
			return []byte(named), nil
		}
	}
	source := stdin
	if named != "-" {
		f, err := os.Open(named)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		source = f
	}
	return io.ReadAll(io.LimitReader(source, MaxThing))
}

// Names are the names of Files on a disk, "" for those that there are not.
type Names struct{ Keys, TrustList, Head, Entries, HealthList string }

// ReadFiles reads them.
func ReadFiles(n Names) (Files, error) {
	var files Files
	for _, file := range []struct {
		name string
		into *[]byte
	}{{n.Keys, &files.Keys}, {n.TrustList, &files.TrustList}, {n.Head, &files.Head}, {n.Entries, &files.Entries}, {n.HealthList, &files.HealthList}} {
		if file.name == "" {
			continue
		}
		content, err := os.ReadFile(file.name)
		if err != nil {
			return Files{}, err
		}
		*file.into = content
	}
	return files, nil
}
