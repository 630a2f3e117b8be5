package emergency

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/locket-health/locket/audit"
)

// OpeningView is an opening as those see it who review: who, why, when and under whose badge. Of the patient it knows the pseudonym alone, and of the record
// nothing.
type OpeningView struct {
	Grant          GrantID
	Patient        PatientID // "" for an organization's administrators
	From           time.Time
	Until          time.Time
	EndedAt        time.Time // zero unless it was ended before its time
	Step           string
	Drill          bool
	ByContact      bool
	OrganizationID OrganizationID // of the badge, "" without one
	Organization   string         // its name at that time
	Kind           string
	MemberID       AccountID // whose badge it was, "" for one of another house
	Member         string
	Suspended      bool // their badge is suspended by now; only of openings that wait for an answer
	Stated         Stated
	Review         *ReviewView // nil while no keeper has said anything
}

// Who tells different responders of one patient apart: the badge where there is one, else what was claimed, and from where.
func (o OpeningView) responder() string {
	if o.MemberID != "" {
		return string(o.MemberID)
	}
	return strings.ToLower(o.Stated.Name) + "\x00" + o.Stated.Network
}

// OfficerView is what a privacy officer has to look at.
type OfficerView struct {
	Reviews  []ReviewView  // unanswered, the one that is due first before the others
	Unbadged []OpeningView // without a badge, newest first
	Outliers []Outlier     // newest first
	Partial  bool          // there was more than was looked through
}

// Outlier is something that happened far more often than is usual.
type Outlier struct {
	Kind           string // one of the Outlier constants
	At             time.Time
	OrganizationID OrganizationID
	Organization   string
	MemberID       AccountID
	Member         string
	Suspended      bool // their badge is suspended by now
	Network        string
	Patient        PatientID
	Count          int // openings, patients or responders
	Usual          int // openings on a usual day of the others, for OutlierDay
}

// The kinds of outliers.
const (
	OutlierDay     = "day"     // a badge opened far more in a day than the others of its organization
	OutlierBadge   = "badge"   // one badge touched many patients within an hour
	OutlierNetwork = "network" // one network did
	OutlierPatient = "patient" // many responders opened one patient within a day
)

const (
	unusualDay        = 5 // openings by a badge in a day that nobody asks about
	unusualResponders = 5 // different responders of one patient in a day
	usualDays         = 30
	outlierDays       = 7
	officerShown      = 100
)

// OfficerQuery picks openings. Zero fields pick all.
type OfficerQuery struct {
	Organization OrganizationID
	Member       AccountID
	Patient      PatientID
	Since, Until time.Time // Until exclusive
	Reason       string    // one of rules.Reasons
	Unbadged     bool
}

// officer is ErrNotFound for everybody who is no privacy officer: for them there is no such place.
func officer(r Reader, c Caller) error {
	if err := signedIn(c); err != nil {
		return err
	}
	is, err := officerIn(r, c)
	if err == nil && !is {
		err = ErrNotFound
	}
	return err
}

// Officer shows a privacy officer what waits for them.
func (s *Service) Officer(ctx context.Context, c Caller) (OfficerView, error) {
	var view OfficerView
	now := s.now()
	err := s.Store.View(ctx, func(r Reader) (err error) {
		if err := officer(r, c); err != nil {
			return err
		}
		if view.Reviews, err = s.unanswered(r, c, ReviewFilter{Unanswered: true, Limit: officerShown}); err != nil {
			return err
		}
		if view.Unbadged, err = s.openings(r, GrantFilter{Unbadged: true, Since: now.AddDate(0, 0, -usualDays), Limit: officerShown}); err != nil {
			return err
		}
		recent, err := s.openings(r, GrantFilter{Since: now.AddDate(0, 0, -outlierDays), Limit: abuseRows})
		if err != nil {
			return err
		}
		tallies, err := r.GrantTallies(now.AddDate(0, 0, -usualDays))
		if err != nil {
			return err
		}
		view.Partial = len(recent) >= abuseRows
		view.Outliers = append(outliers(recent), unusualDays(tallies)...)
		for i := range view.Outliers {
			if err := s.nameOutlier(r, &view.Outliers[i]); err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortStableFunc(view.Outliers, func(a, b Outlier) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Count, a.Count)) })
	view.Outliers = view.Outliers[:min(len(view.Outliers), officerShown)]
	return view, err
}

// SearchOpenings lists openings for a privacy officer, newest first. Every search is an entry, for the keepers too when it was one for their patient.
func (s *Service) SearchOpenings(ctx context.Context, c Caller, query OfficerQuery) ([]OpeningView, error) {
	found, err := s.findOpenings(ctx, c, query)
	if err != nil {
		return nil, err
	}
	if err := s.Store.Update(ctx, func(tx Tx) error {
		if err := officer(tx, c); err != nil {
			return err
		}
		for _, event := range s.officerEvents(c, query, audit.OfficerSearched, found) {
			tx.Append(event)
		}
		return nil
	}); err != nil {
		return nil, noLogNoData(err)
	}
	return found, nil
}

