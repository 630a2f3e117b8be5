package print

import (
	"context"
	"testing"
)

// house is where the fictional cards are from.
const house = "https://locket.example"

// carriers are those that a house prints.
func carriers(t testing.TB) []Carrier {
	t.Helper()
	all, err := House(house)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// bare is the code of a carrier without anything around it, which is quicker to photograph.
func bare(c Carrier) Carrier {
	c.WidthMM, c.HeightMM = c.codeSide(), c.codeSide()
	return c
}

// smallest is the code of a bracelet.
func smallest(t testing.TB) Carrier {
	t.Helper()
	all := carriers(t)
	return bare(all[len(all)-1])
}

// blank is the carrier with nothing on it but a single module.
func blank(c Carrier) Carrier {
	c.Matrix.Modules = 1
	return c
}

// stranger is a decoder that counts for the score.
type stranger struct {
	read func(files []string) []string
}

func (stranger) Names() []string { return []string{"stranger"} }

func (stranger) Foreign() bool { return true }

func (s stranger) Read(_ context.Context, files []string) ([][]string, error) {
	return [][]string{s.read(files)}, nil
}

// always answers the same of every picture.
func always(text string) stranger {
	return stranger{func(files []string) []string {
		texts := make([]string, len(files))
		for i := range texts {
			texts[i] = text
		}
		return texts
	}}
}

// our decoder, as if it were foreign.
func ours(t testing.TB) stranger {
	return stranger{func(files []string) []string {
		texts, err := Own().Read(context.Background(), files)
		if err != nil {
			t.Error(err)
			return make([]string, len(files))
		}
		return texts[0]
	}}
}
