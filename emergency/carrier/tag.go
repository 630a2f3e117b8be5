package carrier

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/locket-health/locket/cards/sun"
	"github.com/locket-health/locket/emergency"
)

// TagReport says how a tag is filled.
type TagReport struct {
	Name    string `json:"name"`    // the maker's
	Area    int    `json:"area"`    // bytes of its NDEF area
	Message int    `json:"message"` // bytes of the message
	Room    int    `json:"room"`    // bytes that a message may have
}

// tag are the files of a static tag: the message, and the memory of the tag with the message in it.
func (w Words) tag(made Made, o Options, report *Report) ([]File, error) {
	kind, _ := emergency.TagOf(made.Issued.Carrier)
	message := made.Issued.TagMessage()
	encoded, err := message.Encode()
	if err != nil {
		return nil, err
	}
	memory, err := kind.Image(message)
	if err != nil {
		return nil, err
	}
	report.Tag = &TagReport{Name: kind.Name, Area: kind.Area, Message: len(encoded), Room: kind.Message}
	page, err := w.TagPage(o.Lang, made.Issued, kind, Print{})
	if err != nil {
		return nil, err
	}
	return []File{{"card.url", []byte(said(made.Issued) + "\n")}, {"card.ndef", encoded}, {"tag.bin", memory}, {"tag.html", page}}, nil
}

// TagSettings are what the writers of an NTAG 424 DNA ask for. Numbers are bytes from the beginning of the NDEF file. The keys open the tag to whoever has
// them: they are for the one who writes it.
type TagSettings struct {
	URL                string            `json:"url"`                  // with zeros where the tag fills in
	File               string            `json:"file"`                 // the NDEF file, in hexadecimal
	PICCDataOffset     int               `json:"picc_data_offset"`     // where it writes p
	MACInputOffset     int               `json:"mac_input_offset"`     // where the input of the MAC begins: at the MAC itself, the input is empty
	MACOffset          int               `json:"mac_offset"`           // where it writes c
	ChangeFileSettings string            `json:"change_file_settings"` // data of the command for file 2, in hexadecimal
	Capability         string            `json:"capability_container"` // the tag has it from its maker
	Keys               map[string]string `json:"keys"`                 // AES-128, in hexadecimal, by slot
	Steps              []string          `json:"steps"`
}

// tagSteps are the order in which a tag is written, in the terms of its data sheet.
var tagSteps = []string{
	"ISOSelectFile D2760000850101",
	"AuthenticateEV2First with key 0, as delivered 16 zero bytes",
	"WriteData to file 2, plain: file",
	"ChangeKey 1, 2, 3 and 4 to the keys of their slots, version 1",
	"ChangeFileSettings of file 2: change_file_settings",
	"ChangeKey 0 to the key of slot 0, last",
	"tap it with a telephone twice: the page says that the tag was tapped just now",
}

// Settings are those of an issued card's tag.
func Settings(tag emergency.IssuedTag) TagSettings {
	digits := func(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }
	t := tag.Template
	keys := make(map[string]string)
	for slot, key := range tag.Keys.InOrder() {
		keys[strconv.Itoa(slot)] = key.Hex()
	}
	return TagSettings{URL: t.URL(), File: digits(t.File()), PICCDataOffset: t.PICCDataOffset(), MACInputOffset: t.MACInputOffset(), MACOffset: t.MACOffset(),
		ChangeFileSettings: digits(t.Settings()), Capability: digits(sun.CapabilityContainer()), Keys: keys, Steps: tagSteps}
}

// secureTag are the files of an NTAG 424 DNA.
func (w Words) secureTag(made Made, o Options, report *Report) ([]File, error) {
	kind, _ := emergency.TagOf(made.Issued.Carrier)
	settings := Settings(*made.Issued.Tag)
	message := made.Issued.Tag.Template.Message()
	report.Tag = &TagReport{Name: kind.Name, Area: kind.Area, Message: len(message), Room: kind.Message}
	text, err := marshal(settings)
	if err != nil {
		return nil, err
	}
	page, err := w.TagSettingsPage(o.Lang, made.Issued, settings, Print{})
	if err != nil {
		return nil, err
	}
	return []File{{"card.url", []byte(settings.URL + "\n")}, {"card.ndef", message}, {"settings.json", text}, {"settings.html", page}}, nil
}
