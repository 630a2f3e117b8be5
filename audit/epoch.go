package audit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Epoch is one run of the log, under an origin and keys of its own. A log that lost its end, as after a restored backup, never goes on under the old
// origin: it begins a new epoch, whose first entry says what is known of the old one. Closed epochs stay as they are and stay provable.
type Epoch struct {
	Number int       // from 1; each is higher than the one before, and numbers may be left out
	First  int64     // entries of all earlier epochs: the row number of this one's first entry
	Size   int64     // entries
	Ended  time.Time // zero for the present one; whole milliseconds, UTC
}

// maxEpoch bounds the number of an epoch that is read from outside.
const maxEpoch = 1_000_000

// EpochOrigin is the origin of an epoch of the log whose first epoch has the given one: the same for the first, with "/n" after it for the n-th.
func EpochOrigin(first string, number int) string {
	if number <= 1 {
		return first
	}
	return first + "/" + strconv.Itoa(number)
}

// epochOf is the number of the epoch whose origin this is; 0 when it is of another log.
func epochOf(first, origin string) int {
	if origin == first {
		return 1
	}
	text, found := strings.CutPrefix(origin, first+"/")
	number, err := strconv.Atoi(text)
	if !found || err != nil || number < 2 || number > maxEpoch || strconv.Itoa(number) != text {
		return 0
	}
	return number
}

// Keyring is the public keys of a log: those of every epoch, and of one epoch those that have followed one another.
type Keyring struct {
	origin string
	keys   []Verifier
}

// NewKeyring returns the keys of the log whose first epoch has this origin. A vkey that is none, or is of another log, is an error that wraps [ErrKey].
func NewKeyring(origin string, vkeys ...string) (Keyring, error) {
	if !isOrigin(origin) {
		return Keyring{}, fmt.Errorf("%w: this cannot be the origin of a log", ErrKey)
	}
	k := Keyring{origin: origin}
	for _, vkey := range vkeys {
		v, err := ParseVKey(vkey)
		if err != nil {
			return Keyring{}, err
		}
		if epochOf(origin, v.Name()) == 0 {
			return Keyring{}, fmt.Errorf("%w: the key of another log", ErrKey)
		}
		k = k.with(v)
	}
	return k, nil
}

// with returns the keyring with one more key.
func (k Keyring) with(v Verifier) Keyring {
	for _, known := range k.keys {
		if known.String() == v.String() {
			return k
		}
	}
	k.keys = append(k.keys[:len(k.keys):len(k.keys)], v)
	return k
}

// Origin is the origin of the first epoch.
func (k Keyring) Origin() string { return k.origin }

// Of returns the keys of an epoch, in the order in which they were made known.
func (k Keyring) Of(epoch int) []Verifier {
	var keys []Verifier
	for _, v := range k.keys {
		if v.Name() == EpochOrigin(k.origin, epoch) {
			keys = append(keys, v)
		}
	}
	return keys
}

// Epochs returns the numbers of the epochs of which a key is known, in order.
func (k Keyring) Epochs() []int {
	var numbers []int
	for _, v := range k.keys {
		numbers = append(numbers, epochOf(k.origin, v.Name()))
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// VKeys returns all keys in their text form.
func (k Keyring) VKeys() []string {
	texts := make([]string, 0, len(k.keys))
	for _, v := range k.keys {
		texts = append(texts, v.String())
	}
	return texts
}

// OpenCheckpoint reads a signed checkpoint of any epoch and verifies that one of that epoch's keys has signed it. It returns the number of the epoch, or an
// error that wraps [ErrCheckpoint].
func (k Keyring) OpenCheckpoint(signed []byte) (epoch int, c Checkpoint, err error) {
	c, err = readCheckpoint(signed)
	if err != nil {
		return 0, c, err
	}
	if epoch = epochOf(k.origin, c.Origin); epoch == 0 {
		return 0, Checkpoint{}, fmt.Errorf("%w: it is of another log", ErrCheckpoint)
	}
	c, err = k.open(epoch, signed)
	return epoch, c, err
}

// Claimed is the number of the epoch that a note names, whoever has signed it; 0 when it is not a checkpoint of this log.
func (k Keyring) Claimed(signed []byte) int {
	c, err := readCheckpoint(signed)
	if err != nil {
		return 0
	}
	return epochOf(k.origin, c.Origin)
}

// open verifies a checkpoint of one epoch.
func (k Keyring) open(epoch int, signed []byte) (Checkpoint, error) {
	err := fmt.Errorf("%w: no key of this log is known", ErrCheckpoint)
	for _, v := range k.Of(epoch) {
		var c Checkpoint
		if c, err = OpenCheckpoint(v, signed); err == nil {
			return c, nil
		}
	}
	return Checkpoint{}, err
}