// ExportOpenings is SearchOpenings for what leaves the house as a file, which write writes. It needs a passkey touched just now, and every patient among the
// openings reads in the log that it was begun, and how it ended.
func (s *Service) ExportOpenings(ctx context.Context, c Caller, query OfficerQuery, write func([]OpeningView) error) error {
	found, began, err := s.beginOfficerExport(ctx, c, query)
	if err != nil {
		return err
	}
	return s.Conclude(ctx, began, write(found))
}

// beginOfficerExport finds openings and writes down that they are about to leave.
func (s *Service) beginOfficerExport(ctx context.Context, c Caller, query OfficerQuery) ([]OpeningView, Intent, error) {
	if !c.fresh(s.now()) {
		return nil, Intent{}, errors.Join(signedIn(c), ErrFreshPasskey)
	}
	found, err := s.findOpenings(ctx, c, query)
	if err != nil {
		return nil, Intent{}, err
	}
	began, err := s.intend(ctx, func(tx Tx) error { return officer(tx, c) }, s.officerEvents(c, query, audit.OfficerExported, found)...)
	return found, began, err
}

// officerEvents are the entries of a search: one, for the keepers too when it was one for their patient. Of an export there is one for every patient in it besides.
func (s *Service) officerEvents(c Caller, query OfficerQuery, kind audit.Type, found []OpeningView) []audit.Event {
	event := s.event(c, kind, string(query.Patient))
	event.Actor.Kind = audit.ByOperator
	event.Details = map[string]string{}
	for name, value := range map[string]string{"organization": string(query.Organization), "member": string(query.Member), "stated_reason": query.Reason} {
		if value != "" {
			event.Details[name] = value
		}
	}
	events := []audit.Event{event}
	if kind != audit.OfficerExported {
		return events
	}
	told := map[PatientID]bool{query.Patient: true}
	for _, o := range found {
		if !told[o.Patient] {
			told[o.Patient], event.Subject = true, string(o.Patient)
			events = append(events, event)
		}
	}
	return events
}

