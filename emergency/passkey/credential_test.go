package passkey_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/locket-health/locket/emergency/passkey"
	"github.com/locket-health/locket/emergency/passkey/passkeytest"
)

func TestCredentialIsStoredWhole(t *testing.T) {
	rp, _ := newParty(t)
	device := passkeytest.Synced(origin)
	device.Flags |= 0x20 // reserved for future use: kept as it came
	device.Output = map[string]any{"credProps": map[string]any{"rk": true}, "prf": map[string]any{"enabled": true}}
	user := signUp(t, rp, device)
	stored, err := user.Credentials[0].MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var got passkey.Credential
	if err := got.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	again, err := got.MarshalBinary()
	if err != nil || !bytes.Equal(stored, again) {
		t.Errorf("stored again it differs: %x and %x, %v", stored, again, err)
	}
	everything := cmp.Exporter(func(reflect.Type) bool { return true })
	if diff := cmp.Diff(user.Credentials[0], got, everything, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("read back (+) it lost something (-):\n%s", diff)
	}
	if !got.BackedUp() || got.Cloned() || !cmp.Equal(got.Transports(), []string{"internal"}) {
		t.Errorf("read back: backed up %v, cloned %v, transports %v", got.BackedUp(), got.Cloned(), got.Transports())
	}

	// What was read back signs in and approves: backup flags that got lost would be taken for a change.
	user.Credentials = []passkey.Credential{got}
	options, state := beginSignIn(t, rp)
	if _, err := rp.FinishSignIn(state, get(t, device, options), finder(user)); err != nil {
		t.Errorf("sign-in with a stored passkey: %v", err)
	}
}

func TestStoredCredentialOfUnknownForm(t *testing.T) {
	rp, _ := newParty(t)
	user := signUp(t, rp, passkeytest.New(origin))
	sound, err := user.Credentials[0].MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"nothing":          nil,
		"cut off":          sound[:len(sound)-1],
		"followed by more": append(bytes.Clone(sound), 0),
		"an empty map":     {0xa0},
		"another version":  bytes.Replace(sound, []byte{0x00, 0x01}, []byte{0x00, 0x02}, 1),
		"text":             []byte(`{"id":"x"}`),
	} {
		t.Run(name, func(t *testing.T) {
			var c passkey.Credential
			if err := c.UnmarshalBinary(data); err == nil {
				t.Error("accepted")
			}
		})
	}
}
