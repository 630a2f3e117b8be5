package audit_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

const knownCheckpoint = `locket.example/audit/log
1
Fxpjg4wsyBrOCHD4k29wRuJffImvqZtIkaIaARTtZhA=

— locket.example/audit/log DM0uV4g6xqvjPiUf7UB29kNk9HIB4n6Qy1dSVIBgAYJVMrgwtRMscRY5BRFhf+eB3YsNuc4xzdyQARmVAbF29nPMxAo=
`

const emptyCheckpointText = origin + "\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"

// sign writes a signature line as c2sp.org/signed-note words it, under any text.
func sign(t testing.TB, text, name string, key ed25519.PrivateKey) string {
	t.Helper()
	sig := binary.BigEndian.AppendUint32(nil, verifier(t, vkeyOf(t, name, key)).KeyHash())
	sig = append(sig, ed25519.Sign(key, []byte(text))...)
	return "— " + name + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
}

func signed(t testing.TB, text string) []byte {
	t.Helper()
	return []byte(text + "\n" + sign(t, text, origin, rfc8032(t)))
}

func TestCheckpointVector(t *testing.T) {
	c, err := audit.OpenCheckpoint(verifier(t, knownVKey), []byte(knownCheckpoint))
	if err != nil {
		t.Fatal(err)
	}
	if c.Origin != origin || c.Size != 1 || c.Root != audit.Commit(counting(), []byte("{}")).LeafHash() {
		t.Errorf("OpenCheckpoint = %+v", c)
	}
}

func TestPublishWritesTheKnownBytes(t *testing.T) {
	s := audittest.NewMemory()
	cfg := config(s)
	cfg.Signer = rfc8032(t)
	l, err := audit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if l.VKey() != knownVKey {
		t.Errorf("VKey = %s", l.VKey())
	}
	empty, err := l.Publish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(empty.Note), string(signed(t, emptyCheckpointText)); got != want {
		t.Errorf("checkpoint of an empty log:\n%s\nwant:\n%s", got, want)
	}
	s.Tamper(func(c *audittest.Contents) { // the tree of the vector; its payload is no event
		leaf := audit.Commit(counting(), []byte("{}"))
		c.Entries = []audit.Entry{{Epoch: 1, Leaf: leaf}}
		c.Hashes[0] = leaf.LeafHash()
		c.State = audit.State{Epoch: 1, Size: 1, Edge: append(c.State.Edge, leaf.LeafHash())}
	})
	one, err := l.Publish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := string(one.Note); got != knownCheckpoint {
		t.Errorf("checkpoint:\n%s\nwant:\n%s", got, knownCheckpoint)
	}
	foreign, err := note.NewVerifier(l.VKey())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(one.Note, note.VerifierList(foreign)); err != nil {
		t.Errorf("package note does not open the checkpoint: %v", err)
	}
}

func TestOpenCheckpoint(t *testing.T) {
	const root = "Fxpjg4wsyBrOCHD4k29wRuJffImvqZtIkaIaARTtZhA="
	witnesses := func(n int) []byte {
		text := origin + "\n1\n" + root + "\n"
		lines := ""
		for i := range n {
			lines += sign(t, text, fmt.Sprintf("witness%d.example", i), audittest.Key())
		}
		return []byte(text + "\n" + lines + sign(t, text, origin, rfc8032(t)))
	}
	known := func(old, new string) []byte { return []byte(strings.Replace(knownCheckpoint, old, new, 1)) }
	for _, c := range []struct {
		name string
		note []byte
		ok   bool
	}{
		{"the known one", []byte(knownCheckpoint), true},
		{"of an empty log", signed(t, emptyCheckpointText), true},
		{"with 16 witnesses", witnesses(16), true},
		{"with too many signatures", witnesses(120), false},
		{"nothing", nil, false},
		{"no signature", []byte(strings.SplitAfter(knownCheckpoint, "\n\n")[0]), false},
		{"signed by a witness alone", []byte(emptyCheckpointText + "\n" + sign(t, emptyCheckpointText, "witness.example", rfc8032(t))), false},
		{"signed by another key of the name", []byte(emptyCheckpointText + "\n" + sign(t, emptyCheckpointText, origin, audittest.Key())), false},
		{"another size", known("\n1\n", "\n2\n"), false},
		{"a signed leading zero", signed(t, origin+"\n01\n"+root+"\n"), false},
		{"a signed negative size", signed(t, origin+"\n-1\n"+root+"\n"), false},
		{"a signed size near the end of integers", signed(t, origin+"\n9223372036854775807\n"+root+"\n"), false},
		{"a signed short root", signed(t, origin+"\n1\nFxpj\n"), false},
		{"a signed root with loose bits", signed(t, origin+"\n1\n"+strings.Replace(root, "hA=", "hB=", 1)+"\n"), false},
		{"a signed extension line", signed(t, origin+"\n1\n"+root+"\nmore\n"), false},
		{"a signed second paragraph", signed(t, origin+"\n1\n"+root+"\n\nmore\n"), false},
		{"signed text of another log", signed(t, "other.example/log\n1\n"+root+"\n"), false},
		{"a signature with loose bits", known("xAo=", "xAp="), false},
		{"too long", append([]byte(knownCheckpoint), make([]byte, 64<<10)...), false},
	} {
		_, err := audit.OpenCheckpoint(verifier(t, knownVKey), c.note)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, audit.ErrCheckpoint) {
			t.Errorf("%s: OpenCheckpoint = %v, want valid %v", c.name, err, c.ok)
		}
	}
	if _, err := audit.OpenCheckpoint(audit.Verifier{}, []byte(knownCheckpoint)); !errors.Is(err, audit.ErrCheckpoint) {
		t.Errorf("OpenCheckpoint with the zero Verifier = %v", err)
	}
}

func FuzzOpenCheckpoint(f *testing.F) {
	f.Add([]byte(knownCheckpoint))
	f.Add(signed(f, emptyCheckpointText))
	f.Add([]byte(origin + "\n1\n\n\n— x AAAAAAA=\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := audit.OpenCheckpoint(verifier(t, knownVKey), data)
		if err != nil {
			return
		}
		// Whoever has not the key finds only the two texts that were signed with it.
		if text := fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root); !strings.HasPrefix(string(data), text) || c.Size > 1 {
			t.Errorf("opened %q as %+v", data, c)
		}
	})
}
