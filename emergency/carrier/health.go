package carrier

import (
	"crypto/rand"
	"strings"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shc"
	"github.com/locket-health/locket/cards/shl"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// HealthReport says of a SMART Health Card how long it is. The file has all that can be said in codes; the QR code has what it has room for.
type HealthReport struct {
	Characters int `json:"characters"`         // of the JWS in the file
	InCode     int `json:"characters_in_code"` // of the JWS in the QR code, 0 when there is none
}

// healthCard are the files of a SMART Health Card.
func (w Words) healthCard(made Made, code cards.Matrix, report *Report) ([]File, error) {
	file, err := shc.MarshalFile(made.Issued.Health.File)
	if err != nil {
		return nil, err
	}
	files := []File{{"card" + shc.Extension, file}}
	report.Health = &HealthReport{Characters: len(made.Issued.Health.File), InCode: len(made.Issued.Health.Code)}
	report.OnFront = []Shown{}
	for _, id := range made.Issued.Health.Items {
		if item, found := made.Record.Item(id); found {
			report.OnFront = append(report.OnFront, Shown{item.Section, w.wordsOf(item)})
		}
	}
	if code.Modules == 0 {
		return files, nil
	}
	picture, err := code.PNG(pixels)
	if err != nil {
		return nil, err
	}
	return append(files, File{"card.svg", code.SVG(cards.Picture{ModuleMM: report.ModuleMM, Title: "SMART Health Card"})}, File{"card.png", picture}), nil
}

// LinkReport is a SMART Health Link as its holder needs it. Whoever has both has what it gives.
type LinkReport struct {
	URI      string            `json:"uri"`
	Passcode string            `json:"passcode"`
	Expires  time.Time         `json:"expires"`
	Sections []section.Section `json:"sections"`
}

// healthLink are the files of a SMART Health Link: the link, and the summary as it is now under the link's key, for a reader without a network.
func (w Words) healthLink(made Made, code cards.Matrix, o Options, report *Report) ([]File, error) {
	issued := made.Issued
	link, err := shl.Parse(issued.Link.URI)
	if err != nil {
		return nil, err
	}
	picture, err := code.PNG(pixels)
	if err != nil {
		return nil, err
	}
	_, host, _ := strings.Cut(issued.Address.Base, "://")
	document, err := w.Document(o.Lang, summary.Filter(made.Record, issued.Link.Sections), host, o.Now)
	if err != nil {
		return nil, err
	}
	sealed, err := shl.Encrypt(link.Key, shl.TypeFHIR, document, rand.Reader)
	if err != nil {
		return nil, err
	}
	report.OnFront, report.LeftOut, report.PayloadBytes = []Shown{}, []LeftOut{}, len(issued.Link.URI)
	report.Link = &LinkReport{URI: issued.Link.URI, Passcode: issued.Link.Passcode, Expires: issued.Link.ExpiresAt}
	for _, s := range section.All() {
		if issued.Link.Sections.Has(s) {
			report.Link.Sections = append(report.Link.Sections, s)
		}
	}
	return []File{
		{"card.shlink", []byte(issued.Link.URI + "\n")},
		{"card.svg", code.SVG(cards.Picture{ModuleMM: report.ModuleMM, Title: "SMART Health Link"})},
		{"card.png", picture},
		{"ips.jwe", []byte(sealed)},
	}, nil
}

// wordsOf is an item of a record in its own words, for a list.
func (w Words) wordsOf(item summary.Item) string {
	return joined(", ", item.Text, w.concept("en", 0, item.Term, ""), item.Detail, item.Name)
}
