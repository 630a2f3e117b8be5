package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/locket-health/locket/"

// listed is what go list tells of a package: its own imports, those of its tests left out.
type listed struct {
	ImportPath string
	Imports    []string
}

// house lists the packages of the module.
func house(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// TestImportsPointOneWay holds the directions between the rooms: cmd -> adapters -> emergency -> leaves, and nothing back.
func TestImportsPointOneWay(t *testing.T) {
	// What each room may import of the house. A room that is not here may not exist.
	leaves := []string{"emergency/section"}
	domain := []string{"audit", "audit/auditevent", "cards", "cards/shc", "cards/shl", "cards/sun", "emergency/section", "emergency/terms", "emergency/summary", "emergency/rules", "emergency/consent", "emergency/vault", "emergency/passkey"}
	may := map[string][]string{
		"cards": nil, "cards/shc": {"cards"}, "cards/shl": {"cards"}, "cards/sun": {"cards"}, "cards/sun/suntest": {"cards/sun"}, "audit": nil, "static": nil, "emergency/section": nil, "emergency/vault": nil, "emergency/passkey": nil,
		"audit/audittest": {"audit"}, "audit/auditevent": {"audit"}, "emergency/terms": leaves, "emergency/rules": leaves, "emergency/passkey/passkeytest": {"emergency/passkey"}, "emergency/emergencytest/longlog": {"audit", "emergency", "emergency/datadir"},
		"emergency/consent":             {"emergency/rules", "emergency/section"},
		"emergency/summary":             append([]string{"emergency/terms"}, leaves...),
		"emergency/locale":              {"static"},
		"emergency":                     domain,
		"emergency/storage":             {"emergency", "emergency/storage/migrations", "audit", "cards", "emergency/section"},
		"emergency/storage/migrations":  nil,
		"emergency/storage/floor":       nil,
		"emergency/bench":               append([]string{"emergency", "emergency/storage", "emergency/storage/floor", "emergency/datadir", "emergency/emergencytest", "emergency/locale", "emergency/web", "static"}, domain...),
		"emergency/storage/storagetest": {"emergency", "emergency/storage", "audit", "audit/audittest", "cards", "emergency/section"},
		"emergency/carrier":             append([]string{"emergency", "emergency/locale", "emergency/verify"}, domain...),
		"emergency/verify":              {"cards", "cards/shc", "cards/shl", "cards/sun", "emergency/summary"},
		"emergency/print":               {"cards", "emergency", "emergency/carrier"},
		"emergency/web":                 append([]string{"emergency", "emergency/carrier", "emergency/locale", "static"}, domain...),
		"emergency/datadir":             append([]string{"emergency", "emergency/storage"}, domain...),
		"emergency/notify":              {"emergency", "emergency/locale"},
		"emergency/witness":             {"audit"},
		"emergency/faults":              nil, // tests alone
		"emergency/emergencytest":       append([]string{"emergency", "emergency/datadir", "emergency/passkey/passkeytest"}, domain...),
	}
	for _, p := range house(t) {
		room := strings.TrimPrefix(p.ImportPath, module)
		if strings.HasPrefix(room, "cmd/") {
			continue // wires everything
		}
		allowed, known := may[room]
		if !known {
			t.Errorf("%s is a room that the house does not know", room)
		}
		for _, imported := range p.Imports {
			inside, ours := strings.CutPrefix(imported, module)
			if ours && !slices.Contains(allowed, inside) {
				t.Errorf("%s imports %s", room, inside)
			}
		}
	}
}

// TestOnePlaceForEachThing holds that a foreign package or a capability enters the house by one door.
func TestOnePlaceForEachThing(t *testing.T) {
	only := map[string][]string{
		"database/sql":                             {"emergency/storage", "emergency/storage/storagetest", "emergency/storage/floor"},
		"github.com/mattn/go-sqlite3":              {"emergency/storage", "emergency/storage/floor"},
		"net/http":                                 {"emergency/web", "emergency/bench", "emergency/notify", "emergency/witness", "cmd/locket"},
		"github.com/wneessen/go-mail":              {"emergency/notify"},
		"github.com/gorilla/mux":                   {"emergency/web"},
		"github.com/ulule/limiter/v3":              {"emergency/web"},
		"github.com/go-webauthn/webauthn/webauthn": {"emergency/passkey"},
		"rsc.io/qr/coding":                         {"cards"},
		"github.com/veraison/go-cose":              {"cards"},
		"math/rand":                                nil,
		"math/rand/v2":                             {"emergency/bench", "emergency/print"}, // spread the load, and the damage, of benchmarks
	}
	for _, p := range house(t) {
		room := strings.TrimPrefix(p.ImportPath, module)
		for _, imported := range p.Imports {
			if rooms, guarded := only[imported]; guarded && !slices.Contains(rooms, room) {
				t.Errorf("%s imports %s, which belongs in %v", room, imported, rooms)
			}
		}
	}
}
