package emergency

import (
	"strconv"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/vault"
)

// LogSealer seals the payloads of the log under the data key, each for its index.
func LogSealer(data *vault.DataKey) audit.Sealer { return logSealer{data} }

type logSealer struct{ data *vault.DataKey }

func (l logSealer) Seal(index int64, plaintext []byte) ([]byte, error) {
	return l.data.Seal(entryPlace(index), plaintext)
}

func (l logSealer) Open(index int64, sealed []byte) ([]byte, error) {
	return l.data.Open(entryPlace(index), sealed)
}

func entryPlace(index int64) vault.AAD {
	return vault.AAD{Table: "audit_entry", Column: "sealed", Row: strconv.FormatInt(index, 10)}
}
