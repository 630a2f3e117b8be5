package audit

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// ErrReceipt says that a proof does not carry the entry that it is about, in the form of [Proved.Receipt].
var ErrReceipt = errors.New("audit: the proof does not carry its entry")

// Receipt is a proof together with the entry that it proves.
type Receipt struct {
	Proof   Proof
	Entry   Commitment
	Salt    Salt    // zero once the entry was erased
	Raw     []byte  // the payload as committed to; nil once the entry was erased
	Payload Payload // what Raw says
}

// extra is what a receipt carries in the extra line of its proof: the salt and the payload, from which whoever checks it computes the entry; of an erased
// entry the entry itself. More members may come: they are passed over.
type extra struct {
	Salt    string `json:"salt,omitempty"`    // base64url without padding
	Payload string `json:"payload,omitempty"` // the canonical bytes
	Entry   string `json:"entry,omitempty"`   // base64url without padding
}

// Receipt writes the entry with its proof as a file that needs nothing besides the log's vkey to be checked: a c2sp.org/tlog-proof@v1 whose extra line
// is {"salt":"…","payload":"…"}, for an erased entry {"entry":"…"}. It returns [ErrNotFound] while no checkpoint covers the entry.
func (p Proved) Receipt() ([]byte, error) {
	if p.Proof == nil {
		return nil, fmt.Errorf("%w: no checkpoint covers the entry yet", ErrNotFound)
	}
	carried := extra{Entry: base64.RawURLEncoding.EncodeToString(p.Entry.Leaf[:])}
	if p.Raw != nil {
		carried = extra{Salt: base64.RawURLEncoding.EncodeToString(p.Salt[:]), Payload: string(p.Raw)}
	}
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(carried); err != nil {
		return nil, err
	}
	proof := *p.Proof
	proof.Extra = bytes.TrimSuffix(line.Bytes(), []byte("\n"))
	return proof.MarshalText()
}

// Proved returns the entry of an epoch with this index, opened unless it was erased and proved if a checkpoint covers it. It returns [ErrNotFound] for an entry
// that there is not, [ErrPruned] for one whose row is gone, and a [*VerifyError] for damage.
func (l *Log) Proved(ctx context.Context, epoch int, index int64) (Proved, error) {
	by, err := l.proverOf(ctx, epoch)
	if err != nil {
		return Proved{}, err
	}
	state, err := by.reader.LogState(ctx)
	if err != nil {
		return Proved{}, fmt.Errorf("audit: reading the state: %w", err)
	}
	if index < 0 || index >= state.Size {
		return Proved{}, fmt.Errorf("%w: the log has no such entry", ErrNotFound)
	}
	entries, err := by.reader.Entries(ctx, index, index+1)
	if err != nil {
		return Proved{}, fmt.Errorf("audit: reading entries: %w", err)
	}
	if len(entries) != 1 {
		return Proved{}, by.missing(ctx, index)
	}
	return by.proved(ctx, &entries[0])
}

// ParseReceipt reads what [Proved.Receipt] writes. It checks that the parts fit one another and verifies no signature: see [VerifyReceipt]. It returns an error
// that wraps [ErrReceipt], [ErrProof] or [ErrCheckpoint], and [ErrPayload] or [ErrInvalid] for a payload that is none.
func ParseReceipt(text []byte) (Receipt, error) {
	var r Receipt
	var err error
	if r.Proof, err = ParseProof(text); err != nil {
		return Receipt{}, err
	}
	var carried extra
	if !utf8.Valid(r.Proof.Extra) || json.Unmarshal(r.Proof.Extra, &carried) != nil {
		return Receipt{}, ErrReceipt
	}
	if carried.Entry != "" {
		if carried.Salt != "" || carried.Payload != "" || !readFixed(r.Entry[:], carried.Entry) || !r.Entry.known() {
			return Receipt{}, ErrReceipt
		}
		return r, nil
	}
	if !readFixed(r.Salt[:], carried.Salt) {
		return Receipt{}, ErrReceipt
	}
	r.Raw = []byte(carried.Payload)
	if r.Payload, err = ParsePayload(r.Raw); err != nil {
		return Receipt{}, err
	}
	r.Entry = Commit(r.Salt, r.Raw)
	return r, nil
}

// VerifyReceipt reads a receipt and checks that the log of v says what it says. Whoever calls it needs no network and trusts nobody but the keeper of that key.
// It returns the errors of [ParseReceipt] and [VerifyProof].
func VerifyReceipt(v Verifier, text []byte) (Receipt, error) {
	r, err := ParseReceipt(text)
	if err != nil {
		return Receipt{}, err
	}
	if err := VerifyProof(v, r.Entry, r.Proof); err != nil {
		return Receipt{}, err
	}
	return r, nil
}

// readFixed reads base64url of exactly the length of its target.
func readFixed(target []byte, text string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != len(target) || len(text) != base64.RawURLEncoding.EncodedLen(len(target)) {
		return false
	}
	copy(target, b)
	return true
}
