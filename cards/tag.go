package cards

import (
	"sort"
	"strings"
)

// Tag is a kind of NFC tag and what it has room for.
type Tag struct {
	// Name is the maker's.
	Name string
	// Area is the NDEF area, in bytes, as the tag's own capability container gives it.
	Area int
	// Message is the greatest NDEF message in it: the area less the lengths, terminators and lock entries around it.
	Message int

	// container and lock are the capability container of a Type 2 tag and the entry that its area begins with, both as the
	// maker delivers them. Other tags have no container.
	container [4]byte
	lock      string
}

// Tags lists the tags that telephones of both makers read in the background, smallest first. The areas are those that the
// data sheets give for NDEF, not the larger "user memory".
func Tags() []Tag {
	return []Tag{
		// Lock entry, type and length, terminator.
		{Name: "NTAG213", Area: 144, Message: 144 - 5 - 2 - 1, container: [4]byte{0xe1, 0x10, 0x12, 0x00}, lock: "\x01\x03\xa0\x0c\x34"},
		// Length.
		{Name: "NTAG424", Area: 256, Message: 256 - 2},
		// Type and long length, terminator.
		{Name: "NTAG215", Area: 496, Message: 496 - 4 - 1, container: [4]byte{0xe1, 0x10, 0x3e, 0x00}},
		{Name: "NTAG216", Area: 872, Message: 872 - 4 - 1, container: [4]byte{0xe1, 0x10, 0x6d, 0x00}},
	}
}

// Room is how many bytes the fragment of an address may have on the tag: format byte, secret and envelope, before they become
// base64url. The rest of the message is the address with scheme and host base, and the records behind it. A tag with room for
// less than a signed card holds a short address.
func (t Tag) Room(base string, others ...Record) int {
	short := Address{Base: base}.Short() + "#"
	tooLong := sort.Search(maxFragment+1, func(n int) bool {
		url := short + strings.Repeat("A", encoding.EncodedLen(n))
		return append(Message{URIRecord(url)}, others...).Size() > t.Message
	})
	return max(0, tooLong-1)
}
