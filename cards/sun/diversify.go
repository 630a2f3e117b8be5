package sun

import (
	"slices"

	"github.com/locket-health/locket/cards"
)

// maxDiversification is the longest input that NXP's key diversification takes, in bytes.
const maxDiversification = 31

// diversify makes the key of one tag and purpose from a master key (NXP AN10922, section 2.2, AES-128) and an input of at most
// maxDiversification bytes. It is CMAC of 01 and the input, but always padded to two blocks: inputs of up to 15 bytes give
// another key than CMAC would.
func (k Key) diversify(input []byte) Key {
	return k.paddedMAC(append([]byte{0x01}, input...), maxDiversification+1)
}

// Slots are the five keys of an NTAG 424 DNA tag, by what each is for.
type Slots struct {
	// Application is key 0: it changes settings, files and keys.
	Application Key
	// MetaRead is key 1: it decrypts serial number and counter, and proves nothing.
	MetaRead Key
	// FileRead is key 2: it proves the tap.
	FileRead Key
	// Spare3 and Spare4 are keys 3 and 4. Nothing uses them; they are written so that no key of the factory stays in the tag.
	Spare3, Spare4 Key
}

// InOrder returns the keys by the number of their slot.
func (s Slots) InOrder() [5]Key {
	return [5]Key{s.Application, s.MetaRead, s.FileRead, s.Spare3, s.Spare4}
}

// KeysFor makes the keys of the tag of a card from the house's master key. All are the card's own: who takes one tag apart has
// the keys of no other, and cannot even follow another by its serial number. The key that decrypts the serial number need not be
// shared, as it is where nothing else says which tag was tapped: the card's id stands in the path of the address.
//
// The input of the diversification is 25 bytes: the 16 of the card's id, "k", the digit of the slot, "1" for this scheme, and
// "LOCKET". It has the card's id where NXP's examples have the serial number of the tag, because one card is one tag and its keys
// are wanted, to be printed for the one who writes it, before the tag is in anybody's hand; and because then the id in the path
// of the address cannot be exchanged: under another card's key the MAC is wrong. What the serial number would have given is kept
// by remembering it at the first proven tap: a second chip with the keys of the first is told apart by another serial number
// (Judge calls it cloned).
func KeysFor(master Key, card cards.ID) Slots {
	key := func(slot byte) Key {
		purpose := []byte{'k', '0' + slot, '1'}
		return master.diversify(slices.Concat(card[:], purpose, []byte("LOCKET")))
	}
	return Slots{Application: key(0), MetaRead: key(1), FileRead: key(2), Spare3: key(3), Spare4: key(4)}
}
