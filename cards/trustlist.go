package cards

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// TrustListType is the header typ of a trust list.
const TrustListType = "locket-trust+jws"

// TrustListLife is how long a trust list is good unless its issuer has a reason to say otherwise.
const TrustListLife = 30 * 24 * time.Hour

// Bounds of a trust list.
const (
	maxTrustList = 1 << 20 // bytes, signed
	maxIssuers   = 1024
	maxName      = 200 // bytes
)

// TrustList tells readers without a network whose cards to believe: the house that publishes it and the foreign issuers that
// its operator has added.
type TrustList struct {
	Edition
	// Issuers begins with the house itself and its present, next and retired keys, so that a reader can follow the house from
	// key to key through its lists alone.
	Issuers []Issuer
}

// Issuer is somebody whose cards are believed.
type Issuer struct {
	// Host is the name under which its keys sign, as in Card.Issuer.
	Host string
	// Name is for people, at most 200 bytes, without control characters and such as change the direction of text. Anybody may
	// call himself anything, so the Host is always shown beside it.
	Name string
	// URL is where the issuer is found: the origin of Host.
	URL string
	// Keys sign for Host and for nobody else.
	Keys []Key
}

type trustListJSON struct {
	editionJSON
	Issuers []issuerJSON `json:"issuers"`
}

type issuerJSON struct {
	Issuer string `json:"iss"`
	Name   string `json:"name"`
	URL    string `json:"url"`
	Keys   []jwk  `json:"keys"`
}

// SignTrustList signs a list as a compact JWS. Names are cleaned, and a missing URL is that of the host. It returns ErrKey when
// the list is of another issuer, ErrList for one that no reader would accept, or the error of the key.
func (s *Signer) SignTrustList(list TrustList) (string, error) {
	payload := trustListJSON{editionJSON: list.Edition.payload(), Issuers: make([]issuerJSON, 0, len(list.Issuers))}
	for _, issuer := range list.Issuers {
		keys, err := publish(issuer.Keys)
		if err != nil {
			return "", err
		}
		if issuer.URL == "" {
			issuer.URL = secureScheme + issuer.Host
		}
		payload.Issuers = append(payload.Issuers, issuerJSON{issuer.Host, cleanName(issuer.Name, issuer.Host), issuer.URL, keys})
	}
	return s.signList(TrustListType, list.Issuer, maxTrustList, payload, func(text []byte) error {
		_, err := readTrustList(text)
		return err
	})
}

// ParseTrustList reads and verifies a trust list with the keys that are trusted already: those of the house that were fetched
// from its own origin, or those of the list before. A list past its ExpiresAt is accepted: see Edition.Age. It returns ErrList,
// or ErrListSigner; then nothing of the list is used, and the one before stays.
func ParseTrustList(text string, trusted KeySet) (TrustList, error) {
	var list TrustList
	err := trusted.verifyList(text, TrustListType, maxTrustList, func(payload []byte) (edition Edition, err error) {
		list, err = readTrustList(payload)
		return list.Edition, err
	})
	if err != nil {
		return TrustList{}, err
	}
	return list, nil
}

// KeySet returns the keys of all issuers of a list that ParseTrustList gave. It returns ErrKey for a list made otherwise with
// keys that may not sign.
func (l TrustList) KeySet() (KeySet, error) {
	var keys []Key
	for _, issuer := range l.Issuers {
		keys = append(keys, issuer.Keys...)
	}
	return NewKeySet(keys...)
}

func readTrustList(payload []byte) (TrustList, error) {
	var raw []json.RawMessage
	edition, err := readEdition(payload, map[string]any{"issuers": &raw})
	if err != nil {
		return TrustList{}, err
	}
	if len(raw) > maxIssuers {
		return TrustList{}, listError("it has too many issuers")
	}
	list := TrustList{Edition: edition, Issuers: make([]Issuer, 0, len(raw))}
	seen := make(map[string]bool, len(raw))
	for _, text := range raw {
		issuer, err := readIssuer(text)
		if err != nil {
			return TrustList{}, err
		}
		if seen[issuer.Host] {
			return TrustList{}, listError("it names a host twice")
		}
		seen[issuer.Host] = true
		list.Issuers = append(list.Issuers, issuer)
	}
	if len(list.Issuers) == 0 || list.Issuers[0].Host != list.Issuer {
		return TrustList{}, listError("it does not begin with its own issuer")
	}
	return list, nil
}

func readIssuer(text []byte) (Issuer, error) {
	var issuer Issuer
	var raw []json.RawMessage
	_, err := readObject(text, map[string]any{"iss": &issuer.Host, "name": &issuer.Name, "url": &issuer.URL, "keys": &raw})
	if err != nil {
		return Issuer{}, fmt.Errorf("%w: %w", ErrList, err)
	}
	if !validHost(issuer.Host) {
		return Issuer{}, listError("one of its issuers is not a host name")
	}
	if issuer.URL != secureScheme+issuer.Host && (issuer.URL != plainScheme+issuer.Host || !loopback(issuer.Host)) {
		return Issuer{}, listError("the address of an issuer is not that of its host")
	}
	if issuer.Keys, err = parseKeys(raw); err != nil {
		return Issuer{}, fmt.Errorf("%w: %w", ErrList, err)
	}
	for _, key := range issuer.Keys {
		if key.Issuer != issuer.Host {
			return Issuer{}, listError("one of its keys belongs to another issuer")
		}
	}
	issuer.Name = cleanName(issuer.Name, issuer.Host)
	return issuer, nil
}

// cleanName makes a name safe to be shown in a line: without control, direction and other invisible characters, each run of
// spaces one space, at most maxName bytes. What has nothing left is called by its host.
func cleanName(name, host string) string {
	visible := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == '\u200C' || r == '\u200D': // Persian and Hindi are misspelt without these two
			return r
		case r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co):
			return -1
		}
		return r
	}, name)
	clean := strings.Join(strings.Fields(visible), " ")
	for len(clean) > maxName {
		_, size := utf8.DecodeLastRuneInString(clean)
		clean = strings.TrimSpace(clean[:len(clean)-size])
	}
	if clean == "" {
		return host
	}
	return clean
}
