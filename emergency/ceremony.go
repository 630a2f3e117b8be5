package emergency

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"github.com/locket-health/locket/emergency/rules"
)

// Begun is a passkey ceremony that the browser is to answer: Options goes to navigator.credentials, Ceremony comes back with the answer.
type Begun struct {
	Ceremony string
	Options  json.RawMessage
	Text     []rules.Message // of an approval: what is approved, in words
	SHA256   string          // of an approval: hash of the exact bytes approved, in hexadecimal
}

// The purposes of what waits for its second half. A ceremony begun for one is worth nothing for another.
const (
	ceremonySignup  = "signup"
	ceremonySignin  = "signin"
	ceremonyPasskey = "passkey"
	ceremonyApprove = "approve"
	ceremonyImport  = "import"
	ceremonyLink    = "link"
)

const (
	ceremonyLife = 5 * time.Minute
	importLife   = time.Hour
)

// waiting is what Ceremony.Sealed holds: the length of the state in four bytes, the state, the body.
type waiting struct {
	State []byte // of the relying party
	Body  []byte // what will be done
}

// begin remembers a ceremony until it is answered.
func (s *Service) begin(ctx context.Context, c Caller, purpose string, options, state, body []byte) (Begun, error) {
	token, err := s.remember(ctx, c, purpose, ceremonyLife, waiting{State: state, Body: body})
	return Begun{Ceremony: token, Options: options}, err
}

func (s *Service) remember(ctx context.Context, c Caller, purpose string, life time.Duration, w waiting) (string, error) {
	secret, hash, err := s.newToken()
	if err != nil {
		return "", err
	}
	plain := append(binary.BigEndian.AppendUint32(nil, uint32(len(w.State))), w.State...)
	plain = append(plain, w.Body...)
	ceremony := Ceremony{Token: hash, Purpose: purpose, Account: c.Account, Session: c.Session, ExpiresAt: s.now().Add(life)}
	if ceremony.Sealed, err = s.seal("ceremony", "state", hash.String(), plain); err != nil {
		return "", err
	}
	return secret, s.Store.Update(ctx, func(tx Tx) error {
		if purpose == ceremonyImport { // a whole document: one at a time
			if err := tx.DeleteCeremonies(c.Account, purpose); err != nil {
				return err
			}
		}
		return tx.PutCeremony(ceremony)
	})
}

// take ends a ceremony and returns what was remembered. It is gone before anything is checked, so that no answer can be tried twice; it
// must be of this purpose, this account and this browser session, and in time.
func (s *Service) take(ctx context.Context, c Caller, purpose, token string) (state, body []byte, err error) {
	hash := hashToken(token)
	var ceremony Ceremony
	err = s.Store.Update(ctx, func(tx Tx) (err error) {
		ceremony, err = tx.TakeCeremony(hash)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil, nil, ErrCeremony
	}
	if err != nil {
		return nil, nil, err
	}
	return s.openCeremony(c, purpose, ceremony)
}

// openCeremony checks whose, for what and until when a ceremony is, and opens it.
func (s *Service) openCeremony(c Caller, purpose string, ceremony Ceremony) (state, body []byte, err error) {
	if ceremony.Purpose != purpose || ceremony.Account != c.Account || ceremony.Session != c.Session || !s.now().Before(ceremony.ExpiresAt) {
		return nil, nil, ErrCeremony
	}
	plain, err := s.unseal("ceremony", "state", ceremony.Token.String(), ceremony.Sealed)
	if err != nil {
		return nil, nil, err
	}
	const head = 4
	if len(plain) < head || len(plain)-head < int(binary.BigEndian.Uint32(plain)) {
		return nil, nil, ErrCeremony
	}
	end := head + int(binary.BigEndian.Uint32(plain))
	return plain[head:end], plain[end:], nil
}
