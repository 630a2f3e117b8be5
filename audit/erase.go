package audit

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrErase says that an entry is not one whose words can be erased: they are gone already, or it is about the log itself.
var ErrErase = errors.New("audit: the words of this entry cannot be erased")

// Ground says why the words of an entry were erased. The set is closed; a ground never changes its meaning.
type Ground string

// The grounds of an erasure.
const (
	OnRequest Ground = "request"   // the person asked for it
	OnMistake Ground = "mistake"   // it should not have been written
	OnOrder   Ground = "order"     // a court or an authority has ordered it
	OnAge     Ground = "retention" // it is older than the house keeps words
)

// Grounds returns all grounds.
func Grounds() []Ground { return []Ground{OnRequest, OnMistake, OnOrder, OnAge} }

// Lasts reports whether entries of the type are never erased: they are about the log and its keys, and whoever checks the log reads them.
func (t Type) Lasts() bool {
	switch t {
	case EntryErased, LogPruned, LogEpoch, LogAlarm, KeyMade, KeyPromoted, KeyRetired, KeyWithdrawn, BackupRestored:
		return true
	}
	return false
}

// Erased is what an entry of type [EntryErased] says in its details. It repeats what the chain of the subject needs of the entry that lost its words, and what
// its row still shows: nothing else proves that any more.
//
//	epoch, index  its place
//	type, at      what kind of thing happened and when, in milliseconds since 1970 UTC
//	seq           its number among the entries of the subject; left out without a subject
//	leaf          its leaf hash, base64url without padding
//	prev          leaf hash of the subject's entry before it, base64url; left out for the first
//	ground        why
//
// Both are about the same subject, and the row was erased at the very time of this entry.
type Erased struct {
	Epoch    int
	Index    int64
	Type     Type
	At       time.Time
	Seq      uint64
	Leaf     tlog.Hash
	Previous []byte // nil for the first entry of a subject
	Ground   Ground
}

// Details returns what an event of type [EntryErased] carries.
func (e Erased) Details() map[string]string {
	details := map[string]string{"epoch": strconv.Itoa(e.Epoch), "index": strconv.FormatInt(e.Index, 10),
		"type": string(e.Type), "at": strconv.FormatInt(e.At.UnixMilli(), 10), "leaf": base64.RawURLEncoding.EncodeToString(e.Leaf[:]), "ground": string(e.Ground)}
	if e.Seq > 0 {
		details["seq"] = strconv.FormatUint(e.Seq, 10)
	}
	if len(e.Previous) > 0 {
		details["prev"] = base64.RawURLEncoding.EncodeToString(e.Previous)
	}
	return details
}

// ParseErased reads what an entry of type [EntryErased] says. It returns an error that wraps [ErrPayload] for what none says.
func ParseErased(p Payload) (Erased, error) {
	malformed := fmt.Errorf("%w: it does not say which entry was erased", ErrPayload)
	e := Erased{Type: Type(p.Details["type"]), Ground: Ground(p.Details["ground"])}
	epoch, err := parseDecimal(p.Details["epoch"])
	if err != nil || p.Type != EntryErased || epoch < 1 || epoch > maxEpoch || !slices.Contains(Grounds(), e.Ground) {
		return Erased{}, malformed
	}
	e.Epoch = int(epoch)
	if e.Index, err = parseDecimal(p.Details["index"]); err != nil || !readFixed(e.Leaf[:], p.Details["leaf"]) {
		return Erased{}, malformed
	}
	at, err := parseDecimal(p.Details["at"])
	if err != nil || at < 1 || at > maxMillis || !isCode(string(e.Type), false) {
		return Erased{}, malformed
	}
	e.At = time.UnixMilli(at).UTC()
	if p.Subject != "" {
		seq, err := parseDecimal(p.Details["seq"])
		if err != nil || seq < 1 || uint64(seq) >= p.Seq {
			return Erased{}, malformed
		}
		e.Seq = uint64(seq)
	}
	if e.Seq > 1 {
		e.Previous = make([]byte, tlog.HashSize)
		if !readFixed(e.Previous, p.Details["prev"]) {
			return Erased{}, malformed
		}
	}
	// Nothing else, and nothing in another spelling: what is said of an entry is said in one way.
	if !maps.Equal(e.Details(), p.Details) {
		return Erased{}, malformed
	}
	return e, nil
}

// Erasable is an entry whose words can be erased, with what has to be said of it.
type Erasable struct {
	Entry   Entry   // Sealed is left out
	Payload Payload // what goes
	Erased  Erased  // without a ground
}

// Erasable returns the entry of an epoch with this index, opened and checked: what is damaged is evidence and is not erased. It returns
// [ErrNotFound] for an entry that there is not, [ErrErase] for one that has no words to erase or lasts, and a [*VerifyError] for damage.
func (l *Log) Erasable(ctx context.Context, epoch int, index int64) (Erasable, error) {
	if index < 0 || index > maxSize {
		return Erasable{}, ErrNotFound
	}
	entries, err := l.store.Epoch(epoch).Entries(ctx, index, index+1)
	if err != nil {
		return Erasable{}, fmt.Errorf("audit: reading entries: %w", err)
	}
	if len(entries) != 1 {
		return Erasable{}, ErrNotFound
	}
	return l.erasable(&entries[0])
}

