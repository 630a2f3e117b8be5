package web

import (
	"path"
	"slices"
	"strings"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/carrier"
)

// cardFile is a file of a card as its page offers it.
type cardFile struct {
	Name, URL, Label string
}

// filesOf lists the files that the page of a card offers, by its carrier. The names are those of emergency/carrier.
var filesOf = map[string][]string{
	emergency.CarrierWallet:   {"card.svg", "card.png", "card.ndef"},
	emergency.CarrierSheet:    {"card.svg", "card.png"},
	emergency.CarrierSticker:  {"card.svg", "card.png"},
	emergency.CarrierBracelet: {"card.svg", "card.png"},
	emergency.CarrierVCard:    {"card.vcf", "card.svg", "card.png"},
	emergency.CarrierNTAG213:  {"card.ndef", "tag.bin"},
	emergency.CarrierNTAG215:  {"card.ndef", "tag.bin"},
	emergency.CarrierNTAG216:  {"card.ndef", "tag.bin"},
	emergency.CarrierNTAG424:  {"settings.json", "card.ndef"},
	emergency.CarrierSHC:      {"card.smart-health-card", "card.svg", "card.png"},
	emergency.CarrierSHL:      {"card.shlink", "card.svg", "card.png", "ips.jwe"},
}

// cardPages are the pages that a card can be printed on, the usual one first.
func (x *exchange) cardPages(base, carried string) (pages []cardFile) {
	if carried == emergency.CarrierSheet {
		return []cardFile{{URL: "/household/sheet/ready", Label: x.T("console.card.print.sheet")}}
	}
	for _, page := range pagesOf[carried] {
		for _, paper := range papersOf(page) {
			printed := cardFile{URL: base + "/print?paper=" + string(paper), Label: x.T("console.card.print." + string(paper))}
			if page != "" {
				printed.URL += "&page=" + page
				printed.Label = x.T("console.beside", "first", x.T("console.print."+page), "second", x.T("console.paper."+string(paper)))
			}
			pages = append(pages, printed)
		}
	}
	return pages
}

// offered are the names of the files that a card has. A SMART Health Card that no QR code has room for has no pictures of one.
func offered(issued emergency.Issued) []string {
	names := slices.Clone(filesOf[issued.Carrier])
	switch {
	case issued.Carrier == emergency.CarrierWallpaper:
		for _, screen := range cards.Screens() {
			names = append(names, wallpaperFile(screen))
		}
	case issued.Health != nil && issued.Health.Code == "":
		names = slices.DeleteFunc(names, func(name string) bool { return name == "card.svg" || name == "card.png" })
	}
	return names
}

// cardFiles are the files of a card, with words.
func (x *exchange) cardFiles(base string, issued emergency.Issued) (files []cardFile) {
	for _, name := range offered(issued) {
		kind := strings.TrimPrefix(path.Ext(name), ".")
		label := x.T("console.card." + strings.ReplaceAll(kind, "-", "_"))
		if size, found := strings.CutPrefix(strings.TrimSuffix(name, ".png"), "wallpaper-"); found {
			label = x.T("console.card.wallpaper", "size", strings.ReplaceAll(size, "x", " × "))
		}
		files = append(files, cardFile{Name: name, URL: base + "/files/" + name, Label: label})
	}
	return files
}

func wallpaperFile(screen cards.Screen) string { return "wallpaper-" + screen.String() + ".png" }

// cardFile serves a file of a card. Pictures are shown, everything else becomes a file; what is printed has its own address.
func (s *Server) cardFile(x *exchange) error {
	patient, issued, err := x.issued()
	if err != nil {
		return err
	}
	name := x.variable("name")
	content, err := s.fileOf(x, patient, issued, name)
	if err != nil {
		return err
	}
	switch path.Ext(name) {
	case ".svg":
		return x.bytes("image/svg+xml", content)
	case ".png":
		return x.bytes("image/png", content)
	}
	x.attach("application/octet-stream", "locket-"+name)
	return x.bytes("application/octet-stream", content)
}

func (s *Server) fileOf(x *exchange, patient emergency.PatientID, issued emergency.Issued, name string) ([]byte, error) {
	if !slices.Contains(offered(issued), name) {
		return nil, notFound
	}
	for _, screen := range cards.Screens() { // pictures of a megapixel each: only the one that was asked for is drawn
		if wallpaperFile(screen) == name {
			code, err := issued.Code()
			if err != nil {
				return nil, err
			}
			return s.Words.Wallpaper(issued, code, screen)
		}
	}
	record, err := s.Service.Record(x.r.Context(), x.caller, patient)
	if err != nil {
		return nil, err
	}
	files, _, err := s.Words.Files(carrier.Made{Issued: issued, Record: record}, carrier.Options{Now: s.Now()})
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(files, func(f carrier.File) bool { return f.Name == name })
	if at < 0 {
		return nil, notFound
	}
	return files[at].Content, nil
}
