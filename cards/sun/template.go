package sun

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/locket-health/locket/cards"
)

// fileSize is that of the NDEF file of an NTAG 424 DNA, in bytes; its first two hold the length of the message.
const (
	fileSize   = 256
	fileLength = 2
)

const (
	piccQuery = "?p="
	macQuery  = "&c="
)

// Template is what is written to a tag: an address with zeros where the tag puts in, at every tap, what Parse reads.
type Template struct {
	url string
	// file is the whole NDEF file, picc and mac where in it the zeros begin.
	file      [fileSize]byte
	picc, mac int
}

// NewTemplate makes the file of the tag of a card: base is scheme and host ("https://locket.example"), fragment what stands
// after the #, the short code of the card or, where there is room, its front in base64url. It returns ErrMessage for an
// address that no reader would take, and cards.ErrNoFit when the file would be too long.
func NewTemplate(base string, id cards.ID, fragment string) (Template, error) {
	t := Template{url: templateURL(base, id, fragment)}
	message, err := cards.Message{cards.URIRecord(t.url)}.Encode()
	if err != nil {
		return Template{}, err
	}
	if fileLength+len(message) > fileSize {
		return Template{}, fmt.Errorf("%w (%d bytes, the tag has room for %d)", cards.ErrNoFit, len(message), fileSize-fileLength)
	}
	if _, err := ParseAddress(t.url); err != nil {
		return Template{}, err
	}
	binary.BigEndian.PutUint16(t.file[:], uint16(len(message)))
	copy(t.file[fileLength:], message)
	// The message ends as the address does.
	address := fileLength + len(message) - len(t.url)
	t.picc = address + strings.Index(t.url, piccQuery) + len(piccQuery)
	t.mac = t.picc + piccDigits + len(macQuery)
	return t, nil
}

func templateURL(base string, id cards.ID, fragment string) string {
	return cards.Address{Base: base, ID: id}.Short() + piccQuery + strings.Repeat("0", piccDigits) +
		macQuery + strings.Repeat("0", macDigits) + "#" + fragment
}

// URL is the address with its zeros.
func (t Template) URL() string { return t.url }

// Message is the NDEF message, without the length in front of it.
func (t Template) Message() []byte { return t.file[fileLength:t.used()] }

// File is what is written to the NDEF file, from its first byte on: length and message.
func (t Template) File() []byte { return t.file[:t.used()] }

func (t Template) used() int { return fileLength + int(binary.BigEndian.Uint16(t.file[:])) }

// PICCDataOffset is where the tag writes p, in bytes from the first byte of the file.
func (t Template) PICCDataOffset() int { return t.picc }

// MACInputOffset is where the input of the MAC begins, in bytes from the first byte of the file. It is MACOffset: the input is
// empty.
func (t Template) MACInputOffset() int { return t.mac }

// MACOffset is where the tag writes c, in bytes from the first byte of the file.
func (t Template) MACOffset() int { return t.mac }

// Settings are the data of the command ChangeFileSettings for the NDEF file (NT4H2421Gx, section 10.7.1, table 69): anybody
// reads it, key 0 writes it; key 1 encrypts serial number and counter, key 2 makes the MAC.
func (t Template) Settings() []byte {
	settings := []byte{
		0x40,       // FileOption: mirrors on, communication plain
		0x00, 0xe0, // AccessRights 0xE000, least significant byte first: read free; write, read and write, change with key 0
		0xc1,       // SDMOptions: serial number, counter, in ASCII; no limit, at which the tag would fall silent
		0xff, 0x12, // SDMAccessRights 0x12FF: MetaRead key 1, FileRead key 2, nobody reads the counter by command
	}
	for _, offset := range []int{t.PICCDataOffset(), t.MACInputOffset(), t.MACOffset()} {
		settings = append(settings, byte(offset), byte(offset>>8), byte(offset>>16))
	}
	return settings
}

// CapabilityContainer is the file E103 as the maker delivers it (NFC Forum T4T 1.0, section 5.1): 256 bytes of NDEF in file
// E104, and the proprietary file E105. It needs no change; it is for tags that are simulated.
func CapabilityContainer() []byte {
	return []byte{
		0x00, 0x17, 0x20, 0x01, 0x00, 0x00, 0xff,
		0x04, 0x06, 0xe1, 0x04, 0x01, 0x00, 0x00, 0x00,
		0x05, 0x06, 0xe1, 0x05, 0x00, 0x80, 0x82, 0x83,
	}
}
