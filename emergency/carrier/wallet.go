package carrier

import (
	"bytes"
	"encoding/json"
	"math"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// File is one of the files that a carrier consists of.
type File struct {
	Name    string
	Content []byte
}

// Report is card.json: what became of a patient's document, for whoever issued the card. Its fields are stable.
type Report struct {
	ID            cards.ID            `json:"id"`
	Patient       emergency.PatientID `json:"patient"`
	URL           string              `json:"url"`
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
}

// Shown is an item on the front, in English words.
type Shown struct {
	Section section.Section `json:"section"`
	Words   string          `json:"words"`
}

// LeftOut is an item that is not on the front, or not whole, and why.
type LeftOut struct {
	Section section.Section `json:"section"`
	Words   string          `json:"words"`
	Reason  summary.Reason  `json:"reason"`
}

// pixels a module of card.png: six dots at 300 dpi, the printed size.
const pixels = 6

// Wallet writes the files of a wallet card. lang is the language of the printed words, "" for the record's own.
func (w Words) Wallet(issued emergency.Issued, imported summary.Imported, lang string) ([]File, Report, error) {
	url := issued.Address.URL()
	matrix, err := cards.EncodeQR(url, cards.LevelM)
	if err != nil {
		return nil, Report{}, err
	}
	report := w.report(issued, imported, matrix)
	picture, err := matrix.PNG(pixels)
	if err != nil {
		return nil, report, err
	}
	message, err := issued.Address.Message().Encode()
	if err != nil {
		return nil, report, err
	}
	face := w.Face(lang, issued)
	var page bytes.Buffer
	if err := cards.WritePrintPage(&page, cards.PrintOptions{Lang: face.Lang, Dir: face.Dir, Title: face.Title}, cards.PrintedCard{Face: face, Code: matrix}); err != nil {
		return nil, report, err
	}
	var said bytes.Buffer
	encoder := json.NewEncoder(&said)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(report); err != nil {
		return nil, report, err
	}
	return []File{
		{"card.url", []byte(url + "\n")},
		{"card.svg", matrix.SVG(cards.Picture{ModuleMM: cards.CardModule(matrix), Title: face.CodeTitle})},
		{"card.png", picture},
		{"card.html", page.Bytes()},
		{"card.ndef", message},
		{"card.json", said.Bytes()},
	}, report, nil
}

func (w Words) report(issued emergency.Issued, imported summary.Imported, matrix cards.Matrix) Report {
	report := Report{ID: issued.ID, Patient: issued.Patient, URL: issued.Address.URL(), Carrier: issued.Carrier, QRVersion: matrix.Version, QRLevel: matrix.Level.String(),
		Modules: matrix.Modules, ModuleMM: math.Round(issued.ModuleMM*1000) / 1000, PayloadBytes: issued.PayloadBytes, ShortCode: issued.ShortCode.String(), Expires: issued.ExpiresAt,
		OnFront: []Shown{}, LeftOut: []LeftOut{}, NotUnderstood: append([]summary.Line{}, imported.NotUnderstood...),
		KeptAsText: append([]summary.Line{}, imported.KeptAsText...), Warnings: append([]cards.Warning{}, issued.Warnings...)}
	for _, item := range issued.Front.Items {
		report.OnFront = append(report.OnFront, Shown{item.Section, w.item("en", item)})
	}
	for _, left := range issued.Left {
		item, _ := imported.Record.Item(left.ItemID)
		report.LeftOut = append(report.LeftOut, LeftOut{left.Section, joined(", ", item.Text, w.concept("en", 0, item.Term, ""), item.Detail, item.Name), left.Reason})
	}
	return report
}
