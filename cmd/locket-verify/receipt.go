package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
)

// maxReceipt bounds what is read as a receipt or a key, in bytes.
const maxReceipt = 256 << 10

// provenEntry is what a receipt proves.
type provenEntry struct {
	Status  cards.Status    `json:"status"` // verified, tampered or unreadable
	Origin  string          `json:"origin,omitempty"`
	Index   int64           `json:"index"`
	Size    int64           `json:"size"`            // entries under the checkpoint that it leads to
	Entry   json.RawMessage `json:"entry,omitempty"` // what it says, as committed to; left out when it was erased
	Problem string          `json:"problem,omitempty"`
}

// checkReceipt says what a receipt proves under the key in a file.
func checkReceipt(vkey, name string, stdin io.Reader, stdout, stderr io.Writer) int {
	line, err := readAll(vkey, nil)
	if err != nil {
		return misunderstood(stderr, err)
	}
	verifier, err := audit.ParseVKey(strings.TrimRight(string(line), "\r\n"))
	if err != nil {
		return misunderstood(stderr, err)
	}
	text, err := readAll(name, stdin)
	if err != nil {
		return misunderstood(stderr, err)
	}
	said := provenEntry{Status: cards.StatusUnreadable}
	if r, err := audit.ParseReceipt(text); err != nil {
		said.Problem = err.Error()
	} else if err := audit.VerifyProof(verifier, r.Entry, r.Proof); err != nil {
		said.Status, said.Problem = cards.StatusTampered, err.Error()
	} else {
		said = provenEntry{Status: cards.StatusVerified, Origin: verifier.Name(), Index: r.Proof.Index, Size: r.Proof.Size, Entry: r.Raw}
	}
	encoder := json.NewEncoder(stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(said); err != nil {
		return misunderstood(stderr, err)
	}
	if said.Status != cards.StatusVerified {
		return 1
	}
	return 0
}

// readAll reads a file of bounded length; - is stdin, where there is one.
func readAll(name string, stdin io.Reader) ([]byte, error) {
	if name != "-" || stdin == nil {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		stdin = file
	}
	content, err := io.ReadAll(io.LimitReader(stdin, maxReceipt+1))
	if err == nil && len(content) > maxReceipt {
		err = errors.New("the file is too long")
	}
	return content, err
}
