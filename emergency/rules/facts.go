package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/locket-health/locket/emergency/section"
)

// facts are a request as the rules look at it.
type facts struct {
	Request
	asker
	country     string
	reach       section.Set // what the step can open at all
	now         int64
	requested   int64 // may be after now, when a clock was set back
	incidentEnd int64 // when the last declared incident ends; zero if none is declared
}

func gather(request Request, now time.Time) facts {
	f := facts{Request: request, now: milliseconds(now), country: request.Country}
	f.asker = asker{step: request.Step, badged: request.Proofs.Has(ProofBadge), contact: request.Contact != "", vetoed: request.Vetoed}
	if f.badged && request.Organization.Country != "" {
		f.country = request.Organization.Country
	}
	f.reach = section.Critical
	if request.Step == StepSensitive {
		f.unnamed = !f.badged && !f.contact && strings.TrimSpace(request.Stated.Name) == ""
		if !f.unnamed {
			f.reach = section.OrdinarySet | section.SensitiveSet
		}
	}
	f.requested = f.now
	if !request.RequestedAt.IsZero() {
		f.requested = milliseconds(request.RequestedAt)
	}
	for _, incident := range request.Incidents {
		if incident.Until.IsZero() || f.now < milliseconds(incident.From) {
			continue
		}
		if end := milliseconds(incident.Until); f.now < end {
			f.incidentEnd = max(f.incidentEnd, end)
		}
	}
	return f
}

func (r *rule) matches(f *facts) bool {
	switch r.Who.Kind {
	case Anyone:
	case Badged:
		if !f.badged {
			return false
		}
	case OrganizationKind:
		if !f.badged || f.Organization.Kind != r.Who.ID {
			return false
		}
	case OneOrganization:
		if !f.badged || f.Organization.ID != r.Who.ID {
			return false
		}
	case Contact:
		if !f.contact || r.Who.ID != "" && f.Contact != r.Who.ID {
			return false
		}
	default:
		return false
	}
	return f.Proofs.Has(r.Proof) &&
		r.from <= f.now && f.now < r.until &&
		(!r.When.Incident || f.incidentEnd != 0) &&
		(len(r.Where) == 0 || slices.Contains(r.Where, f.country))
}
