package datadir

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/storage"
)

// nextFile is the issuer's key that will sign next. It is published from the moment it is made.
const nextFile = "issuer-next.pem"

// Overlap is how long a key is published before it signs: by then every reader that has been on line has a list with it.
const Overlap = cards.TrustListLife

// ErrTooSoon is returned when a key would sign that readers cannot know yet.
var ErrTooSoon = errors.New("datadir: the next key was published too short a time ago")

// Rotation says what Rotate has done.
type Rotation struct {
	Next    cards.Key // the key that signs, or will sign
	From    time.Time // since when it signs, or from when it may
	Signing bool      // whether it signs already
}

// Rotate changes the key that signs cards, in two steps with time between them. The first makes the next key and publishes it. The second, Overlap later or
// at once when readers need not know it before, lets it sign and retires the present one, whose cards go on verifying. No server may run during the second.
// A house whose present key has ended gets another one at once. It returns ErrTooSoon, ErrEnded, ErrRetired when it would have to be at once, and
// storage.ErrLocked.
func Rotate(ctx context.Context, dir, keys string, rand io.Reader, now func() time.Time, atOnce bool) (Rotation, error) {
	folder := KeyDir(dir, keys)
	next, err := readKey[*ecdsa.PrivateKey](folder, nextFile)
	if errors.Is(err, ErrNoKeys) {
		made, err := announceNext(ctx, dir, keys, folder, rand, now, atOnce)
		if err != nil || !atOnce {
			return made, err
		}
		next, err = readKey[*ecdsa.PrivateKey](folder, nextFile)
		if err != nil {
			return made, err
		}
	} else if err != nil {
		return Rotation{}, err
	}
	return promote(ctx, dir, keys, folder, next, now, atOnce)
}

// announceNext makes the next key and publishes it. A house whose present key is retired needs one that signs at once.
func announceNext(ctx context.Context, dir, keys, folder string, rand io.Reader, now func() time.Time, atOnce bool) (Rotation, error) {
	fresh, err := ecdsa.GenerateKey(elliptic.P256(), rand)
	if err != nil {
		return Rotation{}, err
	}
	house, err := open(ctx, Options{Dir: dir, Keys: keys, Now: now}, atOnce)
	if err != nil {
		return Rotation{}, err
	}
	key := cards.Key{Issuer: house.Service.Issuer(), Public: &fresh.PublicKey}
	text, err := pemKey(fresh)
	if err == nil {
		err = house.intend(ctx, audit.KeyMade, key, func(began emergency.Intent) error {
			if err := writeNew(filepath.Join(folder, nextFile), text); err != nil {
				return err
			}
			if err := house.remember(ctx, folder, key); err != nil {
				return err
			}
			return house.Service.AnnounceKey(ctx, operator, key, began)
		})
	}
	return Rotation{Next: key, From: now().Add(Overlap)}, errors.Join(err, house.Close(ctx))
}

// operator is whoever works on the data directory itself.
var operator = emergency.Caller{Operator: true}

// intend does something with a key of the house, files and row, after an entry that says so. act makes the entry of its success; that it failed is one too.
func (h *House) intend(ctx context.Context, kind audit.Type, key cards.Key, act func(began emergency.Intent) error) error {
	id, err := key.ID()
	if err != nil {
		return err
	}
	began, err := h.Service.Intend(ctx, operator, kind, map[string]string{"issuer": key.Issuer, "key_1": id.String()})
	if err != nil {
		return err
	}
	if err := act(began); err != nil {
		return h.Service.Conclude(ctx, began, err)
	}
	return nil
}

// ErrEnded is returned when the key that waits to sign is retired or withdrawn: no card that it signed would verify.
var ErrEnded = errors.New("datadir: the next key is retired or withdrawn already")

func promote(ctx context.Context, dir, keys, folder string, next crypto.Signer, now func() time.Time, atOnce bool) (Rotation, error) {
	release, err := storage.Lock(dir) // a running server would go on signing with a key that is retired
	if err != nil {
		return Rotation{}, err
	}
	defer func() { _ = release() }()
	house, err := open(ctx, Options{Dir: dir, Keys: keys, Now: now}, true)
	if err != nil {
		return Rotation{}, err
	}
	key := cards.Key{Issuer: house.Service.Issuer(), Public: next.Public().(*ecdsa.PublicKey)}
	err = house.mayPromote(ctx, folder, key, atOnce)
	if err == nil {
		err = house.intend(ctx, audit.KeyPromoted, key, func(began emergency.Intent) error {
			if err := house.retire(ctx, folder); err != nil {
				return err
			}
			// The row says "retired" before the file changes: between the two nothing can be signed that readers would not take.
			if err := os.Rename(filepath.Join(folder, nextFile), filepath.Join(folder, issuerFile)); err != nil {
				return err
			}
			if err := syncDir(folder); err != nil {
				return err
			}
			return house.Service.Conclude(ctx, began, nil)
		})
	}
	return Rotation{Next: key, From: now(), Signing: true}, errors.Join(err, house.Close(ctx))
}

