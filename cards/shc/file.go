package shc

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// Bounds of a file.
const (
	maxFile        = 8 << 20 // bytes
	maxCredentials = 100
)

// file is a .smart-health-card (specification, "via File Download").
type file struct {
	Credentials []string `json:"verifiableCredential"`
}

// MarshalFile writes a file (application/smart-health-card) with one or more JWS. It returns ErrMalformed for none or for what is no JWS, and
// ErrTooLong for more than ParseFile reads.
func MarshalFile(jws ...string) ([]byte, error) {
	if err := checkCredentials(jws); err != nil {
		return nil, err
	}
	data, err := json.Marshal(file{jws})
	if err == nil && len(data) > maxFile {
		err = ErrTooLong
	}
	return data, err
}

// ParseFile reads a file and returns its JWS, which are not verified. It returns ErrTooLong or ErrMalformed.
func ParseFile(data []byte) ([]string, error) {
	if len(data) > maxFile {
		return nil, ErrTooLong
	}
	var f file
	if err := decode(data, &f); err != nil {
		return nil, err
	}
	if err := checkCredentials(f.Credentials); err != nil {
		return nil, err
	}
	return f.Credentials, nil
}

func checkCredentials(jws []string) error {
	switch {
	case len(jws) == 0:
		return malformed("there is no card in the file")
	case len(jws) > maxCredentials:
		return fmt.Errorf("%w (more than %d cards in one file)", ErrTooLong, maxCredentials)
	}
	for _, s := range jws {
		if !isJWS(s) {
			return malformed("it is not a signed text in three parts")
		}
	}
	return nil
}

// Read returns the JWS in a text of any of the forms in which people come by cards: the text of a QR code, a file, a deep
// link, or a JWS itself. Nothing is verified. It returns ErrTooLong, ErrChunked or ErrMalformed.
func Read(text string) ([]string, error) {
	if len(text) > 3*maxFile { // a deep link escapes some bytes as three
		return nil, ErrTooLong
	}
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "https://") {
		_, fragment, _ := strings.Cut(text, "#")
		unescaped, err := url.PathUnescape(fragment)
		if err != nil {
			return nil, malformed("the part of the address behind # is damaged")
		}
		text = unescaped
	}
	if strings.HasPrefix(text, "{") {
		return ParseFile([]byte(text))
	}
	if _, ok := cutPrefixFold(text, QRPrefix); ok {
		jws, err := ParseNumeric(text)
		if err != nil {
			return nil, err
		}
		return []string{jws}, nil
	}
	if len(text) > maxJWS {
		return nil, ErrTooLong
	}
	if !isJWS(text) {
		return nil, malformed("it is not a signed text in three parts")
	}
	return []string{text}, nil
}
