package passkey_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/emergency/passkey"
	"github.com/locket-health/locket/emergency/passkey/passkeytest"
)

const (
	rpID   = "card.example.org"
	origin = "https://card.example.org"
)

// clock is a time that tests move.
type clock struct{ now time.Time }

func (c *clock) read() time.Time { return c.now }

func newParty(t testing.TB) (*passkey.RelyingParty, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
	rp, err := passkey.New(passkey.Config{RPID: rpID, Name: "Locket", Origins: []string{origin}, Now: c.read})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return rp, c
}

// signUp makes a passkey for a new user.
func signUp(t testing.TB, rp *passkey.RelyingParty, device *passkeytest.Authenticator) passkey.User {
	t.Helper()
	user := passkey.User{Handle: []byte("handle-of-nobody-in-particular"), Name: "Noor Example"}
	options, state, err := rp.BeginRegistration(user)
	if err != nil {
		t.Fatalf("BeginRegistration: %v", err)
	}
	credential, err := rp.FinishRegistration(user, state, create(t, device, options))
	if err != nil {
		t.Fatalf("FinishRegistration: %v", err)
	}
	user.Credentials = []passkey.Credential{credential}
	return user
}

func create(t testing.TB, device *passkeytest.Authenticator, options []byte) []byte {
	t.Helper()
	response, err := device.Create(options)
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	return response
}

func get(t testing.TB, device *passkeytest.Authenticator, options []byte) []byte {
	t.Helper()
	response, err := device.Get(options)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return response
}

func finder(user passkey.User) func(credential, handle []byte) (passkey.User, error) {
	return func(_, handle []byte) (passkey.User, error) {
		if !bytes.Equal(handle, user.Handle) {
			return passkey.User{}, errNobody
		}
		return user, nil
	}
}

var errNobody = errors.New("nobody by that handle")

func beginSignIn(t testing.TB, rp *passkey.RelyingParty) (options, state []byte) {
	t.Helper()
	options, state, err := rp.BeginSignIn(false)
	if err != nil {
		t.Fatalf("BeginSignIn: %v", err)
	}
	return options, state
}

func TestNewRefusesAnUnsafeSite(t *testing.T) {
	for _, c := range []struct {
		name, rpID, origin string
		ok                 bool
	}{
		{"a domain", "card.example.org", "https://card.example.org", true},
		{"a host below the domain", "example.org", "https://card.example.org:8443", true},
		{"localhost without TLS", "localhost", "http://localhost:8080", true},
		{"a host below localhost", "localhost", "http://demo.localhost:8080", true},
		{"another domain", "example.org", "https://unrelated.test", false},
		{"a domain that only ends alike", "example.org", "https://badexample.org", false},
		{"a host above the domain", "card.example.org", "https://example.org", false},
		{"no TLS", "card.example.org", "http://card.example.org", false},
		{"a path", "card.example.org", "https://card.example.org/", false},
		{"a user", "card.example.org", "https://me@card.example.org", false},
		{"no scheme", "card.example.org", "card.example.org", false},
		{"no origin", "card.example.org", "", false},
		{"an address", "127.0.0.1", "http://127.0.0.1:8080", false},
		{"an address of version 6", "::1", "http://[::1]:8080", false},
		{"a domain with a port", "card.example.org:443", "https://card.example.org", false},
		{"a domain in capitals", "Card.example.org", "https://Card.example.org", false},
		{"no domain", "", "https://card.example.org", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := passkey.New(passkey.Config{RPID: c.rpID, Name: "Locket", Origins: []string{c.origin}})
			if got := err == nil; got != c.ok {
				t.Errorf("accepted: %v (%v), want %v", got, err, c.ok)
			}
		})
	}
	for name, config := range map[string]passkey.Config{
		"no name":    {RPID: rpID, Origins: []string{origin}},
		"no origins": {RPID: rpID, Name: "Locket"},
	} {
		if _, err := passkey.New(config); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestOptionsAskForWhatIsSafe(t *testing.T) {
	rp, _ := newParty(t)
	user := signUp(t, rp, passkeytest.New(origin))
	registration, _, err := rp.BeginRegistration(user)
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		PublicKey struct {
			AuthenticatorSelection struct {
				ResidentKey, UserVerification string
				RequireResidentKey            bool
			}
			PubKeyCredParams []struct{ Alg int }
			Timeout          int
			Attestation      string
		}
	}
	if err := json.Unmarshal(registration, &made); err != nil {
		t.Fatal(err)
	}
	selection := made.PublicKey.AuthenticatorSelection
	if selection.ResidentKey != "required" || !selection.RequireResidentKey || selection.UserVerification != "required" {
		t.Errorf("registration asks for %+v", selection)
	}
	if diff := cmp.Diff([]struct{ Alg int }{{-7}, {-8}, {-257}}, made.PublicKey.PubKeyCredParams); diff != "" {
		t.Errorf("algorithms (-want +got):\n%s", diff)
	}
	if made.PublicKey.Timeout != 300_000 {
		t.Errorf("timeout: got %d ms, want 300000", made.PublicKey.Timeout)
	}

	for _, conditional := range []bool{false, true} {
		options, _, err := rp.BeginSignIn(conditional)
		if err != nil {
			t.Fatal(err)
		}
		var asked struct {
			Mediation string
			PublicKey struct {
				UserVerification string
				AllowCredentials []any
			}
		}
		if err := json.Unmarshal(options, &asked); err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{false: "", true: "conditional"}[conditional]
		if asked.Mediation != want || asked.PublicKey.UserVerification != "required" || asked.PublicKey.AllowCredentials != nil {
			t.Errorf("sign-in asks for %+v", asked)
		}
	}
}

