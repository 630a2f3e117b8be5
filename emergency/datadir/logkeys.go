package datadir

import (
	"crypto/ed25519"

	"github.com/locket-health/locket/audit"
)

// LogKeys reads the public keys of a data directory's log, without opening its store. dir and keys are as in Options.
func LogKeys(dir, keys string) (audit.Keyring, error) {
	origin, err := logOrigin(dir)
	if err != nil {
		return audit.Keyring{}, err
	}
	loaded, err := LoadKeys(KeyDir(dir, keys))
	if err != nil {
		return audit.Keyring{}, err
	}
	vkey, err := audit.NewVKey(origin, loaded.Log.Public().(ed25519.PublicKey))
	if err != nil {
		return audit.Keyring{}, err
	}
	return audit.NewKeyring(origin, vkey)
}

// logOrigin is the origin of the first epoch of a data directory's log.
func logOrigin(dir string) (string, error) {
	settings, err := ReadSettings(dir)
	if err != nil {
		return "", err
	}
	host, err := settings.host()
	return Origin(host), err
}
