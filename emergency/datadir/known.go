package datadir

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

// knownFile says what is known of the issuer's keys that sign no more, or not yet. It lies with the keys, because a backup may be older than the last change
// of keys: without it a house that was restored would not know its own old cards, or would believe a key that was withdrawn. Nothing of it is secret.
const knownFile = "issuer-keys.json"

// maxKnownFile bounds what is read of it, in bytes: some thousand keys.
const maxKnownFile = 256 << 10

// ErrKnownKeys is returned when the file beside the keys that tells of the retired and withdrawn ones is not understood.
var ErrKnownKeys = errors.New("datadir: what is known of the issuer's keys cannot be read")

// knownKeys is the content of knownFile, version 1.
type knownKeys struct {
	Version int        `json:"v"`
	Issuer  string     `json:"iss"`
	Keys    []knownKey `json:"keys"`
}

// knownKey is a public key and its story. Times are kept to the millisecond, as in the store.
type knownKey struct {
	Point            []byte    `json:"point"` // 65 bytes, uncompressed (SEC 1, 2.3.3)
	Added            time.Time `json:"added"`
	NotAfter         time.Time `json:"not_after,omitzero"`
	CompromisedSince time.Time `json:"compromised_since,omitzero"`
}

// readKnown reads the file of a key directory about the keys of an issuer. Without one nothing is known.
func readKnown(folder, issuer string) (knownKeys, error) {
	none := knownKeys{Version: 1, Issuer: issuer}
	f, err := os.Open(filepath.Join(folder, knownFile))
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKnownFile+1))
	if err != nil {
		return none, err
	}
	known, err := parseKnown(text)
	if err == nil && known.Issuer != issuer {
		err = fmt.Errorf("%w: they are the keys of another house", ErrKnownKeys)
	}
	if err != nil {
		return none, fmt.Errorf("%w (%s): put back the copy that you made with the keys", err, f.Name())
	}
	return known, nil
}

// parseKnown reads what text writes.
func parseKnown(text []byte) (knownKeys, error) {
	if len(text) > maxKnownFile {
		return knownKeys{}, fmt.Errorf("%w: the file is too large", ErrKnownKeys)
	}
	var known knownKeys
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&known); err != nil {
		return knownKeys{}, fmt.Errorf("%w: %w", ErrKnownKeys, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return knownKeys{}, fmt.Errorf("%w: something follows its end", ErrKnownKeys)
	}
	if known.Version != 1 {
		return knownKeys{}, fmt.Errorf("%w: it is of version %d, and this program knows version 1", ErrKnownKeys, known.Version)
	}
	for i := range known.Keys {
		key := &known.Keys[i]
		if _, err := key.public(); err != nil {
			return knownKeys{}, fmt.Errorf("%w: key %d is not on the curve P-256", ErrKnownKeys, i+1)
		}
		for _, at := range []*time.Time{&key.Added, &key.NotAfter, &key.CompromisedSince} {
			*at = kept(*at)
			if !at.IsZero() && at.UnixMilli() <= 0 {
				return knownKeys{}, fmt.Errorf("%w: key %d has a time before 1970", ErrKnownKeys, i+1)
			}
		}
	}
	return known, nil
}

func (k knownKeys) text() ([]byte, error) {
	text, err := json.MarshalIndent(k, "", "  ")
	if err == nil && len(text) >= maxKnownFile {
		err = fmt.Errorf("datadir: %s would be too large", knownFile)
	}
	return append(text, '\n'), err
}

func (k knownKey) public() (*ecdsa.PublicKey, error) {
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), k.Point)
}

// add says something more of a key and returns what is known of it then, and whether that is news. What is graver stays: the earliest of each time that was said.
func (k *knownKeys) add(more knownKey) (known knownKey, news bool) {
	i := slices.IndexFunc(k.Keys, func(known knownKey) bool { return bytes.Equal(known.Point, more.Point) })
	if i < 0 {
		k.Keys = append(k.Keys, more)
		return more, true
	}
	before := k.Keys[i]
	known = knownKey{before.Point, earlier(before.Added, more.Added), earlier(before.NotAfter, more.NotAfter), earlier(before.CompromisedSince, more.CompromisedSince)}
	k.Keys[i] = known
	return known, !known.NotAfter.Equal(before.NotAfter) || !known.CompromisedSince.Equal(before.CompromisedSince)
}

// earlier is the earlier of two times, of which the zero time is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// kept is a time as the store keeps it.
func kept(at time.Time) time.Time { return at.UTC().Truncate(time.Millisecond) }

// storedKeys is what the store knows of the keys of the house.
func (h *House) storedKeys(ctx context.Context) (knownKeys, error) {
	var rows []emergency.IssuerKey
	err := h.Store.View(ctx, func(r emergency.Reader) (err error) {
		rows, err = r.IssuerKeys()
		return err
	})
	stored := knownKeys{Version: 1, Issuer: h.Service.Issuer()}
	for _, row := range rows {
		if row.Issuer == stored.Issuer {
			stored.add(knownKey{row.Point, row.AddedAt, row.NotAfter, row.CompromisedSince})
		}
	}
	return stored, err
}

// remember writes down a key of the house beside the secret ones, with all that the store knows. It comes before the change in the store: what is cut
// short between the two is made good by recall, when the house is opened next.
func (h *House) remember(ctx context.Context, folder string, key cards.Key) error {
	known, err := readKnown(folder, h.Service.Issuer())
	if err != nil {
		return err
	}
	stored, err := h.storedKeys(ctx)
	if err != nil {
		return err
	}
	for _, row := range stored.Keys {
		known.add(row)
	}
	point, err := key.Public.Bytes()
	if err != nil {
		return err
	}
	known.add(knownKey{point, kept(h.Service.Now()), kept(key.NotAfter), kept(key.CompromisedSince)})
	text, err := known.text()
	if err != nil {
		return err
	}
	return replace(filepath.Join(folder, knownFile), text)
}

// recall tells the store what lies beside the keys and is not in it: of keys that changed after the backup that it comes from.
func (h *House) recall(ctx context.Context, folder string) error {
	known, err := readKnown(folder, h.Service.Issuer())
	if err != nil {
		return err
	}
	stored, err := h.storedKeys(ctx)
	if err != nil {
		return err
	}
	for _, key := range known.Keys {
		merged, news := stored.add(key)
		if !news {
			continue
		}
		if err := h.tell(ctx, merged); err != nil {
			return err
		}
	}
	return nil
}

// tell puts what is known of a key of the house into the store, with an entry.
func (h *House) tell(ctx context.Context, known knownKey) error {
	public, err := known.public()
	if err != nil {
		return err
	}
	key := cards.Key{Issuer: h.Service.Issuer(), Public: public, NotAfter: known.NotAfter, CompromisedSince: known.CompromisedSince}
	switch {
	case !key.CompromisedSince.IsZero():
		return h.Service.WithdrawKey(ctx, operator, key, key.CompromisedSince, emergency.Intent{})
	case !key.NotAfter.IsZero():
		return h.Service.RetireKey(ctx, operator, key, key.NotAfter)
	default:
		return h.Service.AnnounceKey(ctx, operator, key, emergency.Intent{})
	}
}

// replace writes a file anew, so that after a crash the old content or the new one is there, whole.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(path))
}
