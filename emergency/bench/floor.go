package bench

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/storage/floor"
	"github.com/locket-health/locket/emergency/vault"
)

// bareFloor is the role of what the house stands on.
type bareFloor struct {
	store *floor.Store
	sizes map[string]bare
	key   *ecdsa.PrivateKey
	gate  *vault.Gate
}

func openFloor(ctx context.Context, with setup, batching floor.Batching) (*bareFloor, error) {
	if err := os.MkdirAll(with.Dir, 0o700); err != nil {
		return nil, err
	}
	store, err := floor.Open(ctx, filepath.Join(with.Dir, "floor.db"), batching)
	if err != nil {
		return nil, err
	}
	rows := make(map[[16]byte][]byte, len(with.Kept))
	for _, row := range with.Kept {
		rows[row.ID] = make([]byte, row.Size)
	}
	key, keyErr := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(keyErr, store.Keep(ctx, rows)); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &bareFloor{store: store, sizes: with.Sizes, key: key, gate: vault.NewGate(2)}, nil
}

// serve answers with net/http alone: one read by key, one durable append of as many bytes, an answer of the same size.
func (f *bareFloor) serve(ctx context.Context, listener net.Listener) error {
	handle := func(size bare) func(http.ResponseWriter, string) {
		appended, body := make([]byte, size.Appended), make([]byte, max(0, size.Answered-floorHead))
		return func(w http.ResponseWriter, id string) {
			card, err := cards.ParseID(id)
			if err == nil {
				_, err = f.store.Read(card)
			}
			if err == nil {
				err = f.store.Append(appended)
			}
			if err != nil {
				http.Error(w, "", http.StatusInternalServerError)
				return
			}
			header := w.Header()
			header["Content-Type"] = octets
			_, _ = w.Write(body) // the client sees what is missing
		}
	}
	scan, open := handle(f.sizes[Scan]), handle(f.sizes[Open])
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id, found := strings.CutPrefix(r.URL.Path, scanPath); found {
			scan(w, id)
			return
		}
		id := strings.TrimPrefix(r.URL.Path, openPath)
		open(w, strings.TrimSuffix(id, openEnd))
	})}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// floorHead is about what the floor's own headers take.
const floorHead = 120

var octets = []string{"application/octet-stream"}

func (f *bareFloor) close(context.Context) error { return f.store.Close() }

func (f *bareFloor) entries(ctx context.Context) (int64, error) { return f.store.Rows(ctx) }

// The works of the floor, beside Append.
const (
	doSign   = "sign"
	doCheck  = "check"
	doArgon2 = "argon2id"
	doIssue  = "issue" // of a peer
)

func (f *bareFloor) work(name string) (func(int) error, error) {
	// As much as a card's signature covers, and a front's address is long.
	message := make([]byte, emergency.WalletBytes)
	switch name {
	case Append:
		row := make([]byte, f.sizes[Scan].Appended)
		return func(int) error { return f.store.Append(row) }, nil
	case doSign:
		return func(int) error {
			sum := sha256.Sum256(message)
			_, err := ecdsa.SignASN1(rand.Reader, f.key, sum[:])
			return err
		}, nil
	case doCheck:
		sum := sha256.Sum256(message)
		signature, err := ecdsa.SignASN1(rand.Reader, f.key, sum[:])
		return func(int) error {
			sum := sha256.Sum256(message)
			if !ecdsa.VerifyASN1(&f.key.PublicKey, sum[:], signature) {
				return errors.New("bench: a signature does not hold")
			}
			return nil
		}, err
	case doArgon2:
		return func(int) error {
			_, _, err := vault.SealCode(context.Background(), f.gate, "BENCHBENCHBE", message[:32], message)
			return err
		}, nil
	}
	return nil, fmt.Errorf("bench: the floor does not know the work %q", name)
}
