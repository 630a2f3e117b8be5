package sun

import (
	"crypto/aes"
	"crypto/cipher"
)

// cmac is AES-CMAC (RFC 4493, section 2.4).
func (k Key) cmac(message []byte) [aes.BlockSize]byte {
	blocks := max(1, (len(message)+aes.BlockSize-1)/aes.BlockSize)
	return k.paddedMAC(message, blocks*aes.BlockSize)
}

// paddedMAC is CMAC over a message that is padded to size bytes, a multiple of the block size and no less than the message.
// For CMAC itself that is the next multiple; NXP's key diversification pads farther.
func (k Key) paddedMAC(message []byte, size int) (mac [aes.BlockSize]byte) {
	block := k.cipher()
	padded := make([]byte, size)
	subkey := double(encrypt(block, mac)) // K1, for a message that needs no padding
	if copy(padded, message) < size {
		padded[len(message)] = 0x80
		subkey = double(subkey) // K2
	}
	for len(padded) > 0 {
		for i, b := range padded[:aes.BlockSize] {
			mac[i] ^= b
		}
		if padded = padded[aes.BlockSize:]; len(padded) == 0 {
			for i, b := range subkey {
				mac[i] ^= b
			}
		}
		mac = encrypt(block, mac)
	}
	return mac
}

func encrypt(block cipher.Block, in [aes.BlockSize]byte) (out [aes.BlockSize]byte) {
	block.Encrypt(out[:], in[:])
	return out
}

// double multiplies by x in the field of RFC 4493, section 2.3, without a branch that depends on the key.
func double(b [aes.BlockSize]byte) (doubled [aes.BlockSize]byte) {
	for i := range b {
		doubled[i] = b[i] << 1
		if i+1 < len(b) {
			doubled[i] |= b[i+1] >> 7
		}
	}
	doubled[len(b)-1] ^= 0x87 & -(b[0] >> 7)
	return doubled
}
