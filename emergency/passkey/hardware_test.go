package passkey_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/locket-health/locket/emergency/passkey"
	"github.com/locket-health/locket/emergency/passkey/passkeytest"
)

// factory is a manufacturer of security keys with a sound model, and a relying party that has read its list.
func factory(t testing.TB) (*passkeytest.Manufacturer, *passkeytest.Model, *passkeytest.Model, *passkey.RelyingParty) {
	t.Helper()
	maker, err := passkeytest.NewManufacturer()
	if err != nil {
		t.Fatal(err)
	}
	sound, err := maker.Make("FIDO_CERTIFIED")
	if err != nil {
		t.Fatal(err)
	}
	warned, err := maker.Make("ATTESTATION_KEY_COMPROMISE")
	if err != nil {
		t.Fatal(err)
	}
	blob, root, err := maker.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	rp, err := passkey.New(passkey.Config{RPID: rpID, Name: "Locket", Origins: []string{origin}, Metadata: blob, MetadataRoot: root})
	if err != nil {
		t.Fatal(err)
	}
	return maker, sound, warned, rp
}

// TestOnlyAProvedSecurityKeyIsHardware closes the holes that a list of models alone leaves open: each row lies in one thing.
func TestOnlyAProvedSecurityKeyIsHardware(t *testing.T) {
	_, sound, warned, rp := factory(t)
	elsewhere, err := passkeytest.NewManufacturer()
	if err != nil {
		t.Fatal(err)
	}
	unlisted, err := elsewhere.Make("FIDO_CERTIFIED")
	if err != nil {
		t.Fatal(err)
	}
	const verified = passkeytest.UserPresent | passkeytest.UserVerified
	for name, c := range map[string]struct {
		model *passkeytest.Model
		flags byte
		want  error
	}{
		"a key of a listed model":                       {sound, verified, nil},
		"no attestation, no model":                      {nil, verified, passkey.ErrProof},
		"no attestation, a listed model made up":        {&passkeytest.Model{AAGUID: sound.AAGUID, Format: "none"}, verified, passkey.ErrProof},
		"attested by itself, a listed model made up":    {&passkeytest.Model{AAGUID: sound.AAGUID, Format: "packed"}, verified, passkey.ErrProof},
		"attested by itself, no model":                  {&passkeytest.Model{Format: "packed"}, verified, passkey.ErrProof},
		"a certificate of nobody, a listed model":       {&passkeytest.Model{AAGUID: sound.AAGUID, Format: "packed", Chain: unlisted.Chain, Key: unlisted.Key}, verified, passkey.ErrProof},
		"a true certificate, the key of another":        {&passkeytest.Model{AAGUID: sound.AAGUID, Format: "packed", Chain: sound.Chain, Key: unlisted.Key}, verified, passkey.ErrProof},
		"a true certificate, no model":                  {&passkeytest.Model{Format: "packed", Chain: sound.Chain, Key: sound.Key}, verified, passkey.ErrProof},
		"a model that is not listed":                    {unlisted, verified, passkey.ErrProof},
		"a model whose key is in other hands":           {warned, verified, passkey.ErrProof},
		"a listed model, copied to other devices":       {sound, verified | passkeytest.BackupEligible | passkeytest.BackupState, passkey.ErrProof},
		"a listed model that may be copied":             {sound, verified | passkeytest.BackupEligible, passkey.ErrProof},
		"a listed model that says it is copied and not": {sound, verified | passkeytest.BackupState, passkey.ErrProof},
		"a listed model that did not look who holds it": {sound, passkeytest.UserPresent, passkey.ErrProof},
		"a listed model that nobody has touched":        {sound, passkeytest.UserVerified, passkey.ErrProof},
	} {
		t.Run(name, func(t *testing.T) {
			user := passkey.User{Handle: []byte("handle-of-nobody-in-particular"), Name: "Noor Example"}
			options, state, err := rp.BeginHardware(user)
			if err != nil {
				t.Fatal(err)
			}
			device := passkeytest.New(origin)
			device.Model, device.Flags = c.model, c.flags
			credential, err := rp.FinishHardware(user, state, create(t, device, options))
			if !errors.Is(err, c.want) || credential.Hardware() != (c.want == nil) {
				t.Errorf("got %v, hardware %v, want %v", err, credential.Hardware(), c.want)
			}
		})
	}
}

