package audittest

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"

	"github.com/locket-health/locket/audit"
)

// Sealer returns a sealer that works as a real one does, AES-256-GCM bound to the index, under a key that everybody knows.
func Sealer() audit.Sealer {
	block, err := aes.NewCipher([]byte("fixture key, worth no protection"))
	if err != nil {
		panic(err) // the key above has the right length
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES has the right block size
	}
	return sealer{aead}
}

type sealer struct{ aead cipher.AEAD }

func (s sealer) Seal(index int64, plaintext []byte) ([]byte, error) {
	return s.aead.Seal(nil, nil, plaintext, place(index)), nil
}

func (s sealer) Open(index int64, sealed []byte) ([]byte, error) {
	return s.aead.Open(nil, nil, sealed, place(index))
}

func place(index int64) []byte {
	return binary.BigEndian.AppendUint64([]byte("audittest|"), uint64(index))
}
