package datadir

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/locket-health/locket/emergency/vault"
)

// Keys are the four secrets of a house. None of them is ever in the database or in its backups.
type Keys struct {
	Issuer   crypto.Signer   // P-256, signs fronts: whoever has it can make cards that readers trust
	Log      crypto.Signer   // Ed25519, signs checkpoints: whoever has it can show people different logs
	Identity *vault.Identity // opens records: with the database, everything behind the glass
	Data     *vault.DataKey  // opens names, notices and the payloads of the log
}

// The files of a key directory.
const (
	issuerFile   = "issuer.pem"
	logFile      = "log.pem"
	identityFile = "identity.txt"
	dataFile     = "data.key"
)

// ErrNoKeys says that a directory holds no keys, or not all of them.
var ErrNoKeys = errors.New("datadir: no keys")

// NewKeys draws fresh keys from random.
func NewKeys(random io.Reader) (Keys, error) {
	issuer, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return Keys{}, err
	}
	_, log, err := ed25519.GenerateKey(random)
	if err != nil {
		return Keys{}, err
	}
	identity, err := vault.NewServerIdentity(random)
	if err != nil {
		return Keys{}, err
	}
	data, err := vault.NewDataKey(random)
	return Keys{Issuer: issuer, Log: log, Identity: identity, Data: data}, err
}

// Save writes the keys into a new directory that only its owner can read. It never overwrites a key.
func (k Keys) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	issuer, err := pemKey(k.Issuer)
	if err != nil {
		return err
	}
	log, err := pemKey(k.Log)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		issuerFile: issuer, logFile: log, identityFile: []byte(k.Identity.Secret() + "\n"), dataFile: k.Data.Text(),
	} {
		if err := writeNew(filepath.Join(dir, name), content); err != nil {
			return err
		}
	}
	return nil
}

func pemKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

// writeNew writes a file that is not there yet, and syncs it.
func writeNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// LoadKeys reads the keys of a directory. It refuses files that others may read.
func LoadKeys(dir string) (Keys, error) {
	var keys Keys
	issuer, err := readKey[*ecdsa.PrivateKey](dir, issuerFile)
	if err != nil {
		return keys, err
	}
	log, err := readKey[ed25519.PrivateKey](dir, logFile)
	if err != nil {
		return keys, err
	}
	identity, err := readSecret(dir, identityFile)
	if err != nil {
		return keys, err
	}
	keys.Issuer, keys.Log = issuer, log
	if keys.Identity, err = vault.ParseServerIdentity(strings.TrimSpace(string(identity))); err != nil {
		return keys, fmt.Errorf("datadir: %s: %w", identityFile, err)
	}
	data, err := readSecret(dir, dataFile)
	if err != nil {
		return keys, err
	}
	if keys.Data, err = vault.ParseDataKey(data); err != nil {
		return keys, fmt.Errorf("datadir: %s: %w", dataFile, err)
	}
	return keys, nil
}

func readKey[K crypto.Signer](dir, name string) (K, error) {
	var none K
	content, err := readSecret(dir, name)
	if err != nil {
		return none, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return none, fmt.Errorf("datadir: %s is not a PEM file", name)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return none, fmt.Errorf("datadir: %s holds no private key", name) // the cause could quote the file
	}
	typed, ok := key.(K)
	if !ok {
		return none, fmt.Errorf("datadir: %s holds a key of another kind", name)
	}
	return typed, nil
}

// maxKeyFile bounds what is read as a key.
const maxKeyFile = 64 << 10

func readSecret(dir, name string) ([]byte, error) {
	path := filepath.Join(dir, name)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing", ErrNoKeys, path)
	}
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("datadir: %s can be read by others (mode %04o): chmod 600 it, and think about who has seen it", path, info.Mode().Perm())
	}
	if info.Size() > maxKeyFile {
		return nil, fmt.Errorf("datadir: %s is too large for a key", path)
	}
	return os.ReadFile(path)
}
