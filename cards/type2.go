package cards

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// The memory of a Type 2 tag (NFC Forum T2T 1.2, sections 4 and 6; NXP NTAG213/215/216, rev. 3.2, section 8.5): pages of four
// bytes. Pages 0 to 2 are the maker's serial number and the lock bits, page 3 is the capability container, and from page 4 on
// stands the NDEF area as a sequence of type, length and value.
const (
	type2Container = 3 * 4
	type2Area      = 4 * 4

	blockNull       = 0x00
	blockNDEF       = 0x03
	blockTerminator = 0xfe
	longLength      = 0xff // a length of two bytes follows

	containerMagic = 0xe1
	areaUnit       = 8 // bytes that one of the container's third byte stands for
)

// Image is the memory of a Type 2 tag that holds the message, from page 0 to the end of the NDEF area. Pages 0 to 2 are zero:
// nobody can write the serial number, and no page is locked. To write a tag, write the pages from 4 on; page 3 is already as it
// must be, and its bits can never be cleared again. It returns ErrNoFit for a message that is too long or a tag of another
// type, else as Message.Encode.
func (t Tag) Image(m Message) ([]byte, error) {
	if t.container[0] == 0 {
		return nil, fmt.Errorf("%w (%s is no Type 2 tag)", ErrNoFit, t.Name)
	}
	message, err := m.Encode()
	if err != nil {
		return nil, err
	}
	if len(message) > t.Message {
		return nil, fmt.Errorf("%w (%d bytes, %s has room for %d)", ErrNoFit, len(message), t.Name, t.Message)
	}
	image := make([]byte, type2Container, type2Area+t.Area)
	image = append(image, t.container[:]...)
	image = append(image, t.lock...)
	if len(message) < longLength {
		image = append(image, blockNDEF, byte(len(message)))
	} else {
		image = append(image, blockNDEF, longLength)
		image = binary.BigEndian.AppendUint16(image, uint16(len(message)))
	}
	image = append(append(image, message...), blockTerminator)
	return append(image, bytes.Repeat([]byte{0}, cap(image)-len(image))...), nil
}

// ParseType2 reads the message in the memory of a Type 2 tag, of which image is a copy from page 0 on, as long as the
// container says or longer. The first message counts, as it does for telephones. The records share the memory of image. It
// returns ErrTooLong or ErrNDEF.
func ParseType2(image []byte) (Message, error) {
	if len(image) > type2Area+maxNDEF {
		return nil, ErrTooLong
	}
	if len(image) < type2Area || image[type2Container] != containerMagic || image[type2Container+1]>>4 != 1 {
		return nil, fmt.Errorf("%w (no capability container of a Type 2 tag in page 3)", ErrNDEF)
	}
	size := int(image[type2Container+2]) * areaUnit
	area := image[type2Area:]
	if size > len(area) {
		return nil, fmt.Errorf("%w (the copy of its memory is cut short)", ErrNDEF)
	}
	return walkBlocks(area[:size])
}

// walkBlocks finds the message in the NDEF area of a Type 2 tag.
func walkBlocks(area []byte) (Message, error) {
	for len(area) > 0 && area[0] != blockTerminator {
		if area[0] == blockNull {
			area = area[1:]
			continue
		}
		block := area[0]
		length, rest, ok := blockLength(area[1:])
		if !ok || length > len(rest) {
			return nil, ErrNDEF
		}
		if block == blockNDEF {
			return ParseNDEF(rest[:length])
		}
		area = rest[length:] // lock and memory control, proprietary, and what later versions may add
	}
	return nil, ErrNDEF
}

// blockLength reads the length of a block, one byte or three.
func blockLength(b []byte) (length int, rest []byte, ok bool) {
	switch {
	case len(b) == 0, b[0] == longLength && len(b) < 3:
		return 0, nil, false
	case b[0] == longLength:
		return int(binary.BigEndian.Uint16(b[1:])), b[3:], true
	}
	return int(b[0]), b[1:], true
}
