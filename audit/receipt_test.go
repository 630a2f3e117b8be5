package audit_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

// receipts are the receipts of one patient of a published log, the first of an erased entry.
func receipts(t testing.TB, l *audit.Log, s *audittest.Memory) [][]byte {
	t.Helper()
	s.Tamper(func(c *audittest.Contents) { c.Entries[1].Sealed, c.Entries[1].ErasedAt = nil, audittest.Epoch() })
	history, err := l.History(t.Context(), "patient-1", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var texts [][]byte
	for _, proved := range history {
		text, err := proved.Receipt()
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	return texts
}

func TestAReceiptStandsByItself(t *testing.T) {
	s, l := published(t, 14)
	for i, text := range receipts(t, l, s) {
		r, err := audit.VerifyReceipt(l.Verifier(), text)
		if err != nil {
			t.Fatalf("receipt %d: %v", i, err)
		}
		// Foreign verifiers see a proof like any other.
		if err := audit.VerifyProof(l.Verifier(), r.Entry, r.Proof); err != nil {
			t.Errorf("receipt %d as a proof: %v", i, err)
		}
		if i == 0 {
			if r.Raw != nil || r.Payload.Type != "" {
				t.Errorf("an erased entry says %q", r.Raw)
			}
			continue
		}
		want := audittest.Event(6*i + 1)
		if r.Payload.Grant != want.Grant || r.Payload.ReasonText != want.ReasonText || r.Payload.Seq != uint64(i+1) {
			t.Errorf("receipt %d says %+v", i, r.Payload)
		}
		other := verifier(t, vkeyOf(t, audittest.Origin, rfc8032(t)))
		if _, err := audit.VerifyReceipt(other, text); !errors.Is(err, audit.ErrCheckpoint) {
			t.Errorf("by another key: %v", err)
		}
	}
}

// Whatever single bit of a receipt is changed, it no longer verifies, or says the same in another spelling of its JSON.
func TestEveryFlippedBitOfAReceiptIsFound(t *testing.T) {
	s, l := published(t, 14)
	text := receipts(t, l, s)[1]
	want, err := audit.VerifyReceipt(l.Verifier(), text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		for bit := range 8 {
			flipped := bytes.Clone(text)
			flipped[i] ^= 1 << bit
			if got, err := audit.VerifyReceipt(l.Verifier(), flipped); err == nil && !bytes.Equal(got.Raw, want.Raw) {
				t.Errorf("bit %d of byte %d is changed, and the receipt says %s", bit, i, got.Raw)
			}
		}
	}
}

func TestParseReceiptRefuses(t *testing.T) {
	s, l := published(t, 14)
	text := string(receipts(t, l, s)[1])
	before, after, _ := strings.Cut(text, "extra ")
	_, after, _ = strings.Cut(after, "\n")
	carrying := func(extra string) string {
		return before + "extra " + base64.StdEncoding.EncodeToString([]byte(extra)) + "\n" + after
	}
	r, err := audit.ParseReceipt([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	salt, entry := base64.RawURLEncoding.EncodeToString(r.Salt[:]), base64.RawURLEncoding.EncodeToString(r.Entry[:])
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"nothing", "", audit.ErrProof},
		{"a proof without its entry", before + after, audit.ErrReceipt},
		{"an extra line that is no JSON", carrying("{"), audit.ErrReceipt},
		{"an extra line that is no UTF-8", carrying("{\"salt\":\"\xff\"}"), audit.ErrReceipt},
		{"no salt", carrying(`{"payload":"{}"}`), audit.ErrReceipt},
		{"a short salt", carrying(`{"salt":"AAAA","payload":"{}"}`), audit.ErrReceipt},
		{"a salt in another base64", carrying(fmt.Sprintf(`{"salt":"%s=","payload":"{}"}`, salt)), audit.ErrReceipt},
		{"a payload that is none", carrying(fmt.Sprintf(`{"salt":"%s","payload":"{}"}`, salt)), audit.ErrPayload},
		{"an entry of another version", carrying(`{"entry":"` + strings.Repeat("A", 64) + `"}`), audit.ErrReceipt},
		{"an entry and a salt", carrying(fmt.Sprintf(`{"entry":"%s","salt":"%s"}`, entry, salt)), audit.ErrReceipt},
	} {
		if _, err := audit.ParseReceipt([]byte(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := audit.ParseReceipt([]byte(carrying(fmt.Sprintf(`{"entry":"%s","more":[1]}`, entry)))); err != nil {
		t.Errorf("members of a later version: %v", err)
	}
	if _, err := (audit.Proved{}).Receipt(); !errors.Is(err, audit.ErrNotFound) {
		t.Errorf("a receipt of what no checkpoint covers: %v", err)
	}
}

func FuzzParseReceipt(f *testing.F) {
	s, l := published(f, 14)
	for _, text := range receipts(f, l, s) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := audit.ParseReceipt(text)
		if err != nil {
			return
		}
		if r.Raw != nil && audit.Commit(r.Salt, r.Raw) != r.Entry {
			t.Error("the entry is not that of the payload")
		}
		again, err := audit.Proved{Entry: audit.Entry{Leaf: r.Entry}, Salt: r.Salt, Raw: r.Raw, Proof: &r.Proof}.Receipt()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := audit.ParseReceipt(again); err != nil || back.Entry != r.Entry || !bytes.Equal(back.Raw, r.Raw) {
			t.Errorf("written again it is another: %v", err)
		}
	})
}
