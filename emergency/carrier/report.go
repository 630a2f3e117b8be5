package carrier

import (
	"math"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// Report is card.json: what became of a patient's document, for whoever issued the card. Its fields are stable.
type Report struct {
	ID            cards.ID            `json:"id"`
	Patient       emergency.PatientID `json:"patient"`
	URL           string              `json:"url"` // that the card leads to; "" for one that leads nowhere
	Carrier       string              `json:"carrier"`
	QRVersion     int                 `json:"qr_version"`
	QRLevel       string              `json:"qr_level"`
	Modules       int                 `json:"modules"`
	ModuleMM      float64             `json:"module_mm"`
	PayloadBytes  int                 `json:"payload_bytes"`
	ShortCode     string              `json:"short_code"`
	Expires       time.Time           `json:"expires"`
	OnFront       []Shown             `json:"on_front"`
	LeftOut       []LeftOut           `json:"left_out"`
	NotUnderstood []summary.Line      `json:"not_understood"`
	KeptAsText    []summary.Line      `json:"kept_as_text"`
	Warnings      []cards.Warning     `json:"warnings"`
	Tag           *TagReport          `json:"tag,omitempty"`
	Health        *HealthReport       `json:"health_card,omitempty"`
	Link          *LinkReport         `json:"health_link,omitempty"`
	Files         []string            `json:"files"` // beside this one
}

// Shown is an item on the front, in English words.
type Shown struct {
	Section section.Section `json:"section,omitzero"` // 0 where it belongs to none
	Words   string          `json:"words"`
}

// LeftOut is an item that is not on the front, or not whole, and why.
type LeftOut struct {
	Section section.Section `json:"section,omitzero"` // 0 where it belongs to none
	Words   string          `json:"words"`
	Reason  summary.Reason  `json:"reason"`
}

func (w Words) report(made Made, code cards.Matrix) Report {
	issued, imported := made.Issued, made.Imported
	report := Report{ID: issued.ID, Patient: issued.Patient, URL: said(issued), Carrier: issued.Carrier, PayloadBytes: issued.PayloadBytes,
		ShortCode: issued.ShortCode.String(), Expires: issued.ExpiresAt, OnFront: []Shown{}, LeftOut: []LeftOut{},
		NotUnderstood: append([]summary.Line{}, imported.NotUnderstood...), KeptAsText: append([]summary.Line{}, imported.KeptAsText...),
		Warnings: append([]cards.Warning{}, issued.Warnings...)}
	if code.Modules > 0 {
		report.QRVersion, report.QRLevel, report.Modules, report.ModuleMM = code.Version, code.Level.String(), code.Modules, rounded(issued.ModuleMM)
	}
	for _, item := range issued.Front.Items {
		report.OnFront = append(report.OnFront, Shown{item.Section, w.item("en", item)})
	}
	for _, left := range issued.Left {
		item, _ := made.Record.Item(left.ItemID)
		report.LeftOut = append(report.LeftOut, LeftOut{left.Section, w.wordsOf(item), left.Reason})
	}
	return report
}

// printed notes a code that is made of words, and so only here, printed sideMM millimetres wide with its quiet zone.
func (r *Report) printed(code cards.Matrix, sideMM float64) {
	measured := emergency.Issued{Carrier: r.Carrier}
	measured.Measured(code, sideMM)
	r.QRVersion, r.QRLevel, r.Modules, r.ModuleMM = code.Version, code.Level.String(), code.Modules, rounded(measured.ModuleMM)
	r.Warnings = append([]cards.Warning{}, measured.Warnings...)
}

// rounded is a length to the micrometre.
func rounded(mm float64) float64 { return math.Round(mm*1000) / 1000 }
