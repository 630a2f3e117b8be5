package web

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/locket-health/locket/emergency"
)

// begun is the first half of a passkey ceremony as the browser gets it.
type begun struct {
	Ceremony  string          `json:"ceremony"`
	PublicKey json.RawMessage `json:"publicKey"`
	Mediation string          `json:"mediation,omitempty"`
	Text      []string        `json:"text,omitempty"`   // of an approval: what is approved
	SHA256    string          `json:"sha256,omitempty"` // of an approval: hash of the exact bytes
}

// begin answers a ceremony. The options may come with or without their outer "publicKey".
func (x *exchange) begin(b emergency.Begun) error {
	var outer struct {
		PublicKey json.RawMessage `json:"publicKey"`
	}
	if err := json.Unmarshal(b.Options, &outer); err != nil {
		return err
	}
	if outer.PublicKey == nil {
		outer.PublicKey = b.Options
	}
	return x.json(begun{Ceremony: b.Ceremony, PublicKey: outer.PublicKey, Text: x.sentences(b.Text), SHA256: b.SHA256})
}

// finished is the second half: the browser's answer, passed on as it is.
type finished struct {
	Ceremony   string          `json:"ceremony"`
	Credential json.RawMessage `json:"credential"`
	Label      string          `json:"label"` // of a new passkey
}

// finish reads the second half of a ceremony. Outputs of the PRF extension are key material that must never leave the device: a page that
// sends them is refused, so that the mistake is found before anybody relies on it.
func (x *exchange) finish() (finished, error) {
	var request finished
	if err := decodeJSON(x.r, &request); err != nil {
		return request, err
	}
	var credential struct {
		Results struct {
			PRF struct {
				Results json.RawMessage `json:"results"`
			} `json:"prf"`
		} `json:"clientExtensionResults"`
	}
	if err := json.Unmarshal(request.Credential, &credential); err != nil {
		return request, invalid("not_json", "credential")
	}
	if credential.Results.PRF.Results != nil {
		return request, invalid("prf", "credential")
	}
	return request, nil
}

// located tells the page's script where to go.
func (x *exchange) located(path string) error { return x.json(map[string]string{"location": path}) }

type signupRequest struct {
	Name string `json:"name"`
}

func (s *Server) beginSignup(x *exchange) error {
	var request signupRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	b, err := s.Service.BeginSignup(x.r.Context(), x.caller, request.Name, x.lang.Code)
	if err != nil {
		return err
	}
	return x.begin(b)
}

func (s *Server) finishSignup(x *exchange) error {
	request, err := x.finish()
	if err != nil {
		return err
	}
	session, err := s.Service.FinishSignup(x.r.Context(), x.caller, request.Ceremony, request.Credential)
	if err != nil {
		return err
	}
	x.signIn(session)
	return x.located("/home")
}

// nothing is a request without content: an empty object.
type nothing struct{}

func (s *Server) beginSignin(x *exchange) error {
	if err := decodeJSON(x.r, &nothing{}); err != nil {
		return err
	}
	b, err := s.Service.BeginSignin(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	return x.begin(b)
}

func (s *Server) finishSignin(x *exchange) error {
	request, err := x.finish()
	if err != nil {
		return err
	}
	session, err := s.Service.FinishSignin(x.r.Context(), x.caller, request.Ceremony, request.Credential)
	if err != nil {
		return err
	}
	x.signIn(session)
	return x.located("/home")
}

func (s *Server) beginPasskey(x *exchange) error {
	if err := decodeJSON(x.r, &nothing{}); err != nil {
		return err
	}
	b, err := s.Service.BeginPasskey(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	return x.begin(b)
}

func (s *Server) finishPasskey(x *exchange) error {
	request, err := x.finish()
	if err != nil {
		return err
	}
	if err := s.Service.FinishPasskey(x.r.Context(), x.caller, request.Ceremony, request.Credential, request.Label); err != nil {
		return err
	}
	return x.located("/account")
}

// approvalRequest is the exact act that a passkey is to approve.
type approvalRequest struct {
	Kind   string          `json:"kind"`
	Target string          `json:"target"`
	Body   json.RawMessage `json:"body"`
	Base   int             `json:"base"` // rules: the version that they were compared with, 0 for none
}

func (s *Server) beginApproval(x *exchange) error {
	var request approvalRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	b, err := s.Service.BeginApproval(x.r.Context(), x.caller, emergency.Action{Kind: request.Kind, Target: request.Target, Body: request.Body, Base: request.Base})
	if err != nil {
		return err
	}
	return x.begin(b)
}

func (s *Server) finishApproval(x *exchange) error {
	request, err := x.finish()
	if err != nil {
		return err
	}
	action, err := s.Service.FinishApproval(x.r.Context(), x.caller, request.Ceremony, request.Credential)
	if err != nil {
		return err
	}
	switch action.Kind {
	case emergency.ActionRules:
		return x.located("/patients/" + action.Target + "/rules?changed=1")
	case emergency.ActionDeletePatient:
		return x.located("/home")
	case emergency.ActionDeleteAccount:
		x.forget()
		return x.located("/")
	default:
		return x.located("")
	}
}

// landing is the first page. Somebody who is signed in is taken home.
func (s *Server) landing(x *exchange) error {
	if x.caller.SignedIn() {
		return x.redirect("/home")
	}
	return x.show("landing", x.newPage("console.landing.title"))
}

func (s *Server) signup(x *exchange) error {
	p := x.newPage("console.signup.title")
	p.Back, p.Scripts = "/", []string{"js/console/signup.js"}
	p.D = field{ID: "name", Kind: "text", Label: x.T("console.signup.name"), Hint: x.T("console.signup.name.hint"), Auto: "name"}
	return x.show("signup", p)
}

func (s *Server) signin(x *exchange) error {
	p := x.newPage("console.signin.title")
	p.Back, p.Scripts = "/", []string{"js/console/signin.js"}
	return x.show("signin", p)
}

func (s *Server) recover(x *exchange) error { return x.show("recover", x.recoverPage("")) }

func (x *exchange) recoverPage(problem string) page {
	p := x.newPage("console.recover.title")
	p.Back = "/signin"
	if problem != "" {
		p.Faults = []fault{{"code", problem}}
	}
	p.D = field{ID: "code", Kind: "code", Label: x.T("console.recover.label"), Hint: x.T("console.recover.hint"), Fault: problem}
	return p
}

// useRecovery signs in by a recovery code, into a session that can add a passkey and nothing else.
func (s *Server) useRecovery(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	session, err := s.Service.UseRecovery(x.r.Context(), x.caller, x.value("code"))
	if errors.Is(err, emergency.ErrNotFound) {
		return x.render(http.StatusNotFound, "recover", x.recoverPage(x.T("console.recover.wrong")))
	}
	if err != nil {
		return err
	}
	x.signIn(session)
	return x.redirect("/account/passkeys/new")
}