// TestHardwareIsNotClaimed: a passkey that was made without the proof is none, whatever it says, and one with it stays one.
func TestHardwareIsNotClaimed(t *testing.T) {
	_, sound, _, rp := factory(t)
	device := passkeytest.New(origin)
	device.Model = sound
	if user := signUp(t, rp, device); user.Credentials[0].Hardware() {
		t.Error("an ordinary registration counts as proved")
	}
	user := passkey.User{Handle: []byte("handle-of-nobody-in-particular"), Name: "Noor Example"}
	options, state, err := rp.BeginHardware(user)
	if err != nil {
		t.Fatal(err)
	}
	response := create(t, device, options)
	if _, err := rp.FinishRegistration(user, state, response); !errors.Is(err, passkey.ErrCeremony) {
		t.Errorf("the ceremony of a security key makes an ordinary passkey: %v", err)
	}
	credential, err := rp.FinishHardware(user, state, response)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := credential.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var read passkey.Credential
	if err := read.UnmarshalBinary(stored); err != nil || !read.Hardware() {
		t.Errorf("stored and read it is hardware: %v (%v)", read.Hardware(), err)
	}
	user.Credentials = []passkey.Credential{read}
	options, state = beginSignIn(t, rp)
	assertion, err := rp.FinishSignIn(state, get(t, device, options), finder(user))
	if err != nil || !assertion.Credential.Hardware() {
		t.Errorf("after a sign-in it is hardware: %v (%v)", assertion.Credential.Hardware(), err)
	}
	action := []byte(`{}`)
	options, state, err = rp.BeginApproval(user, action)
	if err != nil {
		t.Fatal(err)
	}
	if _, after, err := rp.FinishApproval(user, state, action, get(t, device, options)); err != nil || !after.Hardware() {
		t.Errorf("after an approval it is hardware: %v (%v)", after.Hardware(), err)
	}
}

// TestHardwareAsksForASecurityKey: what the browser is told.
func TestHardwareAsksForASecurityKey(t *testing.T) {
	_, _, _, rp := factory(t)
	options, _, err := rp.BeginHardware(passkey.User{Handle: []byte("handle"), Name: "Noor"})
	if err != nil {
		t.Fatal(err)
	}
	var o struct {
		PublicKey struct {
			Attestation            string
			Hints                  []string
			AuthenticatorSelection struct{ AuthenticatorAttachment, ResidentKey, UserVerification string }
		}
	}
	if err := json.Unmarshal(options, &o); err != nil {
		t.Fatal(err)
	}
	asked := o.PublicKey
	if asked.Attestation != "direct" || len(asked.Hints) != 1 || asked.Hints[0] != "security-key" || asked.AuthenticatorSelection.AuthenticatorAttachment != "cross-platform" ||
		asked.AuthenticatorSelection.UserVerification != "required" || asked.AuthenticatorSelection.ResidentKey != "required" {
		t.Errorf("the browser is asked for %+v", asked)
	}
}

// TestMetadataIsThatOfTheAlliance: a list that somebody else has signed is none, and without one no security key is taken.
func TestMetadataIsThatOfTheAlliance(t *testing.T) {
	maker, _, _, _ := factory(t)
	blob, _, err := maker.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	config := passkey.Config{RPID: rpID, Name: "Locket", Origins: []string{origin}, Metadata: blob}
	if _, err := passkey.New(config); !errors.Is(err, passkey.ErrMetadata) {
		t.Errorf("a list that a stranger has signed: %v", err)
	}
	config.Metadata = []byte("rubbish")
	if _, err := passkey.New(config); !errors.Is(err, passkey.ErrMetadata) {
		t.Errorf("rubbish: %v", err)
	}
	rp, _ := newParty(t)
	if _, _, err := rp.BeginHardware(passkey.User{Handle: []byte("handle"), Name: "Noor"}); !errors.Is(err, passkey.ErrNoMetadata) {
		t.Errorf("without a list: %v", err)
	}
	if _, err := rp.FinishHardware(passkey.User{}, nil, nil); !errors.Is(err, passkey.ErrNoMetadata) {
		t.Errorf("without a list: %v", err)
	}
}
