package passkey

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"
)

// purpose keeps the state of one kind of ceremony from finishing another.
type purpose string

const (
	registration purpose = "registration"
	hardware     purpose = "hardware"
	signIn       purpose = "sign-in"
	approval     purpose = "approval"
)

// state is what a Finish must know of its Begin.
type state struct {
	Version int                  `json:"v"`
	Purpose purpose              `json:"purpose"`
	Expires int64                `json:"expires"` // Unix milliseconds, by the relying party's own clock
	Session webauthn.SessionData `json:"session"` // stored whole: what is left out makes later checks fail or, worse, pass
}

// stateVersion changes when state does. A state lives for minutes, so older ones are refused and the person starts again.
const stateVersion = 1

// seal writes the state of a ceremony that begins now.
func (rp *RelyingParty) seal(p purpose, session *webauthn.SessionData) ([]byte, error) {
	session.Expires = time.Time{} // one clock decides, and it is ours
	sealed, err := json.Marshal(state{Version: stateVersion, Purpose: p, Expires: rp.now().Add(Lifetime).UnixMilli(), Session: *session})
	if err != nil {
		return nil, fmt.Errorf("passkey: write ceremony state: %w", err)
	}
	return sealed, nil
}

// open reads a state back. One of another purpose, too old, or from a clock that was set back answers ErrCeremony.
func (rp *RelyingParty) open(p purpose, sealed []byte) (webauthn.SessionData, error) {
	var s state
	decoder := json.NewDecoder(bytes.NewReader(sealed))
	if err := decoder.Decode(&s); err != nil {
		return webauthn.SessionData{}, ErrCeremony
	}
	left := time.UnixMilli(s.Expires).Sub(rp.now())
	if s.Version != stateVersion || s.Purpose != p || left <= 0 || left > Lifetime {
		return webauthn.SessionData{}, ErrCeremony
	}
	return s.Session, nil
}