// findOpenings finds what an officer asks for, newest first.
func (s *Service) findOpenings(ctx context.Context, c Caller, query OfficerQuery) ([]OpeningView, error) {
	var found []OpeningView
	err := s.Store.View(ctx, func(r Reader) (err error) { // not in the writer's turn: responders wait for that
		if err := officer(r, c); err != nil {
			return err
		}
		if query.Patient != "" {
			if _, err := r.Patient(query.Patient); err != nil {
				return err
			}
		}
		found, err = s.openings(r, GrantFilter{Organization: query.Organization, Patient: query.Patient, Since: query.Since, Until: query.Until,
			Unbadged: query.Unbadged, Limit: abuseRows})
		if err != nil {
			return err
		}
		found = slices.DeleteFunc(found, func(o OpeningView) bool {
			return query.Member != "" && o.MemberID != query.Member || query.Reason != "" && o.Stated.Reason != query.Reason
		})
		found = found[:min(len(found), SearchShown)]
		for i := range found {
			if found[i].Review, err = s.reviewIn(r, c, found[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// reviewIn is what was said of an opening, nil while nothing was. A keeper's own words are for whoever answers, and nobody answers for themselves: they are not
// for the one who has opened.
func (s *Service) reviewIn(r Reader, c Caller, opening OpeningView) (*ReviewView, error) {
	review, err := r.Review(opening.Grant)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	view, err := s.viewReview(review)
	if opening.MemberID != "" && opening.MemberID == c.Account {
		view.Words = ""
	}
	return &view, err
}

// SearchShown is how many openings a search finds at most.
const SearchShown = 1000

// openings reads openings, newest first. What a keeper has put behind a link is given out and not broken open: it is not among them.
func (s *Service) openings(r Reader, filter GrantFilter) ([]OpeningView, error) {
	grants, err := r.Grants(filter)
	if err != nil {
		return nil, err
	}
	views := make([]OpeningView, 0, len(grants))
	for _, grant := range grants {
		if grant.Step == stepLink {
			continue
		}
		view, err := s.reviewedOpening(grant)
		if err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return views, nil
}

func (s *Service) reviewedOpening(grant Grant) (OpeningView, error) {
	stated, err := s.openStated("grant", string(grant.ID), grant.SealedStated)
	if grant.Contact != "" {
		stated.Name, stated.Contact, stated.CallBack = "", "", "" // who is near to somebody says who that is
	}
	return OpeningView{Grant: grant.ID, Patient: grant.Patient, From: grant.From, Until: grant.Until, EndedAt: grant.EndedAt, Step: grant.Step, Drill: grant.Drill,
		ByContact: grant.Contact != "", OrganizationID: grant.Organization, Organization: stated.Badge, Kind: stated.BadgeKind, MemberID: grant.Member,
		Member: stated.BadgeName, Stated: stated}, err
}

// outliers finds who has touched many patients within an hour, and whom many responders have opened within a day. Drills do not count.
func outliers(recent []OpeningView) []Outlier {
	recent = slices.DeleteFunc(slices.Clone(recent), func(o OpeningView) bool { return o.Drill })
	slices.Reverse(recent) // oldest first
	patient := func(o OpeningView) string { return string(o.Patient) }
	var found []Outlier
	for _, rule := range []struct {
		kind   string
		place  func(OpeningView) string // "" for none
		what   func(OpeningView) string
		within time.Duration
		above  int
	}{
		{OutlierBadge, func(o OpeningView) string { return string(o.MemberID) }, patient, time.Hour, unusualPatients},
		{OutlierNetwork, func(o OpeningView) string { return o.Stated.Network }, patient, time.Hour, unusualPatients},
		{OutlierPatient, patient, OpeningView.responder, 24 * time.Hour, unusualResponders},
	} {
		for _, group := range grouped(recent, rule.place) {
			last, count := mostWithin(group, rule.what, rule.within)
			if count <= rule.above {
				continue
			}
			o := group[last]
			outlier := Outlier{Kind: rule.kind, At: o.From, Count: count}
			switch rule.kind {
			case OutlierBadge:
				outlier.OrganizationID, outlier.Organization, outlier.MemberID, outlier.Member = o.OrganizationID, o.Organization, o.MemberID, o.Member
			case OutlierNetwork:
				outlier.Network = o.Stated.Network
			case OutlierPatient:
				outlier.Patient = o.Patient
			}
			found = append(found, outlier)
		}
	}
	return found
}

// grouped puts openings of the same place together, in the order in which the places first appear.
func grouped(openings []OpeningView, place func(OpeningView) string) [][]OpeningView {
	where := make(map[string]int)
	var groups [][]OpeningView
	for _, o := range openings {
		at := place(o)
		if at == "" {
			continue
		}
		if _, known := where[at]; !known {
			where[at] = len(groups)
			groups = append(groups, nil)
		}
		groups[where[at]] = append(groups[where[at]], o)
	}
	return groups
}

// mostWithin is the largest number of different things within a time, and the opening with which it was reached. The openings are oldest first.
func mostWithin(openings []OpeningView, what func(OpeningView) string, within time.Duration) (last, most int) {
	counts := make(map[string]int)
	begin := 0
	for i, o := range openings {
		counts[what(o)]++
		for o.From.Sub(openings[begin].From) >= within {
			gone := what(openings[begin])
			if counts[gone]--; counts[gone] == 0 {
				delete(counts, gone)
			}
			begin++
		}
		if len(counts) > most {
			last, most = i, len(counts)
		}
	}
	return last, most
}

// unusualDays finds badges that opened more in a day than unusualDay and than unusualFactor times the median day of the others in their organization.
func unusualDays(tallies []GrantTally) []Outlier {
	var found []Outlier
	for begin := 0; begin < len(tallies); {
		end := begin
		for end < len(tallies) && tallies[end].Organization == tallies[begin].Organization {
			end++
		}
		crew := tallies[begin:end]
		for _, day := range crew {
			usual := medianOfOthers(crew, day.Member)
			if day.Openings > max(unusualDay, unusualFactor*usual) {
				found = append(found, Outlier{Kind: OutlierDay, At: day.Day, OrganizationID: day.Organization, MemberID: day.Member, Count: day.Openings, Usual: usual})
			}
		}
		begin = end
	}
	return found
}

func medianOfOthers(crew []GrantTally, member AccountID) int {
	var days []int
	for _, day := range crew {
		if day.Member != member {
			days = append(days, day.Openings)
		}
	}
	if len(days) == 0 {
		return 0
	}
	slices.Sort(days)
	return days[len(days)/2]
}

// nameOutlier fills in the names of an organization and its member as they are now, where they are of this house, and whether the badge still counts.
func (s *Service) nameOutlier(r Reader, o *Outlier) error {
	if o.OrganizationID == "" {
		return nil
	}
	organization, err := r.Organization(o.OrganizationID)
	if errors.Is(err, ErrNotFound) { // it is of another house
		o.Organization = cmp.Or(o.Organization, string(o.OrganizationID))
		return nil
	}
	if err != nil {
		return err
	}
	view, err := s.viewOrganization(organization)
	if err != nil {
		return err
	}
	o.Organization = view.Name
	member, err := r.Member(o.OrganizationID, o.MemberID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	name, err := s.unseal("member", "name", memberRow(member.Organization, member.Account), member.SealedName)
	o.Member, o.Suspended = string(name), !member.SuspendedAt.IsZero()
	return err
}

// suspended reports whether a member of this house is suspended.
func suspended(r Reader, organization OrganizationID, account AccountID) (bool, error) {
	member, err := r.Member(organization, account)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && !member.SuspendedAt.IsZero(), err
}

// OrganizationsToReview lists the organizations of the house for a privacy officer.
func (s *Service) OrganizationsToReview(ctx context.Context, c Caller) ([]OrganizationView, error) {
	var views []OrganizationView
	err := s.Store.View(ctx, func(r Reader) error {
		if err := officer(r, c); err != nil {
			return err
		}
		all, err := r.Organizations()
		if err != nil {
			return err
		}
		for _, organization := range all {
			if organization.Kind == KindOperator {
				continue
			}
			view, err := s.viewOrganization(organization)
			if err != nil {
				return err
			}
			views = append(views, view)
		}
		return nil
	})
	return views, err
}
