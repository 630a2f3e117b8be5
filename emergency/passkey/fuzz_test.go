package passkey_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/locket-health/locket/emergency/passkey"
	"github.com/locket-health/locket/emergency/passkey/passkeytest"
)

// FuzzFinish posts anything to every ceremony: nothing may panic, and nothing that was not signed for this challenge may pass.
func FuzzFinish(f *testing.F) {
	rp, _ := newParty(f)
	device := passkeytest.New(origin)
	user := signUp(f, rp, device)
	user.Credentials = append(user.Credentials, signUp(f, rp, passkeytest.Synced(origin)).Credentials...)
	options, _, err := rp.BeginRegistration(passkey.User{Handle: user.Handle, Name: user.Name})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(create(f, passkeytest.New(origin), options), []byte(`{"v":1}`))
	options, state := beginSignIn(f, rp)
	f.Add(get(f, device, options), state)
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{}}`), []byte(`{}`))
	f.Add([]byte(nil), []byte(nil))

	// States of their own, so that no seed is an answer to them.
	_, registering, err := rp.BeginRegistration(user)
	if err != nil {
		f.Fatal(err)
	}
	_, signing := beginSignIn(f, rp)
	_, approving, err := rp.BeginApproval(user, action)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, response, forged []byte) {
		if _, err := rp.FinishRegistration(user, registering, response); err == nil {
			t.Error("registered")
		}
		if _, err := rp.FinishSignIn(signing, response, finder(user)); err == nil {
			t.Error("signed in")
		}
		if _, _, err := rp.FinishApproval(user, approving, action, response); err == nil {
			t.Error("approved")
		}
		// A state is sealed by its keeper; one that is not must at least not panic.
		_, _ = rp.FinishRegistration(user, forged, response)
		_, _ = rp.FinishSignIn(forged, response, finder(user))
		_, _, _ = rp.FinishApproval(user, forged, action, response)
	})
}

// FuzzVerifyApproval feeds approvals that were made up.
func FuzzVerifyApproval(f *testing.F) {
	sound, _ := ed25519Approval(f, 1)
	text, err := json.Marshal(sound)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"client_data_json":"e30=","rp_id":"card.example.org"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var a passkey.Approval
		if json.Unmarshal(text, &a) != nil {
			return
		}
		err := passkey.VerifyApproval(a, action, rpID, []string{origin})
		if err == nil && !(bytes.Equal(a.PublicKey, sound.PublicKey) && bytes.Equal(a.ClientDataJSON, sound.ClientDataJSON)) {
			t.Errorf("an approval that nobody gave was accepted: %s", text)
		}
	})
}

// FuzzCredential reads stored credentials: what is read is written again as the same bytes, or was never ours.
func FuzzCredential(f *testing.F) {
	rp, _ := newParty(f)
	stored, err := signUp(f, rp, passkeytest.New(origin)).Credentials[0].MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(stored)
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second passkey.Credential
		if first.UnmarshalBinary(data) != nil {
			return
		}
		written, err := first.MarshalBinary()
		if err != nil {
			t.Fatalf("read but not written: %v", err)
		}
		if err := second.UnmarshalBinary(written); err != nil {
			t.Fatalf("written but not read: %v", err)
		}
		again, err := second.MarshalBinary()
		if err != nil || !bytes.Equal(written, again) {
			t.Errorf("not stable: %x and %x, %v", written, again, err)
		}
	})
}

// FuzzFinishHardware posts anything as a security key: nothing may panic, and nothing that its maker has not signed for this challenge may pass.
func FuzzFinishHardware(f *testing.F) {
	_, sound, _, rp := factory(f)
	user := passkey.User{Handle: []byte("handle-of-nobody-in-particular"), Name: "Noor Example"}
	options, seen, err := rp.BeginHardware(user)
	if err != nil {
		f.Fatal(err)
	}
	device := passkeytest.New(origin)
	device.Model = sound
	f.Add(create(f, device, options), seen)
	f.Add(create(f, passkeytest.New(origin), options), []byte(`{"v":1,"purpose":"hardware"}`))
	_, waiting, err := rp.BeginHardware(user)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, response, forged []byte) {
		if credential, err := rp.FinishHardware(user, waiting, response); err == nil || credential.Hardware() {
			t.Error("registered")
		}
		_, _ = rp.FinishHardware(user, forged, response)
	})
}
