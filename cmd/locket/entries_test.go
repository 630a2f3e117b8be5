package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// unlogged are the commands that make no entry, and why none is needed.
var unlogged = map[string]string{
	"demo": "makes a house of its own and forgets it", "serve": "whatever it does is an entry of who asked for it",
	"keys init": "begins an empty log", "keys show": "prints what is public", "verify": "needs no house", "trust list": "prints what is public",
	"org list": "reads no patient", "abuse": "reads no patient", "notices": "reads no patient", "audit verify": "reads no patient", "audit fsck": "reads no patient",
	"audit witness": "reads no patient", "bench": "makes a house of its own and forgets it", "bench print": "needs no house", "bench audit": "makes a house of its own and forgets it", "healthcheck": "reads no patient",
	"version": "needs no house",
}

// elsewhere are the commands that make entries in a test of their own.
var elsewhere = map[string]string{
	"audit erase": "TestScripts/erase", "audit prove": "TestScripts/erase", "audit prune": "TestScripts/erase", "notices retry": "TestScripts/notices", "restore": "TestScripts/backup",
}

// Issue 5, item 1: every command of an operator is an entry, or said to need none; one that can end half-way is two. They run here one after the other on one
// house.
func TestEveryCommandIsAnEntry(t *testing.T) {
	t.Parallel()
	work := t.TempDir()
	data, ran := filepath.Join(work, "data"), map[string]bool{}
	say := func(args ...string) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		env := environment{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" }}
		if code := run(t.Context(), args, env); code != exitOK {
			t.Fatalf("locket %s: exit %d: %s", strings.Join(args, " "), code, stderr.String())
		}
		return stdout.String()
	}
	// logged runs a command, whose name ends before its first flag, and looks for what it says it did.
	logged := func(want []audit.Type, args ...string) string {
		t.Helper()
		flag := slices.IndexFunc(args, func(s string) bool { return strings.HasPrefix(s, "-") })
		ran[strings.Join(args[:flag], " ")] = true
		before := len(typesIn(t, data))
		said := say(args...)
		made := typesIn(t, data)[before:]
		if !slices.Equal(made, want) {
			t.Errorf("locket %s makes the entries %v, want %v", strings.Join(args, " "), made, want)
		}
		return said
	}
	say("keys", "init", "--data", data)
	bundle := filepath.Join(work, "adult.json")
	if err := os.WriteFile(bundle, emergencytest.Load("adult").Bundle, 0o600); err != nil {
		t.Fatal(err)
	}
	logged([]audit.Type{audit.PatientCreated, audit.RecordImported, audit.CardIssued}, "issue", "--data", data, "--in", bundle, "--out", filepath.Join(work, "card"))
	var card struct{ ID, Patient string }
	text, err := os.ReadFile(filepath.Join(work, "card", "card.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &card); err != nil {
		t.Fatal(err)
	}
	logged([]audit.Type{audit.DataExported}, "export", "--data", data, "--patient", card.Patient, "--out", filepath.Join(work, "ips.json"))
	logged([]audit.Type{audit.DataExported}, "history", "--data", data, "--patient", card.Patient)
	logged([]audit.Type{audit.CardRevoked}, "revoke", "--data", data, "--patient", card.Patient, "--card", card.ID)
	logged([]audit.Type{audit.PatientDeleted}, "delete", "--data", data, "--patient", card.Patient, "--yes")

	made := logged([]audit.Type{audit.OrganizationMade, audit.MemberInvited}, "org", "invite", "--data", data, "--name", "Ambulance North", "--kind", "ems")
	organization := regexp.MustCompile(`Made (\S+)\.`).FindStringSubmatch(made)
	if organization == nil {
		t.Fatalf("no organization in %q", made)
	}
	logged([]audit.Type{audit.MemberInvited}, "org", "invite-admin", "--data", data, "--", organization[1])
	logged([]audit.Type{audit.OrganizationSuspended}, "org", "suspend", "--data", data, "--", organization[1])
	logged([]audit.Type{audit.OrganizationRestored}, "org", "restore", "--data", data, "--", organization[1])
	logged([]audit.Type{audit.OrganizationMade, audit.MemberInvited}, "officer", "invite", "--data", data, "--name", "Olu Example")

	foreign := newKey(t, "clinic.example")
	set, err := cards.NewKeySet(foreign.Key())
	if err != nil {
		t.Fatal(err)
	}
	jwks, err := set.MarshalJWKS()
	if err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(work, "jwks.json")
	if err := os.WriteFile(keys, jwks, 0o600); err != nil {
		t.Fatal(err)
	}
	thumbprint, err := cards.Thumbprint(foreign.Key().Public)
	if err != nil {
		t.Fatal(err)
	}
	logged([]audit.Type{audit.IssuerTrusted}, "trust", "add", "--data", data, "--fingerprint", base64.RawURLEncoding.EncodeToString(thumbprint[:]), "--in", keys, "https://clinic.example")
	logged([]audit.Type{audit.IssuerRemoved}, "trust", "remove", "--data", data, "clinic.example")

	logged([]audit.Type{audit.KeyMade, audit.KeyMade}, "keys", "rotate", "--data", data)
	logged([]audit.Type{audit.KeyPromoted, audit.KeyRetired, audit.KeyPromoted}, "keys", "rotate", "--data", data, "--now")
	own, err := datadir.OwnKeys(t.Context(), data, "")
	if err != nil {
		t.Fatal(err)
	}
	if thumbprint, err = cards.Thumbprint(own[1].Public); err != nil {
		t.Fatal(err)
	}
	logged([]audit.Type{audit.KeyWithdrawn, audit.KeyWithdrawn}, "keys", "withdraw", "--data", data, "--key", base64.RawURLEncoding.EncodeToString(thumbprint[:]), "--since", time.Now().Format(time.DateOnly))
	logged([]audit.Type{audit.DataExported, audit.DataExported}, "audit", "export", "--data", data, "--out", filepath.Join(work, "log.zip"))
	logged([]audit.Type{audit.KeyMade}, "keys", "rotate-log", "--data", data)
	logged([]audit.Type{audit.BackupMade, audit.BackupMade}, "backup", "--data", data, "--out", filepath.Join(work, "backup"))

	say("audit", "epoch", "--data", data, "--reason", "a drill")
	ran["audit epoch"] = true
	if made := typesIn(t, data); !slices.Equal(made, []audit.Type{audit.LogEpoch}) {
		t.Errorf("a new epoch begins with %v", made)
	}

	for _, c := range commands() {
		if lists := btoi(ran[c.name]) + btoi(unlogged[c.name] != "") + btoi(elsewhere[c.name] != ""); lists != 1 {
			t.Errorf("locket %s: say in one of these lists which entry it makes, where, or why it makes none", c.name)
		}
	}
}

func btoi(is bool) int {
	if is {
		return 1
	}
	return 0
}

// typesIn are the types of all entries of a house, in order.
func typesIn(t *testing.T, data string) (types []audit.Type) {
	t.Helper()
	store, _, err := datadir.OpenReadOnly(t.Context(), data, "")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	state, err := store.LogState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	entries, err := store.Entries(t.Context(), 0, state.Size)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		types = append(types, entry.Type)
	}
	return types
}
