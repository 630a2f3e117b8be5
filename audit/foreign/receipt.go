package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// verifyReceipts verifies .tlog-proof files with torchwood. What an entry says travels in the file's extra data, which nothing authenticates by itself: the
// entry is made from it anew, by the format's description alone, and that is what must be proved.
func verifyReceipts(vkey string, files []string) (string, error) {
	policy, err := logPolicy(vkey)
	if err != nil {
		return "", err
	}
	for _, file := range files {
		proof, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		extra, err := torchwood.ProofExtraData(proof)
		if err != nil {
			return "", fmt.Errorf("torchwood: %s: %w", file, err)
		}
		entry, err := entryOf(extra)
		if err != nil {
			return "", fmt.Errorf("torchwood: %s: %w", file, err)
		}
		if err := torchwood.VerifyProof(policy, tlog.RecordHash(entry), proof); err != nil {
			return "", fmt.Errorf("torchwood: %s: %w", file, err)
		}
	}
	return fmt.Sprintf("torchwood: %d receipts hold", len(files)), nil
}

// entryOf makes the entry of a log from what a receipt says of it. Once what it said was erased, the receipt holds the entry itself.
func entryOf(extra []byte) ([]byte, error) {
	var said struct{ Salt, Payload, Entry string }
	if err := json.Unmarshal(extra, &said); err != nil {
		return nil, err
	}
	if said.Entry != "" {
		return base64.RawURLEncoding.DecodeString(said.Entry)
	}
	salt, err := base64.RawURLEncoding.DecodeString(said.Salt)
	if err != nil {
		return nil, err
	}
	committed := append([]byte("locket-audit/commit/v1"), salt...)
	committed = binary.BigEndian.AppendUint32(committed, uint32(len(said.Payload)))
	sum := sha256.Sum256(append(committed, said.Payload...))
	return append([]byte("locket-audit/v1\n"), sum[:]...), nil
}