func (l *Log) erasable(e *Entry) (Erasable, error) {
	if !e.ErasedAt.IsZero() || e.Type.Lasts() {
		return Erasable{}, ErrErase
	}
	_, _, p, err := openEntry(l.opener, e)
	if err != nil {
		return Erasable{}, err
	}
	found := Erasable{Entry: *e, Payload: p, Erased: Erased{Epoch: e.Epoch, Index: e.Index, Type: e.Type, At: e.At, Seq: e.Seq,
		Leaf: e.Leaf.LeafHash(), Previous: p.Previous}}
	found.Entry.Sealed = nil
	return found, nil
}

// ErasableOf returns the entries of a subject that can be erased among those with numbers above afterSeq and up to upTo, at most limit, in order.
func (l *Log) ErasableOf(ctx context.Context, subject string, afterSeq, upTo uint64, limit int) ([]Erasable, error) {
	if subject == "" || limit < 1 {
		return nil, errors.New("audit: erasing needs a subject and a limit")
	}
	var found []Erasable
	for {
		entries, err := l.store.SubjectEntries(ctx, subject, afterSeq, eraseChunk)
		if err != nil {
			return nil, fmt.Errorf("audit: reading the entries of a subject: %w", err)
		}
		for i := range entries {
			e := &entries[i]
			if e.Seq > upTo || len(found) == limit {
				return found, nil
			}
			if found, err = l.gather(found, e); err != nil {
				return nil, err
			}
			afterSeq = e.Seq
		}
		if len(entries) < eraseChunk {
			return found, nil
		}
	}
}

// gather adds an entry if its words can be erased.
func (l *Log) gather(found []Erasable, e *Entry) ([]Erasable, error) {
	each, err := l.erasable(e)
	if errors.Is(err, ErrErase) {
		return found, nil
	}
	return append(found, each), err
}

// ErasedOf returns what the entries of a subject say was erased, of the first limit entries with numbers above afterSeq. Damaged ones are passed over.
func (l *Log) ErasedOf(ctx context.Context, subject string, afterSeq uint64, limit int) (list []Erased, err error) {
	entries, err := l.store.SubjectEntries(ctx, subject, afterSeq, limit)
	if err != nil {
		return nil, fmt.Errorf("audit: reading the entries of a subject: %w", err)
	}
	for i := range entries {
		if entries[i].Type != EntryErased {
			continue
		}
		if _, _, p, err := openEntry(l.opener, &entries[i]); err == nil {
			if erased, err := ParseErased(p); err == nil {
				list = append(list, erased)
			}
		}
	}
	return list, nil
}

// Newest returns what at most n of the newest entries of the present epoch say, in order. Erased and damaged ones are passed over.
func (l *Log) Newest(ctx context.Context, n int64) (list []Payload, err error) {
	epochs, err := l.store.Epochs(ctx)
	if err != nil {
		return nil, fmt.Errorf("audit: reading the epochs: %w", err)
	}
	last := epochs[len(epochs)-1]
	entries, err := l.store.Epoch(last.Number).Entries(ctx, max(0, last.Size-n), last.Size)
	if err != nil {
		return nil, fmt.Errorf("audit: reading entries: %w", err)
	}
	for i := range entries {
		if !entries[i].ErasedAt.IsZero() {
			continue
		}
		if _, _, p, err := openEntry(l.opener, &entries[i]); err == nil {
			list = append(list, p)
		}
	}
	return list, nil
}

// eraseChunk is how many entries are looked through at a time.
const eraseChunk = 256

// ErasableBefore returns at most limit entries from before a time that can be erased, beginning with the row numbered from (over all epochs), and the row from
// which to go on; that is negative when none is left. Entries come in the order of time but for a clock that was set: it looks no further than a
// chunk in which everything is younger. Damaged entries are passed over: they are evidence, which [Fsck] names, and no reason to keep the words of all others.
func (l *Log) ErasableBefore(ctx context.Context, before time.Time, from int64, limit int) (found []Erasable, next int64, err error) {
	epochs, err := l.store.Epochs(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("audit: reading the epochs: %w", err)
	}
	for _, epoch := range epochs {
		for at := max(from-epoch.First, 0); at < epoch.Size; at += eraseChunk {
			entries, err := l.store.Epoch(epoch.Number).Entries(ctx, at, min(at+eraseChunk, epoch.Size))
			if err != nil {
				return nil, 0, fmt.Errorf("audit: reading entries: %w", err)
			}
			old := len(entries) == 0 // pruned, all of them
			for i := range entries {
				e := &entries[i]
				if !e.At.Before(before) {
					continue
				}
				old = true
				if len(found) == limit {
					return found, e.Row, nil
				}
				each, err := l.gather(found, e)
				if damage := new(VerifyError); errors.As(err, &damage) {
					continue
				} else if err != nil {
					return nil, 0, err
				}
				found = each
			}
			if !old {
				return found, -1, nil
			}
		}
	}
	return found, -1, nil
}
