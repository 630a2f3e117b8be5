package audit_test

import (
	"encoding/hex"
	"testing"

	"github.com/locket-health/locket/audit"
)

// counting returns the salt 00 01 .. 1f.
func counting() audit.Salt {
	var salt audit.Salt
	for i := range salt {
		salt[i] = byte(i)
	}
	return salt
}

func TestCommitVector(t *testing.T) {
	c := audit.Commit(counting(), []byte("{}"))
	const want = "locket-audit/v1\n"
	if got := string(c[:16]); got != want {
		t.Errorf("label = %q, want %q", got, want)
	}
	if got := hex.EncodeToString(c[16:]); got != "316f9ec00cad4bfaf51f5f8b6f8f985427a4d1de5e9b9723a2b802d13ab18906" {
		t.Errorf("commitment = %s", got)
	}
	if got := c.LeafHash().String(); got != "Fxpjg4wsyBrOCHD4k29wRuJffImvqZtIkaIaARTtZhA=" {
		t.Errorf("leaf hash = %s", got)
	}
}

func TestCommitDependsOnSaltAndPayload(t *testing.T) {
	salt := counting()
	other := salt
	other[31] ^= 1
	base := audit.Commit(salt, []byte("ab"))
	for name, c := range map[string]audit.Commitment{
		"another salt":     audit.Commit(other, []byte("ab")),
		"another payload":  audit.Commit(salt, []byte("ac")),
		"a longer payload": audit.Commit(salt, []byte("ab\x00")),
		"no payload":       audit.Commit(salt, nil),
	} {
		if c == base {
			t.Errorf("%s gives the same commitment", name)
		}
	}
}
