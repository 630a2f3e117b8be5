package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrWitness says that a witness gave no cosignature, and nothing that would contradict the log.
var ErrWitness = errors.New("audit: the witness gave no cosignature")

const (
	algorithmCosignature = 0x04 // c2sp.org/tlog-cosignature: Ed25519 with a time
	cosignatureSize      = 4 + 8 + ed25519.SignatureSize
	maxCosignatures      = 16 // lines of one answer that are looked at

	// MaxWitnessAnswer bounds what is read of an answer, in bytes: some signature lines, of the largest kind in sight.
	MaxWitnessAnswer = 64 << 10
	// WitnessSizeType is the media type of the answer that names the size that a witness knows.
	WitnessSizeType = "text/x.tlog.size"
)

// What the status of an answer says (c2sp.org/tlog-witness, add-checkpoint).
const (
	answerCosigned = 200
	answerBadKey   = 403
	answerUnknown  = 404
	answerConflict = 409
	answerBadProof = 422
)

// Witness is the key of somebody else who watches that a log only grows, and says so by a cosignature (c2sp.org/tlog-cosignature, Ed25519).
type Witness struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

// NewWitness returns the witness with an Ed25519 key under a name. It returns an error that wraps [ErrKey].
func NewWitness(name string, key ed25519.PublicKey) (Witness, error) {
	if !isOrigin(name) {
		return Witness{}, fmt.Errorf("%w: the name of a witness is empty, too long, or holds a space or plus sign", ErrKey)
	}
	if len(key) != ed25519.PublicKeySize {
		return Witness{}, fmt.Errorf("%w: an Ed25519 key has %d bytes", ErrKey, ed25519.PublicKeySize)
	}
	return Witness{name: name, id: keyID(name, algorithmCosignature, key), key: key}, nil
}

// ParseWitness reads the vkey of a witness, <name>+<key ID>+<base64(0x04 || public key)>, in no other spelling. It returns an error that wraps [ErrKey].
func ParseWitness(vkey string) (Witness, error) {
	if len(vkey) > 2*maxOrigin {
		return Witness{}, fmt.Errorf("%w: a vkey is shorter", ErrKey)
	}
	name, rest, _ := strings.Cut(vkey, "+")
	_, encoded, _ := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != algorithmCosignature {
		return Witness{}, fmt.Errorf("%w: not the vkey of a witness (Ed25519 cosignatures, type 0x04)", ErrKey)
	}
	w, err := NewWitness(name, key[1:])
	if err != nil {
		return Witness{}, err
	}
	if w.String() != vkey {
		return Witness{}, fmt.Errorf("%w: the key ID of the vkey does not fit its key", ErrKey)
	}
	return w, nil
}

// String returns the vkey.
func (w Witness) String() string {
	key := append([]byte{algorithmCosignature}, w.key...)
	return fmt.Sprintf("%s+%08x+%s", w.name, w.id, base64.StdEncoding.EncodeToString(key))
}

// Name returns the name of the witness.
func (w Witness) Name() string { return w.name }

// Cosignature says that a witness saw a log at a size, as a continuation of all that it had seen of the log before.
type Cosignature struct {
	Witness string    // its vkey
	Epoch   int       // of the checkpoint
	Size    int64     // of the checkpoint
	At      time.Time // by the clock of the witness, whole seconds, UTC
	Line    []byte    // the signature line of the note, with its newline
}

// cosignedText is what a witness signs for a checkpoint.
func cosignedText(seconds uint64, c Checkpoint) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", seconds, c.text())
}

// Verify checks a signature line against a signed checkpoint. It does not check the signature of the log. mine is false, with an error, for the line of another
// key; an error beside mine says that the line names this witness's key and is not its signature.
func (w Witness) Verify(signed, line []byte) (cosigned Cosignature, mine bool, err error) {
	c, err := readCheckpoint(signed)
	if err != nil {
		return Cosignature{}, false, err
	}
	sig, err := w.own(line)
	if err != nil {
		return Cosignature{}, false, err
	}
	bad := fmt.Errorf("%w: its line under the checkpoint does not verify", ErrWitness)
	if len(sig) != cosignatureSize {
		return Cosignature{}, true, bad
	}
	seconds := binary.BigEndian.Uint64(sig[4:])
	if seconds > maxMillis/1000 || !ed25519.Verify(w.key, cosignedText(seconds, c), sig[12:]) {
		return Cosignature{}, true, bad
	}
	return Cosignature{Witness: w.String(), Size: c.Size, At: time.Unix(int64(seconds), 0).UTC(), Line: bytes.Clone(line)}, true, nil
}

