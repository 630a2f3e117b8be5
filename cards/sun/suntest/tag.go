// Package suntest is an NTAG 424 DNA tag in software, for tests.
package suntest

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/locket-health/locket/cards/sun"
)

// Tag is a tag that was written with a file and its settings. It computes as the chip does, from the bytes that it was given
// and not from what it is told of their meaning.
type Tag struct {
	UID sun.UID
	// Counter is that of the last tap.
	Counter uint32
	// Keys are those in its five slots.
	Keys [5]sun.Key
	// File is the NDEF file, Settings the data of ChangeFileSettings.
	File, Settings []byte
}

// Tap holds the tag to a telephone: it counts, and returns the NDEF file as the telephone reads it.
func (t *Tag) Tap() ([]byte, error) {
	if len(t.Settings) != 15 || t.Settings[0] != 0x40 || t.Settings[3] != 0xc1 {
		return nil, errors.New("settings that this tag does not know")
	}
	if t.Counter >= sun.MaxCounter {
		return nil, errors.New("the counter of this tag is used up")
	}
	t.Counter++
	metaRead, fileRead := t.Settings[5]>>4, t.Settings[5]&0xf
	offset := func(i int) int {
		return int(t.Settings[i]) | int(t.Settings[i+1])<<8 | int(t.Settings[i+2])<<16
	}
	picc, input, mac := offset(6), offset(9), offset(12)
	if int(max(metaRead, fileRead)) >= len(t.Keys) || picc+32 > len(t.File) || mac+16 > len(t.File) || input > mac {
		return nil, errors.New("settings that do not fit the file")
	}
	file := append([]byte(nil), t.File...)
	counter := []byte{byte(t.Counter), byte(t.Counter >> 8), byte(t.Counter >> 16)}

	// Five bytes of padding, random in a real tag; here others at every tap.
	plain := append(append(append([]byte{0xc7}, t.UID[:]...), counter...), 0xda, counter[0], counter[1], counter[2], 0x41)
	block, err := aes.NewCipher(t.Keys[metaRead][:])
	if err != nil {
		return nil, err
	}
	cipher.NewCBCEncrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(plain, plain)
	copy(file[picc:], strings.ToUpper(hex.EncodeToString(plain)))

	vector := append(append([]byte{0x3c, 0xc3, 0x00, 0x01, 0x00, 0x80}, t.UID[:]...), counter...)
	session, err := cmac(t.Keys[fileRead][:], vector)
	if err != nil {
		return nil, err
	}
	full, err := cmac(session, file[input:mac])
	if err != nil {
		return nil, err
	}
	var odd []byte
	for i := 1; i < len(full); i += 2 {
		odd = append(odd, full[i])
	}
	copy(file[mac:], strings.ToUpper(hex.EncodeToString(odd)))
	return file, nil
}

// cmac is RFC 4493 once more, written another way than in package sun, so that the two can disagree.
func cmac(key, message []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	subkey := make([]byte, aes.BlockSize)
	block.Encrypt(subkey, subkey)
	shift := func() {
		carry := subkey[0] >> 7
		for i := range subkey {
			subkey[i] <<= 1
			if i < len(subkey)-1 && subkey[i+1] >= 0x80 {
				subkey[i] |= 1
			}
		}
		if carry == 1 {
			subkey[aes.BlockSize-1] ^= 0x87
		}
	}
	shift()
	padded := append([]byte(nil), message...)
	if len(message) == 0 || len(message)%aes.BlockSize != 0 {
		shift()
		padded = append(padded, 0x80)
		for len(padded)%aes.BlockSize != 0 {
			padded = append(padded, 0)
		}
	}
	last := padded[len(padded)-aes.BlockSize:]
	for i := range last {
		last[i] ^= subkey[i]
	}
	cipher.NewCBCEncrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(padded, padded)
	return padded[len(padded)-aes.BlockSize:], nil
}
