package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shc"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/verify"
)

// house issues a fixture on a carrier and returns what its readers are given.
type house struct {
	*emergencytest.App
	t testing.TB
}

func (h house) issue(carrier string) emergency.Issued {
	h.t.Helper()
	issued, _, err := h.Service.IssueFromDocument(context.Background(), emergency.Caller{Operator: true}, emergencytest.Load("adult").Bundle, "adult.json",
		emergency.CardChoices{Carrier: carrier})
	if err != nil {
		h.t.Fatal(err)
	}
	return issued
}

func (h house) verifier() verify.Verifier {
	h.t.Helper()
	keys, err := h.Service.TrustedKeys(context.Background())
	if err != nil {
		h.t.Fatal(err)
	}
	return verify.Verifier{Keys: keys}
}

// held are the things that people hold of cards, by what they are.
func held(t testing.TB, h house) map[string][]byte {
	t.Helper()
	must := func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	wallet, tag216, tag424, health, link, bracelet := h.issue(emergency.CarrierWallet), h.issue(emergency.CarrierNTAG216), h.issue(emergency.CarrierNTAG424),
		h.issue(emergency.CarrierSHC), h.issue(emergency.CarrierSHL), h.issue(emergency.CarrierBracelet)
	code, err := wallet.Code()
	if err != nil {
		t.Fatal(err)
	}
	numeric, err := shc.Numeric(health.Health.Code)
	if err != nil {
		t.Fatal(err)
	}
	message := tag216.Address.Message()
	var image []byte
	for _, tag := range cards.Tags() {
		if tag.Name == "NTAG216" {
			image = must(tag.Image(message))
		}
	}
	now := h.Clock.Now()
	badge, err := h.Service.Signer.SignBadge(cards.Badge{Issuer: h.Service.Issuer(), Organization: "north", OrganizationName: "Ambulance North", Kind: "ems", Name: "Kim Medic",
		IssuedAt: now, ExpiresAt: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	contact := cards.VCard{Name: "Imogen", Notes: []string{"Warfarin"}}
	return map[string][]byte{
		"address":              []byte(wallet.Address.URL() + "\n"),
		"address for tags":     []byte(wallet.Address.NFCURL()),
		"picture":              must(code.PNG(6)),
		"NDEF message":         must(message.Encode()),
		"memory of a tag":      image,
		"health card":          []byte(health.Health.File),
		"code of it":           []byte(numeric),
		"file of it":           must(shc.MarshalFile(health.Health.File)),
		"health link":          []byte(link.Link.URI),
		"link through viewer":  []byte("https://viewer.example/#" + link.Link.URI),
		"short address":        []byte(bracelet.ShortAddress().URL()),
		"file of a Type 4 tag": tag424.Tag.Template.File(),
		"contact":              []byte(contact.Text()),
		"badge":                []byte(cards.BadgeAddress(emergencytest.URL, badge)),
		"badge alone":          []byte(badge),
	}
}

func TestWhateverPeopleHoldIsChecked(t *testing.T) {
	h := house{emergencytest.NewApp(t), t}
	want := map[string]struct {
		kind   verify.Kind
		status cards.Status
	}{
		"address":              {verify.KindCard, cards.StatusVerified},
		"address for tags":     {verify.KindCard, cards.StatusVerified},
		"picture":              {verify.KindCard, cards.StatusVerified},
		"NDEF message":         {verify.KindCard, cards.StatusVerified},
		"memory of a tag":      {verify.KindCard, cards.StatusVerified},
		"health card":          {verify.KindHealthCard, cards.StatusVerified},
		"code of it":           {verify.KindHealthCard, cards.StatusVerified},
		"file of it":           {verify.KindHealthCard, cards.StatusVerified},
		"health link":          {verify.KindHealthLink, cards.StatusVerified},
		"link through viewer":  {verify.KindHealthLink, cards.StatusVerified},
		"short address":        {verify.KindShortAddress, cards.StatusElsewhere},
		"file of a Type 4 tag": {verify.KindShortAddress, cards.StatusElsewhere},
		"contact":              {verify.KindContact, cards.StatusUnsigned},
		"badge":                {verify.KindBadge, cards.StatusVerified},
		"badge alone":          {verify.KindBadge, cards.StatusVerified},
	}
	verifier := h.verifier()
	things := held(t, h)
	if len(things) != len(want) {
		t.Fatalf("%d things, %d expectations", len(things), len(want))
	}
	for name, content := range things {
		t.Run(name, func(t *testing.T) {
			result := verifier.Check(content, h.Clock.Now())
			if result.Kind != want[name].kind || result.Status != want[name].status {
				t.Errorf("got %s, %s (%s), want %+v", result.Kind, result.Status, result.Reason, want[name])
			}
			stranger := verify.Verifier{}.Check(content, h.Clock.Now())
			if stranger.Status == cards.StatusVerified {
				t.Error("verified by somebody who trusts nobody")
			}
			if want[name].status == cards.StatusVerified {
				if later := verifier.Check(content, h.Clock.Now().AddDate(50, 0, 0)); later.Status != cards.StatusExpired {
					t.Errorf("after fifty years it is %s", later.Status)
				}
			}
		})
	}
}

func TestAShortAddressLeadsToItsCardAtHome(t *testing.T) {
	h := house{emergencytest.NewApp(t), t}
	issued := h.issue(emergency.CarrierBracelet)
	verifier := h.verifier()
	verifier.Find = func(short cards.ShortAddress) (cards.Address, error) {
		text, err := h.Service.FindByShortCode(context.Background(), emergency.Caller{Operator: true}, string(short.Code))
		if err != nil {
			return cards.Address{}, err
		}
		return cards.ParseAddress(text)
	}
	result := verifier.Check([]byte(issued.ShortAddress().URL()), h.Clock.Now())
	if result.Status != cards.StatusVerified || result.ID != issued.ID.String() {
		t.Errorf("got %s (%s), card %s", result.Status, result.Reason, result.ID)
	}
	wrong := cards.ShortAddress{Base: issued.Address.Base, Code: "222222222222"}
	if result := verifier.Check([]byte(wrong.URL()), h.Clock.Now()); result.Status != cards.StatusElsewhere || result.Reason == "" {
		t.Errorf("a wrong code: %s (%s)", result.Status, result.Reason)
	}
}

// TestListsAreBelievedOnlyWhenTheyHold assembles a verifier of files, good and bad.
func TestListsAreBelievedOnlyWhenTheyHold(t *testing.T) {
	h := house{emergencytest.NewApp(t), t}
	ctx := context.Background()
	issued, kept := h.issue(emergency.CarrierWallet), h.issue(emergency.CarrierWallet)
	if err := h.Service.RevokeCard(ctx, emergency.Caller{Operator: true}, issued.Patient, issued.ID); err != nil {
		t.Fatal(err)
	}
	jwks, err := h.Service.JWKS(ctx)
	if err != nil {
		t.Fatal(err)
	}
	list, err := h.Service.TrustList(ctx)
	if err != nil {
		t.Fatal(err)
	}
	head, err := h.Service.RevocationHead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := h.Service.RevocationEntries(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	good := verify.Files{Keys: jwks, TrustList: []byte(list), Head: []byte(head), Entries: entries}
	verifier, lists, err := good.Assemble(h.Clock.Now())
	if err != nil || lists.Trust.Age != cards.AgeFresh || lists.Revocations.Age != cards.AgeFresh {
		t.Fatalf("%+v, %v", lists, err)
	}
	if result := verifier.Check([]byte(issued.Address.URL()), h.Clock.Now()); result.Status != cards.StatusRevoked {
		t.Errorf("the revoked card is %s", result.Status)
	}
	if result := verifier.Check([]byte(kept.Address.URL()), h.Clock.Now()); result.Status != cards.StatusVerified {
		t.Errorf("the other card is %s", result.Status)
	}
	if _, lists, err := good.Assemble(h.Clock.Now().Add(40 * 24 * time.Hour)); err != nil || lists.Trust.Age != cards.AgeTooOld || lists.Revocations.Age != cards.AgeTooOld {
		t.Errorf("after forty days: %+v, %v", lists, err)
	}
	// Between the two a third card was revoked: the head says nothing of it yet.
	another := cards.RevocationID(kept.ID)
	good.Entries = append(bytes.Clone(entries), another[:]...)
	if verifier, _, err = good.Assemble(h.Clock.Now()); err != nil {
		t.Fatalf("entries that came after the head: %v", err)
	}
	for _, test := range []struct {
		card emergency.Issued
		want cards.Status
	}{{issued, cards.StatusRevoked}, {kept, cards.StatusVerified}} {
		if result := verifier.Check([]byte(test.card.Address.URL()), h.Clock.Now()); result.Status != test.want {
			t.Errorf("with entries that came after the head a card is %s, want %s", result.Status, test.want)
		}
	}
	for name, bad := range map[string]verify.Files{
		"keys that are none":          {Keys: []byte("{}")},
		"a list that nobody vouches":  {TrustList: []byte(list)},
		"a list cut short":            {Keys: jwks, TrustList: []byte(list[:len(list)-4])},
		"a head in place of the list": {Keys: jwks, TrustList: []byte(head)},
		"a head without its entries":  {Keys: jwks, Head: []byte(head)},
		"half an entry":               {Keys: jwks, Head: []byte(head), Entries: entries[:4]},
		"another entry before it":     {Keys: jwks, Head: []byte(head), Entries: append(bytes.Repeat([]byte{1}, 8), entries...)},
		"another entry":               {Keys: jwks, Head: []byte(head), Entries: bytes.Repeat([]byte{1}, 8)},
		"a health list that is none":  {Keys: jwks, HealthList: []byte("[]")},
	} {
		if _, _, err := bad.Assemble(h.Clock.Now()); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestFilesAndNames(t *testing.T) {
	h := house{emergencytest.NewApp(t), t}
	issued := h.issue(emergency.CarrierWallet)
	dir := t.TempDir()
	path := filepath.Join(dir, "card.url")
	if err := os.WriteFile(path, []byte(issued.Address.URL()), 0o600); err != nil {
		t.Fatal(err)
	}
	verifier := h.verifier()
	for _, named := range []string{path, "-", issued.Address.URL()} {
		result := verifier.CheckNamed(named, strings.NewReader(issued.Address.URL()), h.Clock.Now())
		if result.Status != cards.StatusVerified {
			t.Errorf("%.20s: %s (%s)", named, result.Status, result.Reason)
		}
	}
	if result := verifier.CheckNamed(filepath.Join(dir, "nothing"), nil, h.Clock.Now()); result.Status != cards.StatusUnreadable {
		t.Errorf("a missing file: %s", result.Status)
	}
	if files, err := verify.ReadFiles(verify.Names{Keys: path}); err != nil || !cmp.Equal(files, verify.Files{Keys: []byte(issued.Address.URL())}) {
		t.Errorf("%+v, %v", files, err)
	}
	if _, err := verify.ReadFiles(verify.Names{Head: filepath.Join(dir, "nothing")}); err == nil {
		t.Error("a missing list is no error")
	}
}

// FuzzCheck: whatever it is given, a verifier answers in JSON and never says verified of what it cannot have verified.
func FuzzCheck(f *testing.F) {
	h := house{emergencytest.NewApp(f), f}
	for _, content := range held(f, h) {
		f.Add(content)
	}
	f.Add([]byte("https://locket.example@evil.example/c/AAAAAAAAAAAAAAAAAAAAAA#1"))
	f.Add([]byte("javascript:alert(1)"))
	f.Fuzz(func(t *testing.T, content []byte) {
		result := verify.Verifier{}.Check(content, time.Unix(1_800_000_000, 0))
		if result.Status == cards.StatusVerified {
			t.Error("verified without a key")
		}
		if _, err := json.Marshal(result); err != nil {
			t.Error(err)
		}
	})
}
