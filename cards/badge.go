package cards

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// BadgeType is the header typ of a badge.
const BadgeType = "locket-badge+jwt"

// Bounds of a badge.
const (
	// MaxBadge is the longest badge that is read, in bytes: it is shown as a QR code on a telephone.
	MaxBadge = 2048
	// MaxBadgeLife bounds for how long a badge may claim to be good: nobody can take it back from a reader without a network.
	MaxBadgeLife = 12 * time.Hour
	// BadgeSkew is how far in the future a badge may have been made by the reader's clock.
	BadgeSkew = 2 * time.Minute

	maxBadgeWord = 64 // bytes of an organization's identifier
	maxBadgeKind = 32 // bytes of a kind
)

// ErrBadge: a text that is no badge.
var ErrBadge = errors.New("this is not a badge, or it is damaged; ask its bearer to show it again")

// badgeError is an ErrBadge that says which part is wrong. It never quotes the part.
func badgeError(detail string) error { return fmt.Errorf("%w (%s)", ErrBadge, detail) }

// badgePath is where a badge leads, before the #.
const badgePath = "/b#"

// Badge says that its bearer belongs to an organization for which a house vouches: a JSON Web Token (RFC 7519) as SignJWS writes it. It is shown from
// another telephone, and whoever reads it needs no network.
type Badge struct {
	// ID is drawn for each badge.
	ID ID
	// Issuer is the host that vouches for the organization, as in Card.Issuer.
	Issuer string
	// Organization names the organization within its issuer: letters, digits, - and _, at most 64.
	Organization string
	// OrganizationName is for people, at most 200 bytes; anybody may be called anything, so the Issuer is shown beside it.
	OrganizationName string
	// Kind is one of the lower-case words that rules name ("ems", "hospital").
	Kind string
	// Country is that of the organization, ISO 3166-1 alpha-2, or "".
	Country string
	// Name is what the organization calls the bearer, at most 200 bytes.
	Name string
	// IssuedAt and ExpiresAt are in whole seconds, UTC.
	IssuedAt, ExpiresAt time.Time
}

type badgeJSON struct {
	Version          int64  `json:"v"`
	Issuer           string `json:"iss"`
	Organization     string `json:"org"`
	OrganizationName string `json:"org_name"`
	Kind             string `json:"kind"`
	Country          string `json:"country"`
	Name             string `json:"name"`
	ID               string `json:"jti"`
	IssuedAt         int64  `json:"iat"`
	ExpiresAt        int64  `json:"exp"`
}

// badgeVersion is the member v. What would change the meaning of the others gets another one.
const badgeVersion = 1

// SignBadge signs a badge as a compact JWS. Names are cleaned. It returns ErrKey for the badge of another issuer, ErrBadge for one that no reader would accept,
// or the error of the key.
func (s *Signer) SignBadge(b Badge) (string, error) {
	if b.Issuer != s.key.Issuer {
		return "", fmt.Errorf("%w: it belongs to another issuer than the badge", ErrKey)
	}
	payload, err := json.Marshal(badgeJSON{badgeVersion, b.Issuer, b.Organization, cleanName(b.OrganizationName, b.Issuer), b.Kind, b.Country,
		cleanName(b.Name, "—"), b.ID.String(), b.IssuedAt.Unix(), b.ExpiresAt.Unix()})
	if err != nil {
		return "", err
	}
	if _, err := readBadge(payload); err != nil {
		return "", err
	}
	text, err := s.SignJWS(BadgeType, payload)
	if err == nil && len(text) > MaxBadge {
		return "", badgeError("it is too long")
	}
	return text, err
}

// BadgeAddress is where the code of a badge leads: the page of the house that reads it. The badge stands behind # and reaches no server by it.
func BadgeAddress(base, badge string) string { return base + badgePath + badge }

// ParseBadgeAddress returns the badge in the address of one, of whatever host: who vouches for it stands in the badge. A badge alone is as good.
func ParseBadgeAddress(text string) (string, bool) {
	if len(text) > maxHost+len(secureScheme)+len(badgePath)+MaxBadge {
		return "", false
	}
	if _, path, ok := cutBase(text); ok {
		return strings.CutPrefix(path, badgePath)
	}
	_, err := jwsKeyID(text, BadgeType)
	return text, err == nil
}

