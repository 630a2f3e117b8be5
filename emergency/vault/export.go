package vault

import (
	"fmt"
	"io"

	"filippo.io/age"
)

// EncryptExport returns a writer whose output the stock age tool opens with the passphrase (age -d). Close writes the end: without
// it the file does not open. Making the key takes about a second.
func EncryptExport(w io.Writer, passphrase string) (io.WriteCloser, error) {
	return encryptExport(w, passphrase, 0)
}

// encryptExport takes the work factor of scrypt, as a power of two; zero is what age holds to be right.
func encryptExport(w io.Writer, passphrase string, workFactor int) (io.WriteCloser, error) {
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, fmt.Errorf("vault: a passphrase is needed: %w", err)
	}
	if workFactor > 0 {
		recipient.SetWorkFactor(workFactor)
	}
	out, err := age.Encrypt(w, recipient)
	if err != nil {
		return nil, fmt.Errorf("vault: encrypt an export: %w", err)
	}
	return out, nil
}