// own returns the bytes of a signature line by the witness's key, the key ID among them.
func (w Witness) own(line []byte) ([]byte, error) {
	foreign := fmt.Errorf("%w: it is not a signature line by its key", ErrWitness)
	rest, ok := bytes.CutPrefix(line, []byte("— "+w.name+" "))
	encoded, whole := bytes.CutSuffix(rest, []byte("\n"))
	if !ok || !whole {
		return nil, foreign
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(string(encoded))
	if err != nil || len(sig) < 4 || len(encoded) != base64.StdEncoding.EncodedLen(len(sig)) || binary.BigEndian.Uint32(sig) != w.id {
		return nil, foreign
	}
	return sig, nil
}

// published is the published checkpoint with the cosignatures that it has.
func (l *Published) published(ctx context.Context) (Signed, Checkpoint, error) {
	signed, c, err := l.latest(ctx)
	if err != nil {
		return Signed{}, Checkpoint{}, err
	}
	cosignatures, err := l.reader.Cosignatures(ctx, signed.Size)
	if err != nil {
		return Signed{}, Checkpoint{}, fmt.Errorf("audit: reading cosignatures: %w", err)
	}
	for _, cosignature := range cosignatures {
		signed.Note = append(signed.Note, cosignature.Line...)
	}
	return signed, c, nil
}

// WitnessRequest is a checkpoint as it is submitted to a witness (c2sp.org/tlog-witness, add-checkpoint).
type WitnessRequest struct {
	Old    int64       // size that the witness is thought to know
	Proof  []tlog.Hash // that the checkpoint continues it; none from the empty log
	Signed Signed      // the checkpoint
}

// MarshalText writes the body of the request.
func (r WitnessRequest) MarshalText() ([]byte, error) {
	if r.Old < 0 || r.Old > r.Signed.Size || len(r.Proof) > maxDepth {
		return nil, fmt.Errorf("%w: there is no such request", ErrProof)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", r.Old)
	for _, h := range r.Proof {
		b.WriteString(h.String() + "\n")
	}
	b.WriteByte('\n')
	b.Write(r.Signed.Note)
	return b.Bytes(), nil
}

// WitnessRequest returns what to submit to a witness: the published checkpoint as this log alone has signed it, and the proof that it continues the one that the
// witness knows, of this many entries; below 0, of as many as it has cosigned last. With it comes its last testimony, to be carried on. [ErrNotFound] while nothing
// is published that a witness could see.
func (l *Log) WitnessRequest(ctx context.Context, w Witness, known int64) (WitnessRequest, Testimony, error) {
	signed, err := l.store.Checkpoint(ctx)
	if err != nil {
		return WitnessRequest{}, Testimony{}, fmt.Errorf("audit: reading the checkpoint: %w", err)
	}
	if signed.Size == 0 {
		return WitnessRequest{}, Testimony{}, fmt.Errorf("%w: no entry is published yet", ErrNotFound)
	}
	testimonies, err := l.store.Testimonies(ctx, signed.Epoch)
	if err != nil {
		return WitnessRequest{}, Testimony{}, fmt.Errorf("audit: reading what witnesses have said: %w", err)
	}
	said := Testimony{Witness: w.String(), Epoch: signed.Epoch}
	if i := slices.IndexFunc(testimonies, func(t Testimony) bool { return t.Witness == said.Witness }); i >= 0 {
		said = testimonies[i]
	}
	if known < 0 {
		known = said.Size
	}
	r := WitnessRequest{Old: min(known, signed.Size), Signed: signed}
	if r.Old > 0 {
		if r.Proof, err = tlog.ProveTree(signed.Size, r.Old, hashReader(ctx, l.store.Epoch(signed.Epoch))); err != nil {
			return WitnessRequest{}, Testimony{}, fmt.Errorf("audit: proving consistency: %w", err)
		}
	}
	return r, said, nil
}

// WitnessConflict says that a witness knows the log at another size than the one that it was told.
type WitnessConflict struct {
	Known int64 // size of the latest checkpoint that it has cosigned
}

func (c *WitnessConflict) Error() string {
	return fmt.Sprintf("audit: the witness knows the log with %d entries", c.Known)
}

// Answer reads what the witness answered to a request: status, media type and at most [MaxWitnessAnswer] bytes. It returns its cosignature, verified; a
// [*WitnessConflict]; an [*AlarmError] for what contradicts the log; or an error that wraps [ErrWitness] for anything else.
func (w Witness) Answer(r WitnessRequest, status int, mediaType string, body []byte) (Cosignature, error) {
	switch status {
	case answerCosigned:
		return w.cosigned(r, body)
	case answerConflict:
		known, err := parseDecimal(strings.TrimSuffix(string(body[:min(len(body), 32)]), "\n"))
		mediaType, _, _ = strings.Cut(mediaType, ";")
		if err != nil || strings.TrimSpace(mediaType) != WitnessSizeType {
			return Cosignature{}, fmt.Errorf("%w: its answer 409 names no size", ErrWitness)
		}
		if known == r.Old && r.Old == r.Signed.Size {
			// It knows this very size, so it is the root that it does not agree with.
			return Cosignature{}, &AlarmError{AlarmFork, w.name, known}
		}
		return Cosignature{}, &WitnessConflict{known}
	case answerBadProof:
		return Cosignature{}, &AlarmError{AlarmFork, w.name, r.Old}
	case answerUnknown:
		return Cosignature{}, fmt.Errorf("%w: it does not know this log (404); it must be told the log's verifier key", ErrWitness)
	case answerBadKey:
		return Cosignature{}, fmt.Errorf("%w: it knows this log by another key (403); it must be told the log's verifier key", ErrWitness)
	default:
		return Cosignature{}, fmt.Errorf("%w: it answers with status %d", ErrWitness, status)
	}
}

// cosigned finds the witness's own cosignature among the lines of an answer.
func (w Witness) cosigned(r WitnessRequest, body []byte) (Cosignature, error) {
	if len(body) > MaxWitnessAnswer {
		return Cosignature{}, fmt.Errorf("%w: its answer is too long", ErrWitness)
	}
	var bad error
	for range maxCosignatures {
		line, rest, found := bytes.Cut(body, []byte("\n"))
		if !found {
			break
		}
		cosignature, mine, err := w.Verify(r.Signed.Note, body[:len(line)+1])
		if err == nil {
			return cosignature, nil
		}
		if mine {
			bad = &AlarmError{AlarmSignature, w.name, r.Signed.Size}
		}
		body = rest
	}
	if bad != nil {
		return Cosignature{}, bad
	}
	return Cosignature{}, fmt.Errorf("%w: no line of its answer is signed by its key", ErrWitness)
}