// VerifyBadge reads a badge and says whether to believe it at the time now. The Badge is zero unless its signature holds. The error is nil unless the status is
// StatusUnreadable; then it is ErrBadge or ErrTooLong. Whether the house has taken the badge back since, only the house knows.
func VerifyBadge(text string, trusted KeySet, now time.Time) (Badge, Status, Reason, error) {
	if len(text) > MaxBadge {
		return Badge{}, StatusUnreadable, ReasonTooLong, ErrTooLong
	}
	kid, err := jwsKeyID(text, BadgeType)
	if err != nil {
		return Badge{}, StatusUnreadable, ReasonMalformed, fmt.Errorf("%w: %w", ErrBadge, err)
	}
	payload, key, err := trusted.VerifyJWS(text, BadgeType)
	switch {
	case errors.Is(err, ErrListSigner):
		return Badge{}, trusted.whyUnsigned(kid), trusted.reasonUnsigned(kid), nil
	case err != nil:
		return Badge{}, StatusUnreadable, ReasonMalformed, fmt.Errorf("%w: %w", ErrBadge, err)
	}
	badge, err := readBadge(payload)
	switch {
	case err != nil:
		return Badge{}, StatusUnreadable, ReasonMalformed, err
	case key.Issuer != badge.Issuer:
		return Badge{}, StatusTampered, ReasonIssuerMismatch, nil
	case !key.NotAfter.IsZero() && badge.IssuedAt.After(key.NotAfter):
		return badge, StatusUnknownIssuer, ReasonKeyRetired, nil
	case badge.IssuedAt.After(now.Add(BadgeSkew)):
		return badge, StatusNotYetValid, ReasonIssuedInFuture, nil
	case !now.Before(badge.ExpiresAt):
		return badge, StatusExpired, ReasonPastExpiry, nil
	}
	return badge, StatusVerified, ReasonNone, nil
}

// whyUnsigned and reasonUnsigned say why no key of the set has signed what names the key kid.
func (s KeySet) whyUnsigned(kid KeyID) Status {
	switch s.reasonUnsigned(kid) {
	case ReasonNoKey:
		return StatusUnknownIssuer
	case ReasonKeyCompromised:
		return StatusRevoked
	}
	return StatusTampered
}

func (s KeySet) reasonUnsigned(kid KeyID) Reason {
	reason := ReasonNoKey
	for _, key := range s.byID[kid] {
		if key.CompromisedSince.IsZero() {
			return ReasonSignature
		}
		reason = ReasonKeyCompromised
	}
	return reason
}

// readBadge reads the claims of a badge: all of them, each once, and no others.
func readBadge(payload []byte) (Badge, error) {
	var raw badgeJSON
	fields := map[string]any{"v": &raw.Version, "iss": &raw.Issuer, "org": &raw.Organization, "org_name": &raw.OrganizationName, "kind": &raw.Kind,
		"country": &raw.Country, "name": &raw.Name, "jti": &raw.ID, "iat": &raw.IssuedAt, "exp": &raw.ExpiresAt}
	members, err := readObject(payload, fields)
	if err != nil {
		return Badge{}, fmt.Errorf("%w: %w", ErrBadge, err)
	}
	for name := range fields {
		if value, found := members[name]; !found || string(value) == "null" {
			return Badge{}, badgeError("one of its claims is missing")
		}
	}
	id, err := ParseID(raw.ID)
	switch life := raw.ExpiresAt - raw.IssuedAt; {
	case raw.Version != badgeVersion:
		return Badge{}, badgeError("it has another version; update the reader")
	case len(members) != len(fields):
		return Badge{}, badgeError("it has a claim that no badge has")
	case err != nil:
		return Badge{}, badgeError("its jti is not 128 bits in base64url")
	case !validHost(raw.Issuer):
		return Badge{}, badgeError("its issuer is not a host name")
	case !isWord(raw.Organization, maxBadgeWord, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"):
		return Badge{}, badgeError("its organization is not an identifier")
	case !isWord(raw.Kind, maxBadgeKind, "abcdefghijklmnopqrstuvwxyz_"):
		return Badge{}, badgeError("its kind is not a lower-case word")
	case raw.Country != "" && (len(raw.Country) != 2 || !isWord(raw.Country, 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")):
		return Badge{}, badgeError("its country is no code")
	case cleanName(raw.OrganizationName, "") != raw.OrganizationName || raw.OrganizationName == "" || cleanName(raw.Name, "") != raw.Name || raw.Name == "":
		return Badge{}, badgeError("one of its names is not as it is shown")
	case raw.IssuedAt <= 0 || raw.ExpiresAt > maxTime || life <= 0 || life > int64(MaxBadgeLife/time.Second):
		return Badge{}, badgeError("its times are out of range")
	}
	return Badge{ID: id, Issuer: raw.Issuer, Organization: raw.Organization, OrganizationName: raw.OrganizationName, Kind: raw.Kind, Country: raw.Country,
		Name: raw.Name, IssuedAt: time.Unix(raw.IssuedAt, 0).UTC(), ExpiresAt: time.Unix(raw.ExpiresAt, 0).UTC()}, nil
}

// isWord reports whether s is made of the given letters, and of at least one and at most longest.
func isWord(s string, longest int, letters string) bool {
	return s != "" && len(s) <= longest && !strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune(letters, r) })
}