func TestRegistration(t *testing.T) {
	for _, c := range []struct {
		name  string
		alter func(a *passkeytest.Authenticator)
		later time.Duration
		want  error
	}{
		{"as it should be", func(*passkeytest.Authenticator) {}, 0, nil},
		{"a synchronised passkey", func(a *passkeytest.Authenticator) { a.Flags |= passkeytest.BackupEligible | passkeytest.BackupState }, 0, nil},
		{"from another page", func(a *passkeytest.Authenticator) { a.Origin = "https://card.example.com" }, 0, passkey.ErrProof},
		{"from another port", func(a *passkeytest.Authenticator) { a.Origin = origin + ":8443" }, 0, passkey.ErrProof},
		{"inside a foreign page", func(a *passkeytest.Authenticator) { a.Alter = func(s *passkeytest.Answer) { s.Cross = true } }, 0, passkey.ErrProof},
		{"for another site", func(a *passkeytest.Authenticator) { a.Alter = func(s *passkeytest.Answer) { s.RPID = "example.org" } }, 0, passkey.ErrProof},
		{"nobody verified", func(a *passkeytest.Authenticator) { a.Flags = passkeytest.UserPresent }, 0, passkey.ErrProof},
		{"nobody there", func(a *passkeytest.Authenticator) { a.Flags = passkeytest.UserVerified }, 0, passkey.ErrProof},
		{"backed up but not eligible", func(a *passkeytest.Authenticator) { a.Flags |= passkeytest.BackupState }, 0, passkey.ErrProof},
		{"another challenge", func(a *passkeytest.Authenticator) {
			a.Alter = func(s *passkeytest.Answer) { s.Challenge = strings.Repeat("A", len(s.Challenge)) }
		}, 0, passkey.ErrProof},
		{"an assertion", func(a *passkeytest.Authenticator) { a.Alter = func(s *passkeytest.Answer) { s.Type = "webauthn.get" } }, 0, passkey.ErrProof},
		{"just in time", func(*passkeytest.Authenticator) {}, passkey.Lifetime - time.Millisecond, nil},
		{"too late", func(*passkeytest.Authenticator) {}, passkey.Lifetime, passkey.ErrCeremony},
		{"the clock set back", func(*passkeytest.Authenticator) {}, -time.Second, passkey.ErrCeremony},
	} {
		t.Run(c.name, func(t *testing.T) {
			rp, now := newParty(t)
			device := passkeytest.New(origin)
			c.alter(device)
			user := passkey.User{Handle: []byte("handle"), Name: "Noor"}
			options, state, err := rp.BeginRegistration(user)
			if err != nil {
				t.Fatal(err)
			}
			response := create(t, device, options)
			now.now = now.now.Add(c.later)
			credential, err := rp.FinishRegistration(user, state, response)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if got, want := len(credential.ID()) > 0, c.want == nil; got != want {
				t.Errorf("a credential was returned: %v, want %v", got, want)
			}
		})
	}
}

func TestRegistrationIsForOneUser(t *testing.T) {
	rp, _ := newParty(t)
	options, state, err := rp.BeginRegistration(passkey.User{Handle: []byte("one"), Name: "One"})
	if err != nil {
		t.Fatal(err)
	}
	response := create(t, passkeytest.New(origin), options)
	if _, err := rp.FinishRegistration(passkey.User{Handle: []byte("another"), Name: "Another"}, state, response); !errors.Is(err, passkey.ErrProof) {
		t.Errorf("got %v, want ErrProof", err)
	}
}

