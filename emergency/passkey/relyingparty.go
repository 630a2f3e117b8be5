// Package passkey is Locket's relying party for passkeys (W3C Web Authentication level 3): it signs people up, signs them in without asking for
// a name, and binds a touch of a passkey to the exact text of a change, so that anybody can check that approval later.
//
// It keeps no state and knows no HTTP. Every Begin returns two things: options for navigator.credentials, and the state that the matching Finish
// needs. The caller keeps the state secret from the browser, deletes it before it calls Finish, whatever the outcome, and binds it to the
// browser session: this package makes sure that a state serves its own kind of ceremony only, and only for Lifetime.
//
// It is the only importer of go-webauthn, whose types do not leave it.
package passkey

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Lifetime is how long a ceremony may take from Begin to Finish.
const Lifetime = 5 * time.Minute

// MaxResponse is the size in bytes above which a posted credential is refused unread.
const MaxResponse = 64 << 10

// What a ceremony can fail of. The errors carry no text of the response, of the library or of the caller's lookup.
var (
	ErrCeremony = errors.New("passkey: the ceremony has expired or is of another kind")
	ErrTooLarge = errors.New("passkey: the response is too large")
	ErrProof    = errors.New("passkey: the response does not prove what was asked")
	ErrUnknown  = errors.New("passkey: the credential is not known")
	ErrCloned   = errors.New("passkey: the signature counter went back, the passkey may have been copied")
	ErrSecret   = errors.New("passkey: the response carries a key that must stay in the browser")
	ErrNone     = errors.New("passkey: the user has no passkey")
)

// Config says which site the passkeys belong to.
type Config struct {
	// RPID is the domain that the passkeys are bound to for ever: "card.example.org", or "localhost" for a demo. No scheme, port or address.
	RPID string
	// Name is what the browser shows as the site's name.
	Name string
	// Origins are the exact origins of the pages, with the port when it is not the scheme's own: "https://card.example.org". Plain http is taken
	// for localhost alone. Each host is RPID or below it.
	Origins []string
	// Metadata is a metadata BLOB of the FIDO Alliance as it was downloaded; nil when no passkeys are registered that must be bound to hardware.
	Metadata []byte
	// MetadataRoot is the certificate that the metadata leads to, base64 of its DER; "" is that of the FIDO Alliance.
	MetadataRoot string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// RelyingParty runs the ceremonies. It is safe for concurrent use.
type RelyingParty struct {
	web     *webauthn.WebAuthn
	strict  *strict // nil without metadata
	rpID    string
	origins []string
	now     func() time.Time
}

// New checks the configuration and returns the relying party.
func New(config Config) (*RelyingParty, error) {
	if config.Name == "" {
		return nil, errors.New("passkey: Config.Name is empty: browsers show it when they ask for the passkey")
	}
	if err := checkRPID(config.RPID); err != nil {
		return nil, err
	}
	if len(config.Origins) == 0 {
		return nil, errors.New("passkey: Config.Origins is empty: no page could use a passkey")
	}
	for _, origin := range config.Origins {
		if err := checkOrigin(origin, config.RPID); err != nil {
			return nil, err
		}
	}
	// Expiry is kept by this package's own clock (see state.go); the library's is told the same time for the browser's sake.
	timeout := webauthn.TimeoutConfig{Enforce: true, Timeout: Lifetime, TimeoutUVD: Lifetime}
	origins := slices.Clone(config.Origins)
	settings := webauthn.Config{
		RPID:          config.RPID,
		RPDisplayName: config.Name,
		RPOrigins:     origins,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification:   protocol.VerificationRequired,
		},
		AttestationPreference: protocol.PreferNoAttestation,
		Timeouts:              webauthn.TimeoutsConfig{Login: timeout, Registration: timeout},
		// Password managers answer extensions that nobody asked for; what must not be posted is refused by refuseSecrets.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	}
	plain := settings
	web, err := webauthn.New(&plain)
	if err != nil {
		return nil, fmt.Errorf("passkey: %w", err)
	}
	rp := &RelyingParty{web: web, rpID: config.RPID, origins: origins, now: config.Now}
	if rp.now == nil {
		rp.now = time.Now
	}
	if config.Metadata != nil {
		if rp.strict, err = newStrict(settings, config.Metadata, config.MetadataRoot); err != nil {
			return nil, err
		}
	}
	return rp, nil
}

// RPID returns the domain that the passkeys are bound to.
func (rp *RelyingParty) RPID() string { return rp.rpID }

// Origins returns the origins that are accepted.
func (rp *RelyingParty) Origins() []string { return slices.Clone(rp.origins) }

// algorithms are the kinds of signature that VerifyApproval can check without this package's library: ES256, EdDSA (Ed25519) and RS256.
func algorithms() []protocol.CredentialParameter {
	return []protocol.CredentialParameter{
		{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
		{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
		{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
	}
}

// checkRPID refuses what no browser takes as a relying party id (Web Authentication level 3, section 5.1.3 step 8).
func checkRPID(id string) error {
	if id == "" || id != strings.ToLower(id) || strings.ContainsAny(id, ":/@?# ") {
		return fmt.Errorf("passkey: RPID %q is not a lower-case domain without scheme and port", id)
	}
	if _, err := netip.ParseAddr(id); err == nil {
		return fmt.Errorf("passkey: RPID %q is an address: browsers take only names; use localhost for a try on one machine", id)
	}
	return nil
}

// checkOrigin refuses an origin whose pages could never use passkeys of rpID, or could use them without TLS. The library takes any origin, because
// related origins may be foreign; Locket has none.
func checkOrigin(origin, rpID string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin {
		return fmt.Errorf("passkey: origin %q is not of the form https://host[:port]", origin)
	}
	host := u.Hostname()
	local := host == "localhost" || strings.HasSuffix(host, ".localhost")
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return fmt.Errorf("passkey: origin %q is not https: browsers keep passkeys from it", origin)
	}
	if host != rpID && !strings.HasSuffix(host, "."+rpID) {
		return fmt.Errorf("passkey: origin %q does not belong to RPID %q", origin, rpID)
	}
	return nil
}
