package audit

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrRecovery says that the first entry of an epoch does not say, under a signature by an earlier key, what became of the epoch before.
var ErrRecovery = errors.New("audit: not the recovery statement of this epoch")

// Recovery is what the first entry of an epoch says: why the log was begun anew, and what is known of the end of the epoch before. It is signed by a key of an
// earlier epoch, so that who trusted that one can go over to the new one. In the entry it is the details
//
//	epoch, vkey        the number and the verifier key of the new epoch
//	old_vkey           the key that has signed the statement
//	closed_origin, closed_size, closed_root (base64)
//	                   the epoch before as the store held it when it was closed
//	known (base64url)  the newest checkpoint known to have been signed before, as a signed note; left out when there is none. Where it covers more entries
//	                   than closed_size, or is of a later epoch than the closed one, the end of the log is lost
//	signature (base64url)
//
// with the reason, in the operator's words, as the reason of the event.
type Recovery struct {
	Epoch     int        // number of the new epoch, from 2
	VKey      string     // its verifier key
	OldVKey   string     // of the key that signs the statement
	Closed    Checkpoint // end of the epoch before, as the store holds it
	Known     []byte     // a signed note; nil when there is none
	Reason    string     // at most 500 bytes, one line
	At        time.Time  // whole milliseconds, UTC
	Signature []byte     // Ed25519
}

// Bounds of a statement.
const (
	maxReason = 500
	maxKnown  = 4 << 10
)

const recoveryHeader = "locket-audit/epoch/v1"

// text is what is signed. Its second line is no number, so that no checkpoint is ever the same bytes.
func (r Recovery) text() []byte {
	known := "none"
	if r.Known != nil {
		known = tlog.Hash(sha256.Sum256(r.Known)).String()
	}
	return []byte(strings.Join([]string{recoveryHeader, r.VKey, r.OldVKey, r.Closed.Origin, strconv.FormatInt(r.Closed.Size, 10), r.Closed.Root.String(),
		known, strconv.FormatInt(r.At.UnixMilli(), 10), r.Reason, ""}, "\n"))
}

// Sign signs the statement with an earlier key of the log, whose origin is that of the epoch it signed.
func (r *Recovery) Sign(origin string, old crypto.Signer) error {
	s, err := newSigner(origin, old)
	if err != nil {
		return err
	}
	r.OldVKey = s.String()
	if r.Known, err = shortNote(r.Known); err != nil {
		return err
	}
	if r.Signature, err = s.Sign(r.text()); err != nil {
		return fmt.Errorf("audit: signing the recovery statement: %w", err)
	}
	return nil
}

// shortNote leaves out the last signatures of a note that is too long for a statement: the log's own come first.
func shortNote(note []byte) ([]byte, error) {
	for len(note) > maxKnown {
		cut := strings.LastIndexByte(string(note[:len(note)-1]), '\n') + 1
		if text := strings.Index(string(note), "\n\n"); text < 0 || cut <= text+2 {
			return nil, fmt.Errorf("%w: the known checkpoint is too long", ErrRecovery)
		}
		note = note[:cut]
	}
	return note, nil
}

// Verify checks that a key of an earlier epoch has signed the statement, and that the new epoch's key is the one it names. It returns an error that wraps
// [ErrRecovery].
func (r Recovery) Verify(keys Keyring) error {
	fail := func(what string) error { return fmt.Errorf("%w: %s", ErrRecovery, what) }
	if epochOf(keys.origin, vkeyName(r.VKey)) != r.Epoch || r.Epoch < 2 {
		return fail("it does not name a key of the new epoch")
	}
	if closed := epochOf(keys.origin, r.Closed.Origin); closed == 0 || closed >= r.Epoch {
		return fail("it does not name the epoch before")
	}
	if r.Known != nil {
		c, err := readCheckpoint(r.Known)
		if err != nil || epochOf(keys.origin, c.Origin) == 0 || epochOf(keys.origin, c.Origin) >= r.Epoch {
			return fail("the checkpoint that it names is not one of an earlier epoch")
		}
	}
	for _, key := range keys.keys {
		if number := epochOf(keys.origin, key.Name()); key.String() == r.OldVKey && number < r.Epoch {
			if !key.Verify(r.text(), r.Signature) {
				return fail("its signature does not verify")
			}
			return nil
		}
	}
	return fail("it is signed by a key that is not known")
}

