package web

import (
	"errors"
	"net/http"
	"slices"

	"github.com/locket-health/locket/emergency/consent"
	"github.com/locket-health/locket/emergency/rules"
)

// consentBody bounds a Consent and the form around it.
const consentBody = consent.MaxBytes + 64<<10

// exportConsent hands out the rules in force as a FHIR Consent.
func (s *Server) exportConsent(x *exchange) error {
	id, err := x.patient()
	if err != nil {
		return err
	}
	document, err := s.Service.ExportConsent(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	x.attach("application/fhir+json", "consent.json")
	return x.write(document)
}

func (s *Server) consentForm(x *exchange) error { return x.consentPage("") }

func (x *exchange) consentPage(problem string) error {
	p, _, err := x.patientPage("rules", "editor.consent.import.title")
	if err != nil {
		return err
	}
	status := http.StatusOK
	if problem != "" {
		status, p.Faults = http.StatusBadRequest, []fault{{"file", problem}}
	}
	p.Back += "/rules"
	p.D = field{ID: "file", Kind: "file", Label: x.T("editor.consent.file"), Fault: problem}
	return x.render(status, "consent", p)
}

// importConsent reads a Consent and shows what it means as rules. They become a draft, and are in force when a passkey has approved them.
func (s *Server) importConsent(x *exchange) error {
	id, err := x.patient()
	if err != nil {
		return err
	}
	if _, err := s.Service.Patient(x.r.Context(), x.caller, id); err != nil {
		return err
	}
	x.allow(uploadTimeout)
	document, _, err := x.upload()
	if err != nil {
		return err
	}
	policy, left, err := consent.Decode(document)
	if err != nil {
		return x.consentPage(x.T(consentProblem(err)))
	}
	if len(policy.Rules) == 0 && len(left) > 0 {
		return x.consentPage(x.T("editor.consent.nothing"))
	}
	w, _, err := x.present()
	if err != nil {
		return err
	}
	p, _, err := x.patientPage("rules", "editor.consent.check")
	if err != nil {
		return err
	}
	policy = labelled(policy)
	p.Back += "/rules/import"
	p.D = struct {
		Base, Draft, Delay string
		Version            int
		Rules              [][]string
		Unknown            []string
		Left               []string
	}{"/patients/" + string(id), string(rules.Canonical(policy)), x.delayed(policy), w.base, x.ruleSentences(policy, w.people), w.people.unknown(policy), left}
	return x.show("consent_check", p)
}

// consentProblem is the key of what keeps a Consent from being read.
func consentProblem(err error) string {
	switch {
	case errors.Is(err, consent.ErrTooLarge):
		return "editor.consent.large"
	case errors.Is(err, consent.ErrNotActive):
		return "editor.consent.inactive"
	default:
		return "editor.consent.wrong"
	}
}

// unknown are the identifiers in a policy that name nobody here.
func (p people) unknown(policy rules.Policy) (ids []string) {
	note := func(r roll, id string) {
		if _, found := r.find(id); !found && id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, rule := range policy.Rules {
		switch rule.Who.Kind {
		case rules.OneOrganization:
			note(p.Organizations, rule.Who.ID)
		case rules.Contact:
			note(p.Contacts, rule.Who.ID)
		}
		for _, id := range rule.HowSoon.Of {
			note(p.Contacts, id)
		}
	}
	return ids
}