// mayPromote says why the next key may not sign: ErrEnded, or ErrTooSoon unless it need not wait.
func (h *House) mayPromote(ctx context.Context, folder string, next cards.Key, atOnce bool) error {
	known, err := h.announced(ctx, folder, next)
	if err != nil {
		return err
	}
	now := h.Service.Now()
	if !known.CompromisedSince.IsZero() || !known.NotAfter.IsZero() && !known.NotAfter.After(now) {
		return fmt.Errorf("%w: %s", ErrEnded, filepath.Join(folder, nextFile))
	}
	if from := known.Added.Add(Overlap); !atOnce && now.Before(from) {
		return fmt.Errorf("%w: it may sign from %s on", ErrTooSoon, from.Format(time.DateOnly))
	}
	return nil
}

// retire ends the key that signs, unless it has ended before.
func (h *House) retire(ctx context.Context, folder string) error {
	issuers, err := h.Service.Issuers(ctx)
	if err != nil {
		return err
	}
	present := issuers[0].Keys[0]
	if !present.NotAfter.IsZero() {
		return nil
	}
	present.NotAfter = h.Service.Now()
	if err := h.remember(ctx, folder, present); err != nil {
		return err
	}
	return h.Service.RetireKey(ctx, operator, present, present.NotAfter)
}

var (
	// ErrNoSuchKey is returned when a house has no key with the given id.
	ErrNoSuchKey = errors.New("datadir: this house has no such key")
	// ErrSince is returned for a time from which a key is in other hands that is before 1970.
	ErrSince = errors.New("datadir: a key cannot be in other hands since before 1970")
)

// Withdraw says that somebody else may have a key of this house since a given time: no card that it signed verifies any more. When it is the key that signs,
// another takes its place at once, for which no server may be running; when it is the one that waits to sign, it never will. id is the RFC 7638 thumbprint in
// base64url. It returns the keys as they are afterwards. What was cut short is finished when it is asked for again.
func Withdraw(ctx context.Context, dir, keys, id string, since time.Time, rand io.Reader, now func() time.Time) ([]cards.Key, error) {
	if since.UnixMilli() <= 0 {
		return nil, ErrSince
	}
	own, err := OwnKeys(ctx, dir, keys)
	if err != nil {
		return nil, err
	}
	for i, key := range own {
		thumbprint, err := cards.Thumbprint(key.Public)
		if err != nil {
			return nil, err
		}
		if base64.RawURLEncoding.EncodeToString(thumbprint[:]) != id {
			continue
		}
		if i == 0 {
			if err := discardWithdrawn(KeyDir(dir, keys), own); err != nil {
				return nil, err
			}
			if _, err := Rotate(ctx, dir, keys, rand, now, true); err != nil {
				return nil, err
			}
			key.NotAfter = earlier(key.NotAfter, now())
		}
		if err := withdraw(ctx, dir, keys, key, since, now); err != nil {
			return nil, err
		}
		if own, err = OwnKeys(ctx, dir, keys); err != nil {
			return nil, err
		}
		return own, discardWithdrawn(KeyDir(dir, keys), own)
	}
	return nil, ErrNoSuchKey
}

func withdraw(ctx context.Context, dir, keys string, key cards.Key, since time.Time, now func() time.Time) error {
	house, err := open(ctx, Options{Dir: dir, Keys: keys, Now: now}, true)
	if err != nil {
		return err
	}
	key.CompromisedSince = earlier(key.CompromisedSince, since)
	err = house.intend(ctx, audit.KeyWithdrawn, key, func(began emergency.Intent) error {
		if err := house.remember(ctx, KeyDir(dir, keys), key); err != nil {
			return err
		}
		return house.Service.WithdrawKey(ctx, operator, key, key.CompromisedSince, began)
	})
	return errors.Join(err, house.Close(ctx))
}

// discardWithdrawn removes the key that waits to sign when it is withdrawn. own are the keys of the house.
func discardWithdrawn(folder string, own []cards.Key) error {
	next, err := readKey[*ecdsa.PrivateKey](folder, nextFile)
	if errors.Is(err, ErrNoKeys) {
		return nil
	}
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(own, func(key cards.Key) bool { return next.PublicKey.Equal(key.Public) && !key.CompromisedSince.IsZero() }) {
		return nil
	}
	if err := os.Remove(filepath.Join(folder, nextFile)); err != nil {
		return err
	}
	return syncDir(folder)
}

// OwnKeys are the keys of a house: first the one that signs, then those that did or will.
func OwnKeys(ctx context.Context, dir, keys string) ([]cards.Key, error) {
	house, err := open(ctx, Options{Dir: dir, Keys: keys}, true)
	if err != nil {
		return nil, err
	}
	issuers, err := house.Service.Issuers(ctx)
	if err = errors.Join(err, house.Store.Close()); err != nil {
		return nil, err
	}
	return issuers[0].Keys, nil
}

// announced is what is known of a key that was published.
func (h *House) announced(ctx context.Context, folder string, key cards.Key) (knownKey, error) {
	point, err := key.Public.Bytes()
	if err != nil {
		return knownKey{}, err
	}
	stored, err := h.storedKeys(ctx)
	if err != nil {
		return knownKey{}, err
	}
	fresh := knownKey{Point: point, Added: kept(h.Service.Now())}
	known, news := stored.add(fresh)
	if news { // it was made, and the power went before it was published
		return fresh, errors.Join(h.remember(ctx, folder, key), h.tell(ctx, fresh))
	}
	beside, err := readKnown(folder, stored.Issuer)
	for _, other := range beside.Keys {
		stored.add(other) // it was published earlier than a store says that has lost it in between
	}
	known, _ = stored.add(known)
	return known, err
}

// syncDir makes a renamed file durable.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