func TestASecondPasskeyIsOnAnotherDevice(t *testing.T) {
	rp, _ := newParty(t)
	device := passkeytest.New(origin)
	user := signUp(t, rp, device)
	options, state, err := rp.BeginRegistration(user)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := device.Create(options); !errors.Is(err, passkeytest.ErrNone) {
		t.Errorf("the device that has a passkey made another: %v", err)
	}
	if _, err := rp.FinishRegistration(user, state, create(t, passkeytest.New(origin), options)); err != nil {
		t.Errorf("another device: %v", err)
	}
}

func TestSignIn(t *testing.T) {
	for _, c := range []struct {
		name  string
		alter func(a *passkeytest.Authenticator)
		want  error
	}{
		{"as it should be", func(*passkeytest.Authenticator) {}, nil},
		{"from another page", func(a *passkeytest.Authenticator) { a.Origin = "https://evil.test" }, passkey.ErrProof},
		{"for another site", func(a *passkeytest.Authenticator) { a.Alter = func(s *passkeytest.Answer) { s.RPID = "evil.test" } }, passkey.ErrProof},
		{"nobody verified", func(a *passkeytest.Authenticator) { a.Flags = passkeytest.UserPresent }, passkey.ErrProof},
		{"became eligible for backup", func(a *passkeytest.Authenticator) { a.Flags |= passkeytest.BackupEligible }, passkey.ErrProof},
		{"a registration", func(a *passkeytest.Authenticator) {
			a.Alter = func(s *passkeytest.Answer) { s.Type = "webauthn.create" }
		}, passkey.ErrProof},
	} {
		t.Run(c.name, func(t *testing.T) {
			rp, _ := newParty(t)
			device := passkeytest.New(origin)
			user := signUp(t, rp, device)
			c.alter(device)
			options, state := beginSignIn(t, rp)
			assertion, err := rp.FinishSignIn(state, get(t, device, options), finder(user))
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if c.want == nil && (!bytes.Equal(assertion.Handle, user.Handle) || assertion.Credential.SignCount() != 1 || assertion.Credential.Cloned()) {
				t.Errorf("got handle %q, count %d, cloned %v", assertion.Handle, assertion.Credential.SignCount(), assertion.Credential.Cloned())
			}
		})
	}
}

