package emergency

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/passkey"
	"github.com/locket-health/locket/emergency/rules"
)

// Action is an act that a passkey approves. Its canonical bytes are what the passkey signs for.
type Action struct {
	Kind   string          `json:"kind"`
	Target string          `json:"target,omitempty"` // the patient, or the account
	Base   int             `json:"base,omitempty"`   // rules: the version that they replace
	Body   json.RawMessage `json:"body,omitempty"`   // rules: their canonical form
}

// The acts that a passkey approves one by one.
const (
	ActionVerify        = "verify" // nothing but "it is still me": makes the session fresh
	ActionRules         = "rules"
	ActionDeletePatient = "delete_patient"
	ActionDeleteAccount = "delete_account"
)

// canonical are the exact bytes approved: JSON with the fields in this order and no white space.
func (a Action) canonical() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(a)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// Approved is an approval with what it approved: all that is needed to check it later, by anybody, with passkey.VerifyApproval.
type Approved struct {
	Action   json.RawMessage  `json:"action"`
	Approval passkey.Approval `json:"approval"`
}

// BeginApproval asks the caller's passkey to approve exactly this act.
func (s *Service) BeginApproval(ctx context.Context, c Caller, action Action) (Begun, error) {
	if !c.SignedIn() {
		return Begun{}, ErrSignIn
	}
	text, err := s.prepare(ctx, c, &action)
	if err != nil {
		return Begun{}, err
	}
	exact, err := action.canonical()
	if err != nil {
		return Begun{}, err
	}
	user, err := s.callersUser(ctx, c)
	if err != nil {
		return Begun{}, err
	}
	options, state, err := s.Passkeys.BeginApproval(user, exact)
	if err != nil {
		return Begun{}, passkeyError(err)
	}
	begun, err := s.begin(ctx, c, ceremonyApprove, options, state, exact)
	sum := sha256.Sum256(exact)
	begun.Text, begun.SHA256 = text, hex.EncodeToString(sum[:])
	return begun, err
}

// prepare checks that the caller may ask for the act, brings it into its canonical form and says in words what it does.
func (s *Service) prepare(ctx context.Context, c Caller, action *Action) ([]rules.Message, error) {
	switch action.Kind {
	case ActionVerify, ActionDeleteAccount:
		action.Target, action.Base, action.Body = string(c.Account), 0, nil
	case ActionRules:
		policy, err := rules.ParsePolicy(action.Body)
		if err != nil {
			return nil, ErrInvalid.because(err)
		}
		patient, err := s.kept(ctx, c, PatientID(action.Target))
		if err != nil {
			return nil, err
		}
		if err := s.Store.View(ctx, func(r Reader) error { return s.mayDecide(r, c, patient) }); err != nil {
			return nil, err
		}
		if action.Base != 0 && action.Base != patient.RulesVersion {
			return nil, ErrChanged // somebody compared these rules with others than those in force
		}
		action.Base, action.Body = patient.RulesVersion, rules.Canonical(policy)
		return rules.Sentences(policy), nil
	case ActionDeletePatient:
		if h, err := s.hidden(ctx, c, PatientID(action.Target)); err != nil {
			return nil, err
		} else if h.floor {
			return nil, ErrGuardian // the record is the patient's
		}
		action.Base, action.Body = 0, nil
	default:
		return nil, ErrInvalid.with("field", "kind")
	}
	return []rules.Message{{Key: "approve." + action.Kind}}, nil
}

// FinishApproval checks that the passkey approved exactly the act that was begun, and does it.
func (s *Service) FinishApproval(ctx context.Context, c Caller, ceremony string, response []byte) (Action, error) {
	if !c.SignedIn() {
		return Action{}, ErrSignIn
	}
	state, exact, err := s.take(ctx, c, ceremonyApprove, ceremony)
	if err != nil {
		return Action{}, err
	}
	var action Action
	if err := json.Unmarshal(exact, &action); err != nil {
		return Action{}, err
	}
	user, err := s.callersUser(ctx, c)
	if err != nil {
		return Action{}, err
	}
	approval, credential, err := s.Passkeys.FinishApproval(user, state, exact, response)
	if errors.Is(err, passkey.ErrCloned) {
		return Action{}, errors.Join(passkeyError(err), s.markCloned(ctx, c, credential))
	}
	if err != nil {
		return Action{}, passkeyError(err)
	}
	approved := Approved{Action: exact, Approval: approval}
	return action, s.Store.Update(ctx, func(tx Tx) error {
		now := s.now()
		if err := s.usePasskey(tx, credential, now); err != nil {
			return err
		}
		session, err := tx.Session(c.Session)
		if err != nil {
			return err
		}
		session.VerifiedAt = now
		if err := tx.PutSession(session); err != nil {
			return err
		}
		if err := s.mayApproveNow(tx, c, action, credential); err != nil {
			return err
		}
		switch action.Kind {
		case ActionRules:
			return s.changeRules(tx, c, action, approved)
		case ActionDeletePatient:
			return s.deletePatient(tx, c, PatientID(action.Target), &approved)
		case ActionDeleteAccount:
			return s.deleteAccount(tx, c, &approved)
		}
		return nil
	})
}

// markCloned remembers that a passkey's counter went back, with an entry: it approves nothing any more.
func (s *Service) markCloned(ctx context.Context, c Caller, credential passkey.Credential) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		event := s.event(c, audit.AccountSignedIn, string(c.Account))
		event.Outcome, event.Details = audit.Refused, map[string]string{"warning": "cloned_passkey"}
		tx.Append(event)
		return s.usePasskey(tx, credential, s.now())
	})
}

func (s *Service) callersUser(ctx context.Context, c Caller) (user passkey.User, err error) {
	err = s.Store.View(ctx, func(r Reader) error {
		user, err = s.user(r, c.Account)
		return err
	})
	return user, err
}

// proves writes into an entry what is needed to check an approval without trusting this server. The act itself is kept with the rules; the
// entry carries its hash, which the passkey signed.
func (a Approved) proves(event *audit.Event) {
	b64 := base64.RawURLEncoding.EncodeToString
	event.Details = map[string]string{
		"action_sha256": a.sum(), "client_data_json": b64(a.Approval.ClientDataJSON),
		"authenticator_data": b64(a.Approval.AuthenticatorData), "signature": b64(a.Approval.Signature),
		"public_key": b64(a.Approval.PublicKey), "rp_id": a.Approval.RPID,
	}
}

// sum is the hash of the act, in hexadecimal: what names it in the log.
func (a Approved) sum() string {
	sum := sha256.Sum256(a.Action)
	return hex.EncodeToString(sum[:])
}
