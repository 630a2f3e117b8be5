package carrier

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/summary"
)

// File is one of the files that a carrier consists of.
type File struct {
	Name    string
	Content []byte
}

// Made is an issued card with what is known of its making.
type Made struct {
	Issued   emergency.Issued
	Record   summary.Record   // whole, for its holder's eyes
	Imported summary.Imported // what became of the document that it came from; zero when there was none
}

// Options are those of the files of a carrier.
type Options struct {
	Lang string    // of the printed words; "" is the record's own
	Now  time.Time // the day of printing
}

// Files writes the files of a card's carrier, and says what is on it and what is not. card.json is among them.
func (w Words) Files(made Made, o Options) ([]File, Report, error) {
	code, err := made.Issued.Code()
	if err != nil {
		return nil, Report{}, err
	}
	report := w.report(made, code)
	var files []File
	switch issued := made.Issued; issued.Carrier {
	case emergency.CarrierWallet:
		files, err = w.wallet(made, code, o)
	case emergency.CarrierSheet:
		files, err = w.printed(issued, code)
	case emergency.CarrierSticker:
		files, err = w.stickers(made, code, o)
	case emergency.CarrierBracelet:
		files, err = w.bracelet(made, code, o)
	case emergency.CarrierWallpaper:
		files, err = w.wallpapers(issued, code)
	case emergency.CarrierVCard:
		files, err = w.contact(made, o, &report)
	case emergency.CarrierNTAG213, emergency.CarrierNTAG215, emergency.CarrierNTAG216:
		files, err = w.tag(made, o, &report)
	case emergency.CarrierNTAG424:
		files, err = w.secureTag(made, o, &report)
	case emergency.CarrierSHC:
		files, err = w.healthCard(made, code, &report)
	case emergency.CarrierSHL:
		files, err = w.healthLink(made, code, o, &report)
	default:
		err = fmt.Errorf("carrier: there are no files for %q", issued.Carrier)
	}
	if err != nil {
		return nil, report, err
	}
	for _, file := range files {
		report.Files = append(report.Files, file.Name)
	}
	said, err := marshal(report)
	return append(files, File{reportFile, said}), report, err
}

// reportFile is the name of the report.
const reportFile = "card.json"

func marshal(value any) ([]byte, error) {
	var said bytes.Buffer
	encoder := json.NewEncoder(&said)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return said.Bytes(), err
}

// pixels a module of a picture: six dots at 300 dpi, the printed size on a wallet card.
const pixels = 6

// printed are the files of a QR code: what it says, and pictures of it.
func (w Words) printed(issued emergency.Issued, code cards.Matrix) ([]File, error) {
	picture, err := code.PNG(pixels)
	if err != nil {
		return nil, err
	}
	module := issued.ModuleMM
	if module == 0 {
		module = cards.CardModule(code)
	}
	return []File{
		{"card.url", []byte(said(issued) + "\n")},
		{"card.svg", code.SVG(cards.Picture{ModuleMM: module, Title: w.Catalog.T("en", "card.code_title")})},
		{"card.png", picture},
	}, nil
}

// said is where a carrier leads, "" for one that leads nowhere.
func said(issued emergency.Issued) string {
	switch issued.Carrier {
	case emergency.CarrierBracelet, emergency.CarrierNTAG213:
		return issued.ShortAddress().URL()
	case emergency.CarrierNTAG215, emergency.CarrierNTAG216:
		return issued.Address.NFCURL()
	case emergency.CarrierNTAG424:
		return issued.Tag.Template.URL()
	case emergency.CarrierVCard, emergency.CarrierSHC, emergency.CarrierSHL:
		return ""
	}
	return issued.Address.URL()
}

// wallet is a card of ID-1 size: its code, its two sides to be printed, in large letters and in high contrast too, and the same address for a tag.
func (w Words) wallet(made Made, code cards.Matrix, o Options) ([]File, error) {
	files, err := w.printed(made.Issued, code)
	if err != nil {
		return nil, err
	}
	message, err := made.Issued.Address.Message().Encode()
	if err != nil {
		return nil, err
	}
	variants := Variants()
	for _, name := range slices.Sorted(maps.Keys(variants)) {
		page, err := w.WalletPage(o.Lang, made.Issued, code, variants[name])
		if err != nil {
			return nil, err
		}
		files = append(files, File{name, page})
	}
	return append(files, File{"card.ndef", message}), nil
}

// stickers are a sheet of them, and labels for things that people wear and use.
func (w Words) stickers(made Made, code cards.Matrix, o Options) ([]File, error) {
	files, err := w.printed(made.Issued, code)
	if err != nil {
		return nil, err
	}
	stickers, err := w.StickerPage(o.Lang, made.Issued, code, Print{})
	if err != nil {
		return nil, err
	}
	labels, err := w.LabelPage(o.Lang, made.Issued, code, Print{})
	return append(files, File{"stickers.html", stickers}, File{"labels.html", labels}), err
}

// bracelet is a strip with a short address.
func (w Words) bracelet(made Made, code cards.Matrix, o Options) ([]File, error) {
	files, err := w.printed(made.Issued, code)
	if err != nil {
		return nil, err
	}
	page, err := w.BraceletPage(o.Lang, made.Issued, code, Print{})
	return append(files, File{"bracelet.html", page}), err
}

// wallpapers are pictures for the lock screens of telephones.
func (w Words) wallpapers(issued emergency.Issued, code cards.Matrix) ([]File, error) {
	files := []File{{"card.url", []byte(issued.Address.URL() + "\n")}}
	for _, screen := range cards.Screens() {
		picture, err := w.Wallpaper(issued, code, screen)
		if err != nil {
			return nil, err
		}
		files = append(files, File{"wallpaper-" + screen.String() + ".png", picture})
	}
	return files, nil
}

// Wallpaper draws the picture for one screen.
func (w Words) Wallpaper(issued emergency.Issued, code cards.Matrix, screen cards.Screen) ([]byte, error) {
	_, host, _ := strings.Cut(issued.Address.Base, "://")
	return cards.Wallpaper{Code: code, Short: issued.ShortCode, Host: strings.ToUpper(host), Words: "ICE - EMERGENCY CARD"}.PNG(screen)
}
