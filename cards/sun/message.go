package sun

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"strings"
)

// Lengths in hexadecimal digits.
const (
	piccDigits = 2 * aes.BlockSize
	lrpDigits  = 48
	macDigits  = 2 * macSize
)

const (
	macSize = 8
	// MaxCounter is the greatest counter. A tag that has reached it answers with an error from then on.
	MaxCounter = 1<<24 - 1

	// piccTag says what the decrypted data hold: the serial number, its length and the counter (AN12196, table 2).
	piccTag = 0x80 | 0x40 | byte(len(UID{}))
	// maxFileData bounds the encrypted part of a file, in digits: the whole file of an NTAG 424 DNA.
	maxFileData = 256
)

var (
	// ErrMessage: not what a tag says when it is tapped.
	ErrMessage = errors.New("this is not what a tag says when it is tapped: the address was cut short or changed; tap the tag again")
	// ErrLRP: a message in the leakage-resilient mode, which no reader of ours computes.
	ErrLRP = errors.New("this tag was switched to LRP mode for good and cannot be verified; write the card to a new tag, in AES mode")
	// ErrForeign: a message that decrypts to nothing under the key of this card.
	ErrForeign = errors.New("this tag does not have the keys of this card, so nothing is known about it")
)

// UID is the serial number that the maker gave a tag.
type UID [7]byte

// String is the UID in 14 upper-case digits.
func (u UID) String() string { return strings.ToUpper(hex.EncodeToString(u[:])) }

// Message is what a tag adds to its address when it is tapped. Nothing of it is proven.
type Message struct {
	picc [aes.BlockSize]byte
	mac  [macSize]byte
}

// Parse reads the query values p (32 hexadecimal digits: encrypted serial number and counter) and c (16: the MAC), in capitals
// or not, for tags are set up either way. It returns ErrLRP for a p of 48 digits, else ErrMessage.
func Parse(p, c string) (Message, error) {
	if len(p) == lrpDigits {
		return Message{}, ErrLRP
	}
	var m Message
	if !decode(m.picc[:], p) || !decode(m.mac[:], c) {
		return Message{}, ErrMessage
	}
	return m, nil
}

// decode reads exactly as many bytes as there is room for.
func decode(to []byte, digits string) bool {
	if len(digits) != hex.EncodedLen(len(to)) {
		return false
	}
	_, err := hex.Decode(to, []byte(digits))
	return err == nil
}

// Tap is a message that says which tag it is from, by its own account until Verify has proven it.
type Tap struct {
	UID UID
	// Counter rises with every tap. Gaps are normal: telephones read a tag more often than they open its address.
	Counter uint32
	mac     [macSize]byte
}

// Open decrypts the serial number and the counter with the card's key for that. It returns ErrForeign when they do not come
// out in the one form that we set tags up for.
func (m Message) Open(metaRead Key) (Tap, error) {
	var d [aes.BlockSize]byte
	metaRead.cipher().Decrypt(d[:], m.picc[:]) // CBC of one block with an initial vector of zeros
	if d[0] != piccTag {
		return Tap{}, ErrForeign
	}
	t := Tap{UID: UID(d[1:8]), mac: m.mac}
	t.Counter = uint32(d[8]) | uint32(d[9])<<8 | uint32(d[10])<<16
	return t, nil
}

// Verify reports whether a tag with the key has made the message. The input is the part of the file that the MAC covers, as it
// was read: in the tags of this house nothing, since serial number and counter are in the key of the MAC already.
func (t Tap) Verify(fileRead Key, input string) bool {
	session := Key(fileRead.cmac(t.vector(0x3c, 0xc3)))
	full := session.cmac([]byte(input))
	var mac [macSize]byte
	for i := range mac {
		mac[i] = full[2*i+1]
	}
	return subtle.ConstantTimeCompare(mac[:], t.mac[:]) == 1
}

// Decrypt returns the encrypted part of a file: a multiple of 32 hexadecimal digits, at most 256. It proves nothing: see
// Verify. It returns ErrMessage for another length or other characters.
func (t Tap) Decrypt(fileRead Key, digits string) ([]byte, error) {
	if len(digits) == 0 || len(digits)%piccDigits != 0 || len(digits) > maxFileData {
		return nil, ErrMessage
	}
	data, err := hex.DecodeString(digits)
	if err != nil {
		return nil, ErrMessage
	}
	block := Key(fileRead.cmac(t.vector(0xc3, 0x3c))).cipher()
	counter := t.counterBytes()
	initial := encrypt(block, [aes.BlockSize]byte(append(counter[:], make([]byte, aes.BlockSize-len(counter))...)))
	cipher.NewCBCDecrypter(block, initial[:]).CryptBlocks(data, data)
	return data, nil
}

// vector is what a key of one tap is made from: SV1 for encryption, SV2 for the MAC (AN12196, section 3.3).
func (t Tap) vector(first, second byte) []byte {
	counter := t.counterBytes()
	v := append([]byte{first, second, 0x00, 0x01, 0x00, 0x80}, t.UID[:]...)
	return append(v, counter[:]...)
}

// counterBytes is the counter as the tag computes with it, least significant byte first.
func (t Tap) counterBytes() [3]byte {
	return [3]byte{byte(t.Counter), byte(t.Counter >> 8), byte(t.Counter >> 16)}
}
