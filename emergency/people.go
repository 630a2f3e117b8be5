package emergency

import (
	"context"
	"slices"
	"strings"
)

// People are those whom a patient's rules can name, with their names: a rule holds identifiers alone.
type People struct {
	Contacts      []Named
	Organizations []Named
}

// Named is a contact of the patient, or an organization of this house.
type Named struct {
	ID, Name string
	Kind     string // of an organization
	Country  string // of an organization, "" for none
	Gone     bool   // no rule needs to be made for them any more: a contact who stopped, an organization that is suspended
}

// People finds whom the rules of a patient can name. Own addresses are no contacts who could open anything, and the operator breaks no glass.
func (s *Service) People(ctx context.Context, c Caller, id PatientID) (People, error) {
	var people People
	if _, err := s.kept(ctx, c, id); err != nil {
		return people, err
	}
	var contacts []Contact
	var organizations []Organization
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		if contacts, err = r.Contacts(id); err != nil {
			return err
		}
		organizations, err = r.Organizations()
		return err
	}); err != nil {
		return people, err
	}
	for _, contact := range contacts {
		details, err := s.openContact(contact)
		if err != nil {
			return people, err
		}
		if !details.Own {
			people.Contacts = append(people.Contacts, Named{ID: string(contact.ID), Name: details.Name, Gone: !contact.StoppedAt.IsZero()})
		}
	}
	for _, organization := range organizations {
		if organization.Kind == KindOperator {
			continue
		}
		view, err := s.viewOrganization(organization)
		if err != nil {
			return people, err
		}
		people.Organizations = append(people.Organizations, Named{ID: string(view.ID), Name: view.Name, Kind: view.Kind, Country: view.Country,
			Gone: !view.SuspendedAt.IsZero()})
	}
	for _, list := range [][]Named{people.Contacts, people.Organizations} {
		slices.SortStableFunc(list, func(a, b Named) int { return strings.Compare(a.Name, b.Name) })
	}
	return people, nil
}