func TestSignInOfNobody(t *testing.T) {
	rp, _ := newParty(t)
	device := passkeytest.New(origin)
	user := signUp(t, rp, device)
	removed := user
	removed.Credentials = nil
	for _, c := range []struct {
		name   string
		lookup func(credential, handle []byte) (passkey.User, error)
		want   error
	}{
		{"the lookup finds nobody", func(_, _ []byte) (passkey.User, error) { return passkey.User{}, errNobody }, errNobody},
		{"the passkey was removed", finder(removed), passkey.ErrUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			options, state := beginSignIn(t, rp)
			if _, err := rp.FinishSignIn(state, get(t, device, options), c.lookup); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// A response that was seen once proves nothing about a later challenge.
func TestReplayedResponses(t *testing.T) {
	rp, now := newParty(t)
	device := passkeytest.New(origin)
	user := signUp(t, rp, device)
	options, state := beginSignIn(t, rp)
	response := get(t, device, options)
	if _, err := rp.FinishSignIn(state, response, finder(user)); err != nil {
		t.Fatal(err)
	}
	_, next := beginSignIn(t, rp)
	if _, err := rp.FinishSignIn(next, response, finder(user)); !errors.Is(err, passkey.ErrProof) {
		t.Errorf("for the next challenge: got %v, want ErrProof", err)
	}
	if _, _, err := rp.FinishApproval(user, state, nil, response); !errors.Is(err, passkey.ErrCeremony) {
		t.Errorf("as an approval: got %v, want ErrCeremony", err)
	}
	if _, err := rp.FinishRegistration(user, state, response); !errors.Is(err, passkey.ErrCeremony) {
		t.Errorf("as a registration: got %v, want ErrCeremony", err)
	}
	now.now = now.now.Add(passkey.Lifetime)
	if _, err := rp.FinishSignIn(state, response, finder(user)); !errors.Is(err, passkey.ErrCeremony) {
		t.Errorf("after its time: got %v, want ErrCeremony", err)
	}
}

func TestAClonedPasskeySignsInButApprovesNothing(t *testing.T) {
	rp, _ := newParty(t)
	device := passkeytest.New(origin)
	user := signUp(t, rp, device)
	thief := device.Copy()

	signIn := func(with *passkeytest.Authenticator) passkey.Credential {
		t.Helper()
		options, state := beginSignIn(t, rp)
		assertion, err := rp.FinishSignIn(state, get(t, with, options), finder(user))
		if err != nil {
			t.Fatalf("sign-in: %v", err)
		}
		user.Credentials = []passkey.Credential{assertion.Credential}
		return assertion.Credential
	}
	signIn(device)
	action := []byte(`{"rules":"open"}`)
	options, state, err := rp.BeginApproval(user, action)
	if err != nil {
		t.Fatal(err)
	}
	response := get(t, thief, options) // counts 1 again

	proof, credential, err := rp.FinishApproval(user, state, action, response)
	if !errors.Is(err, passkey.ErrCloned) || len(proof.Signature) != 0 || !credential.Cloned() {
		t.Errorf("approval by a copy: got %v, cloned %v, a signature of %d bytes", err, credential.Cloned(), len(proof.Signature))
	}
	user.Credentials = []passkey.Credential{credential}
	if !signIn(device).Cloned() {
		t.Error("the warning did not stay")
	}
	if _, _, err := rp.BeginApproval(user, action); !errors.Is(err, passkey.ErrCloned) {
		t.Errorf("BeginApproval with a cloned passkey: got %v, want ErrCloned", err)
	}
}

func TestApproval(t *testing.T) {
	rp, _ := newParty(t)
	action := []byte(`{"action":"rules","patient":"p","rules":"balanced"}`)
	for name, device := range map[string]*passkeytest.Authenticator{"that counts": passkeytest.New(origin), "synchronised": passkeytest.Synced(origin)} {
		t.Run(name, func(t *testing.T) {
			user := signUp(t, rp, device)
			options, state, err := rp.BeginApproval(user, action)
			if err != nil {
				t.Fatal(err)
			}
			proof, credential, err := rp.FinishApproval(user, state, action, get(t, device, options))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(proof.CredentialID, credential.ID()) || !bytes.Equal(proof.PublicKey, user.Credentials[0].PublicKey()) {
				t.Error("the proof names another passkey")
			}
			kept, err := json.Marshal(proof)
			if err != nil {
				t.Fatal(err)
			}
			var later passkey.Approval
			if err := json.Unmarshal(kept, &later); err != nil {
				t.Fatal(err)
			}
			if err := passkey.VerifyApproval(later, action, rpID, []string{origin}); err != nil {
				t.Errorf("the proof does not hold later: %v", err)
			}
		})
	}
}

// Promise 6: rules change only by a fresh passkey, bound to the exact new rule text.
func TestRulesChangeOnlyByAPasskeyBoundToTheirText(t *testing.T) {
	rp, now := newParty(t)
	device := passkeytest.New(origin)
	user := signUp(t, rp, device)
	stranger := passkeytest.New(origin)
	other := signUp(t, rp, stranger)
	action := []byte(`{"action":"rules","rules":"private"}`)

	begin := func() (options, state []byte) {
		t.Helper()
		options, state, err := rp.BeginApproval(user, action)
		if err != nil {
			t.Fatal(err)
		}
		return options, state
	}
	t.Run("altered after the touch", func(t *testing.T) {
		options, state := begin()
		response := get(t, device, options)
		if _, _, err := rp.FinishApproval(user, state, []byte(`{"action":"rules","rules":"open"}`), response); !errors.Is(err, passkey.ErrProof) {
			t.Errorf("got %v, want ErrProof", err)
		}
	})
	t.Run("replayed for the same text", func(t *testing.T) {
		options, state := begin()
		response := get(t, device, options)
		if _, _, err := rp.FinishApproval(user, state, action, response); err != nil {
			t.Fatal(err)
		}
		_, next := begin()
		if _, _, err := rp.FinishApproval(user, next, action, response); !errors.Is(err, passkey.ErrProof) {
			t.Errorf("got %v, want ErrProof", err)
		}
	})
	t.Run("by a sign-in", func(t *testing.T) {
		options, _ := beginSignIn(t, rp)
		_, state := begin()
		if _, _, err := rp.FinishApproval(user, state, action, get(t, device, options)); !errors.Is(err, passkey.ErrProof) {
			t.Errorf("got %v, want ErrProof", err)
		}
	})
	t.Run("by somebody else's passkey", func(t *testing.T) {
		_, state := begin()
		options, _, err := rp.BeginApproval(other, action)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := rp.FinishApproval(user, state, action, get(t, stranger, options)); !errors.Is(err, passkey.ErrUnknown) {
			t.Errorf("got %v, want ErrUnknown", err)
		}
	})
	t.Run("by nobody verified", func(t *testing.T) {
		options, state := begin()
		careless := device.Copy()
		careless.Flags = passkeytest.UserPresent
		if _, _, err := rp.FinishApproval(user, state, action, get(t, careless, options)); !errors.Is(err, passkey.ErrProof) {
			t.Errorf("got %v, want ErrProof", err)
		}
	})
	t.Run("too late", func(t *testing.T) {
		options, state := begin()
		response := get(t, device, options)
		now.now = now.now.Add(passkey.Lifetime)
		if _, _, err := rp.FinishApproval(user, state, action, response); !errors.Is(err, passkey.ErrCeremony) {
			t.Errorf("got %v, want ErrCeremony", err)
		}
	})
	t.Run("without any passkey", func(t *testing.T) {
		if _, _, err := rp.BeginApproval(passkey.User{Handle: []byte("handle")}, action); !errors.Is(err, passkey.ErrNone) {
			t.Errorf("got %v, want ErrNone", err)
		}
	})
}

func TestKeysOfTheVaultAreNeverTaken(t *testing.T) {
	rp, _ := newParty(t)
	secret := base64.RawURLEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	for name, output := range map[string]map[string]any{
		"PRF":        {"prf": map[string]any{"results": map[string]any{"first": secret}}},
		"HMAC":       {"hmacGetSecret": map[string]any{"output1": secret}},
		"large blob": {"largeBlob": map[string]any{"blob": secret}},
	} {
		t.Run(name, func(t *testing.T) {
			device := passkeytest.New(origin)
			user := signUp(t, rp, device)
			device.Output = output
			options, state := beginSignIn(t, rp)
			if _, err := rp.FinishSignIn(state, get(t, device, options), finder(user)); !errors.Is(err, passkey.ErrSecret) {
				t.Errorf("sign-in: got %v, want ErrSecret", err)
			}
			options, state, err := rp.BeginRegistration(user)
			if err != nil {
				t.Fatal(err)
			}
			device = passkeytest.New(origin)
			device.Output = output
			credential, err := rp.FinishRegistration(user, state, create(t, device, options))
			if !errors.Is(err, passkey.ErrSecret) {
				t.Errorf("registration: got %v, want ErrSecret", err)
			}
			if kept, _ := credential.MarshalBinary(); bytes.Contains(kept, []byte("0123456789abcdef")) {
				t.Error("the secret would be stored")
			}
		})
	}
	t.Run("that the authenticator could is noted", func(t *testing.T) {
		device := passkeytest.New(origin)
		device.Output = map[string]any{"prf": map[string]any{"enabled": true}, "unasked": "by a password manager"}
		signUp(t, rp, device)
	})
}

func TestLargeResponsesAreRefusedUnread(t *testing.T) {
	rp, _ := newParty(t)
	user := signUp(t, rp, passkeytest.New(origin))
	large := bytes.Repeat([]byte(" "), passkey.MaxResponse+1)
	_, registration, _ := rp.BeginRegistration(user)
	if _, err := rp.FinishRegistration(user, registration, large); !errors.Is(err, passkey.ErrTooLarge) {
		t.Errorf("registration: got %v, want ErrTooLarge", err)
	}
	_, signIn := beginSignIn(t, rp)
	if _, err := rp.FinishSignIn(signIn, large, finder(user)); !errors.Is(err, passkey.ErrTooLarge) {
		t.Errorf("sign-in: got %v, want ErrTooLarge", err)
	}
	_, approval, err := rp.BeginApproval(user, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := rp.FinishApproval(user, approval, nil, large); !errors.Is(err, passkey.ErrTooLarge) {
		t.Errorf("approval: got %v, want ErrTooLarge", err)
	}
}

func TestErrorsTellNothingOfTheResponse(t *testing.T) {
	rp, _ := newParty(t)
	device := passkeytest.New("https://a-telling-name.test")
	user := passkey.User{Handle: []byte("handle"), Name: "Noor"}
	options, state, err := rp.BeginRegistration(user)
	if err != nil {
		t.Fatal(err)
	}
	_, err = rp.FinishRegistration(user, state, create(t, device, options))
	if err == nil || strings.Contains(err.Error(), "telling") {
		t.Errorf("got %v", err)
	}
}
