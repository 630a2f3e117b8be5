package cards

// Tag is a kind of NFC tag and what it has room for.
type Tag struct {
	// Name is the maker's.
	Name string
	// Area is the NDEF area, in bytes, as the tag's own capability container gives it.
	Area int
	// Message is the greatest NDEF message in it: the area less the lengths, terminators and lock entries around it.
	Message int
}

// Tags lists the tags that telephones of both makers read in the background, smallest first. The areas are those that the
// data sheets give for NDEF, not the larger "user memory".
func Tags() []Tag {
	return []Tag{
		{Name: "NTAG213", Area: 144, Message: 144 - 5 - 2 - 1}, // lock entry, type and length, terminator
		{Name: "NTAG424", Area: 256, Message: 256 - 2},         // length
		{Name: "NTAG215", Area: 496, Message: 496 - 4 - 1},     // type and long length, terminator
		{Name: "NTAG216", Area: 872, Message: 872 - 4 - 1},     // the same
	}
}