func vkeyName(vkey string) string {
	name, _, _ := strings.Cut(vkey, "+")
	return name
}

// Event returns the entry that says so.
func (r Recovery) Event() Event {
	details := map[string]string{
		"epoch": strconv.Itoa(r.Epoch), "vkey": r.VKey, "old_vkey": r.OldVKey,
		"closed_origin": r.Closed.Origin, "closed_size": strconv.FormatInt(r.Closed.Size, 10), "closed_root": r.Closed.Root.String(),
		"signature": base64.RawURLEncoding.EncodeToString(r.Signature),
	}
	if r.Known != nil {
		details["known"] = base64.RawURLEncoding.EncodeToString(r.Known)
	}
	return Event{Type: LogEpoch, At: r.At, Actor: Actor{Kind: ByOperator}, ReasonText: r.Reason, Outcome: Done, Details: details}
}

// ReadRecovery reads the statement of an entry. It verifies nothing: see [Recovery.Verify]. It returns an error that wraps [ErrRecovery].
func ReadRecovery(e Event) (Recovery, error) {
	malformed := fmt.Errorf("%w: it is malformed", ErrRecovery)
	d := e.Details
	r := Recovery{VKey: d["vkey"], OldVKey: d["old_vkey"], Closed: Checkpoint{Origin: d["closed_origin"]}, Reason: e.ReasonText, At: e.At}
	var errs [5]error
	var epoch int64
	epoch, errs[0] = parseDecimal(d["epoch"])
	r.Closed.Size, errs[1] = parseDecimal(d["closed_size"])
	r.Closed.Root, errs[2] = parseHash(d["closed_root"])
	r.Signature, errs[3] = base64.RawURLEncoding.Strict().DecodeString(d["signature"])
	if known, ok := d["known"]; ok {
		r.Known, errs[4] = base64.RawURLEncoding.Strict().DecodeString(known)
	}
	if errors.Join(errs[:]...) != nil || e.Type != LogEpoch || epoch < 2 || epoch > maxEpoch || len(r.Signature) != ed25519.SignatureSize ||
		len(r.Known) > maxKnown || len(r.Reason) > maxReason || strings.ContainsAny(r.Reason+r.VKey+r.OldVKey, "\n\r") {
		return Recovery{}, malformed
	}
	r.Epoch = int(epoch)
	return r, nil
}

// BeginEpoch ends the present epoch and begins the one that the statement is about, in the caller's transaction. The statement's event has to be the next one
// that the same transaction appends. It returns [ErrConflict] when the log has moved since the statement was signed, and [ErrRecovery] for a statement that is
// incomplete.
func BeginEpoch(ctx context.Context, tx Tx, r Recovery) error {
	if back, err := ReadRecovery(r.Event()); err != nil || string(back.text()) != string(r.text()) {
		return fmt.Errorf("%w: it is incomplete or too long", ErrRecovery)
	}
	state, err := tx.LogState(ctx)
	if err != nil {
		return fmt.Errorf("audit: reading the state: %w", err)
	}
	if err := state.check(); err != nil {
		return err
	}
	if state.Epoch >= r.Epoch || state.Size != r.Closed.Size || state.Root() != r.Closed.Root {
		return ErrConflict
	}
	if err := tx.BeginEpoch(ctx, r.Epoch, r.At); err != nil {
		return fmt.Errorf("audit: beginning an epoch: %w", err)
	}
	return nil
}

// checkBeginning checks the first entry of an epoch that is not the log's first: that it is the statement about the end of the one before.
func checkBeginning(ctx context.Context, r Reader, opener Opener, keys Keyring, epoch int, before Checkpoint) error {
	entries, err := r.Entries(ctx, 0, 1)
	if err != nil {
		return fmt.Errorf("audit: reading entries: %w", err)
	}
	if len(entries) == 0 || entries[0].Index != 0 || entries[0].Type != LogEpoch || entries[0].Sealed == nil {
		return broken(0, "it does not say how the epoch came to be")
	}
	if opener == nil {
		return nil
	}
	_, _, p, err := openEntry(opener, &entries[0])
	if err != nil {
		return err
	}
	said, err := ReadRecovery(p.Event)
	if err == nil {
		err = said.Verify(keys)
	}
	if err != nil {
		return broken(0, "it does not say how the epoch came to be: %v", err)
	}
	if said.Epoch != epoch || said.Closed != before {
		return broken(0, "what it says of the end of the epoch before is not what is stored")
	}
	return nil
}
