package cards

import (
	"encoding/json"
	"fmt"
	"time"
)

// Edition says whose a signed list is, and how old. Of two editions of one list a reader keeps the one issued later, so that
// nobody can bring back what a later one has withdrawn.
type Edition struct {
	// Issuer is the host that published the list, with its port when it is not the usual one.
	Issuer string
	// IssuedAt and ExpiresAt are in whole seconds, UTC. ExpiresAt is when the list is too old to be used without saying so.
	IssuedAt, ExpiresAt time.Time
}

// Age is what a reader says of the age of a list. The texts never change.
type Age string

// The ages of a list.
const (
	AgeFresh  Age = "fresh"
	AgeTooOld Age = "too_old" // used, and said
	AgeNotYet Age = "not_yet" // the reader's clock or the issuer's is wrong
)

// maxListLife bounds how long an edition may claim to be good: one that never grew old would hide for ever that a reader has
// been cut off from the next.
const maxListLife = 400 * 24 * time.Hour

// listVersion is the member v of every list.
const listVersion = 1

// Age says whether the list is good at the time now. A list that is too old is still the best there is without a network: it
// is used, and its age is said. One from the future, by more than ClockSkew, tells of a wrong clock.
func (e Edition) Age(now time.Time) Age {
	switch {
	case e.IssuedAt.After(now.Add(ClockSkew)):
		return AgeNotYet
	case !now.Before(e.ExpiresAt):
		return AgeTooOld
	}
	return AgeFresh
}

// editionJSON is how a payload begins.
type editionJSON struct {
	Version   int64  `json:"v"`
	Issuer    string `json:"iss"`
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`
}

func (e Edition) payload() editionJSON {
	return editionJSON{listVersion, e.Issuer, e.IssuedAt.Unix(), e.ExpiresAt.Unix()}
}

// readEdition reads the members of every payload, and others into fields. Members that it does not know are passed over: what
// would change the meaning of the known ones gets another version. The error is an ErrList.
func readEdition(payload []byte, fields map[string]any) (Edition, error) {
	var head editionJSON
	for name, field := range map[string]any{"v": &head.Version, "iss": &head.Issuer, "iat": &head.IssuedAt, "exp": &head.ExpiresAt} {
		fields[name] = field
	}
	if _, err := readObject(payload, fields); err != nil {
		return Edition{}, fmt.Errorf("%w: %w", ErrList, err)
	}
	switch life := head.ExpiresAt - head.IssuedAt; {
	case head.Version != listVersion:
		return Edition{}, listError("it has another version; update the reader")
	case !validHost(head.Issuer):
		return Edition{}, listError("its issuer is not a host name")
	case head.IssuedAt <= 0 || head.ExpiresAt > maxTime || life <= 0 || life > int64(maxListLife/time.Second):
		return Edition{}, listError("its times are out of range")
	}
	return Edition{head.Issuer, time.Unix(head.IssuedAt, 0).UTC(), time.Unix(head.ExpiresAt, 0).UTC()}, nil
}

// signList signs the payload of a list in the name of the issuer that it names, when read accepts it and the signed text is no
// longer than limit: nothing is signed that no reader would take.
func (s *Signer) signList(typ, issuer string, limit int, payload any, read func([]byte) error) (string, error) {
	if issuer != s.key.Issuer {
		return "", fmt.Errorf("%w: it belongs to another issuer than the list", ErrKey)
	}
	text, err := json.Marshal(payload)
	if err != nil {
		return "", err
	}
	if err := read(text); err != nil {
		return "", err
	}
	signed, err := s.SignJWS(typ, text)
	if err != nil {
		return "", err
	}
	if len(signed) > limit {
		return "", listError("it is too long")
	}
	return signed, nil
}

// verifyList reads the payload of a list of at most limit bytes, signed by a key that was trusted before for the issuer that it
// names and was in use when it was issued. A list can therefore neither make itself trusted nor speak for another issuer.
func (s KeySet) verifyList(text, typ string, limit int, read func([]byte) (Edition, error)) error {
	if len(text) > limit {
		return listError("it is too long")
	}
	payload, key, err := s.VerifyJWS(text, typ)
	if err != nil {
		return err
	}
	edition, err := read(payload)
	if err != nil {
		return err
	}
	if key.Issuer != edition.Issuer || !key.NotAfter.IsZero() && edition.IssuedAt.After(key.NotAfter) {
		return ErrListSigner
	}
	return nil
}
