package web

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/locket-health/locket/audit/auditevent"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/rules"
)

// shownOpening is an opening on the pages of the privacy officer.
type shownOpening struct {
	At, When string
	Facts    []entryFact
	Drill    bool
	Review   *reviewLine
	Erase    bool // the officer is offered to erase what was said of it
	Patient  string
	Grant    string
}

// shownOutlier is something unusual, in words.
type shownOutlier struct {
	Title, At, When      string
	Facts                []entryFact
	Suspend              string // where the badge can be suspended, "" where there is none
	Organization, Member string
}

// officer shows a privacy officer what waits for them: answers that are owed, what was opened without a badge, what is unusual.
func (s *Server) officer(x *exchange) error {
	view, err := s.Service.Officer(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	var outliers []shownOutlier
	for _, outlier := range view.Outliers {
		outliers = append(outliers, x.outlier(outlier))
	}
	told, err := x.reviewMail("")
	if err != nil {
		return err
	}
	p := x.newPage("officer.title")
	p.Back = "/home"
	p.D = struct {
		Reviews  []owed
		Unbadged []shownOpening
		Outliers []shownOutlier
		Partial  bool
		Mail     *mailQuestion
	}{x.owed(view.Reviews, "/officer"), x.openings(view.Unbadged), outliers, view.Partial, told}
	return x.show("officer", p)
}

func (x *exchange) openings(views []emergency.OpeningView) []shownOpening {
	list := make([]shownOpening, 0, len(views))
	for _, view := range views {
		line := shownOpening{Facts: x.openingFacts(view), Drill: view.Drill, Patient: string(view.Patient), Grant: string(view.Grant)}
		line.At, line.When = x.moment(view.From)
		if view.Review != nil {
			line.Review = x.reviewLine(view.Patient, view.Grant, line.At, view.Review)
			line.Review.Path = "" // it is the keepers' to say
		}
		list = append(list, line)
	}
	return list
}

// openingFacts say who opened, why, and until when. Whom, they say by number alone.
func (x *exchange) openingFacts(view emergency.OpeningView) []entryFact {
	facts := x.whoStated(view.Stated, true)
	if view.ByContact {
		facts = append(facts, entryFact{Label: x.T("fact.name"), Value: x.T("officer.contact")})
	}
	if view.MemberID != "" {
		facts = append(facts, entryFact{Label: x.T("officer.member"), Value: string(view.MemberID)})
	}
	if view.Patient != "" {
		facts = append(facts, entryFact{Label: x.T("officer.patient"), Value: string(view.Patient)})
	}
	if view.Step == "sensitive" {
		facts = append(facts, entryFact{Label: x.T("fact.sections"), Value: x.T("officer.sensitive")})
	}
	until := view.Until
	if !view.EndedAt.IsZero() {
		until = view.EndedAt
	}
	value, when := x.moment(until)
	return append(facts, entryFact{Label: x.T("fact.until"), Value: value, When: when})
}

func (x *exchange) outlier(o emergency.Outlier) shownOutlier {
	line := shownOutlier{Title: x.T("officer.outlier." + o.Kind)}
	line.At, line.When = x.moment(o.At)
	if o.Kind == emergency.OutlierDay {
		line.At = x.day(o.At)
	}
	add := func(key, value string) {
		if value != "" {
			line.Facts = append(line.Facts, entryFact{Label: x.T(key), Value: value, Own: key == "stated.badge" || key == "stated.bearer"})
		}
	}
	add("stated.badge", o.Organization)
	add("stated.bearer", o.Member)
	add("officer.member", string(o.MemberID))
	add("fact.network", o.Network)
	add("officer.patient", string(o.Patient))
	add("officer.count", strconv.Itoa(o.Count))
	if o.Kind == emergency.OutlierDay {
		add("officer.usual", strconv.Itoa(o.Usual))
	}
	if o.MemberID != "" && !o.Suspended {
		line.Suspend, line.Organization, line.Member = "/officer/members/"+string(o.MemberID)+"/suspend", string(o.OrganizationID), o.Member
	}
	return line
}

// answerAsOfficer takes the answer of a privacy officer.
func (s *Server) answerAsOfficer(x *exchange) error { return s.takeAnswer(x, "/officer") }

// suspendAsOfficer takes somebody's badge away. It needs no passkey: it must be quick.
func (s *Server) suspendAsOfficer(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	err := s.Service.SuspendMember(x.r.Context(), x.caller, emergency.OrganizationID(x.value("organization")), emergency.AccountID(x.variable("member")))
	if err != nil {
		return err
	}
	return x.redirect("/officer")
}

// officerSearch asks what is looked for.
func (s *Server) officerSearch(x *exchange) error { return x.searchPage(http.StatusOK, nil, nil, nil) }

// searchPage shows the question, and what was found once it was asked.
func (x *exchange) searchPage(status int, faults []fault, found []emergency.OpeningView, asked []field) error {
	organizations, err := x.Service.OrganizationsToReview(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	which := field{ID: "organization", Kind: "select", Label: x.T("officer.search.organization"), Options: []option{{Label: x.T("officer.search.all")}}}
	for _, each := range organizations {
		which.Options = append(which.Options, option{Value: string(each.ID), Label: each.Name, Chosen: x.value("organization") == string(each.ID)})
	}
	why := field{ID: "reason", Kind: "select", Label: x.T("fact.reason"), Options: []option{{Label: x.T("officer.search.any")}}}
	for _, each := range rules.Reasons() {
		why.Options = append(why.Options, option{Value: string(each), Label: x.coded("reason", string(each)), Chosen: x.value("reason") == string(each)})
	}
	fields := []field{which,
		{ID: "member", Kind: "text", Label: x.T("officer.member"), Value: x.value("member")},
		{ID: "patient", Kind: "text", Label: x.T("officer.patient"), Value: x.value("patient"), Hint: x.T("officer.search.patient.hint")},
		{ID: "since", Kind: "date", Label: x.T("officer.search.since"), Hint: x.T("officer.search.date.hint"), Value: x.value("since")},
		{ID: "until", Kind: "date", Label: x.T("officer.search.until"), Value: x.value("until")},
		why,
		{ID: "unbadged", Kind: "checkbox", Label: x.T("officer.search.unbadged"), Ticked: x.value("unbadged") == ticked},
	}
	mark(fields, faults)
	shown := x.openings(found)
	for i := range shown {
		shown[i].Erase = true
	}
	p := x.newPage("officer.search")
	p.Back, p.Faults, p.Scripts = "/officer", faults, []string{"js/console/approve.js"}
	p.D = struct {
		Fields, Asked []field
		Found         []shownOpening
		Searched      bool
		Partial       bool
		Formats       []string
		Fresh         int
	}{fields, asked, shown, asked != nil, len(found) == emergency.SearchShown, []string{"csv", "json", "zip"}, x.freshSeconds()}
	return x.render(status, "officer_search", p)
}

// query reads what an officer asked for, with the answers as hidden fields for the export.
func (x *exchange) query() (emergency.OfficerQuery, []field, []fault) {
	query := emergency.OfficerQuery{Organization: emergency.OrganizationID(x.value("organization")), Member: emergency.AccountID(x.value("member")),
		Reason: x.value("reason"), Unbadged: x.value("unbadged") == ticked}
	var faults []fault
	if text := x.value("patient"); text != "" {
		id, err := emergency.ParsePatientID(text)
		if err != nil {
			faults = append(faults, fault{"patient", x.T("officer.search.patient.fault")})
		}
		query.Patient = id
	}
	for name, moment := range map[string]*time.Time{"since": &query.Since, "until": &query.Until} {
		text := x.value(name)
		if text == "" {
			continue
		}
		day, err := time.Parse(time.DateOnly, text)
		if err != nil || day.Year() < 2000 || day.Year() > 9000 {
			faults = append(faults, fault{name, x.T("officer.search.date.fault")})
			continue
		}
		if *moment = day; name == "until" {
			*moment = day.AddDate(0, 0, 1) // the whole day
		}
	}
	var asked []field
	for _, name := range []string{"organization", "member", "patient", "since", "until", "reason", "unbadged"} {
		asked = append(asked, field{ID: name, Kind: "hidden", Value: x.value(name)})
	}
	return query, asked, faults
}

// searchOpenings shows what was found. The page is the answer to the form: no address leads to it again, and none says what was looked for.
func (s *Server) searchOpenings(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	query, asked, faults := x.query()
	if len(faults) > 0 {
		return x.searchPage(http.StatusBadRequest, faults, nil, nil)
	}
	found, err := s.Service.SearchOpenings(x.r.Context(), x.caller, query)
	if err != nil {
		return err
	}
	return x.searchPage(http.StatusOK, nil, found, asked)
}

// exportOpenings gives what was found as a file.
func (s *Server) exportOpenings(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	query, _, faults := x.query()
	if len(faults) > 0 {
		return x.searchPage(http.StatusBadRequest, faults, nil, nil)
	}
	switch x.value("format") {
	case "zip":
		return x.stream("disclosures.zip", func(w io.Writer) error { return s.Service.ExportDisclosures(x.r.Context(), x.caller, query, w) })
	case "json":
		return s.exportFound(x, query, "openings.json", writeJSON)
	default:
		return s.exportFound(x, query, "openings.csv", writeCSV)
	}
}

// exportFound gives openings as a file in one of its forms.
func (s *Server) exportFound(x *exchange, query emergency.OfficerQuery, name string, write func(io.Writer, []exportedOpening) error) error {
	return x.stream(name, func(w io.Writer) error {
		return s.Service.ExportOpenings(x.r.Context(), x.caller, query, func(found []emergency.OpeningView) error {
			rows := make([]exportedOpening, 0, len(found))
			for _, view := range found {
				rows = append(rows, exportOpening(view))
			}
			return write(w, rows)
		})
	})
}

func writeJSON(w io.Writer, rows []exportedOpening) error {
	body, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(body)
	return err
}

func writeCSV(w io.Writer, rows []exportedOpening) error {
	lines := [][]string{exportColumns}
	for _, row := range rows {
		lines = append(lines, row.cells())
	}
	return csv.NewWriter(w).WriteAll(lines)
}

// exportedOpening is an opening in a file. Times are RFC 3339 in UTC, empty when there is none.
type exportedOpening struct {
	Opening            string `json:"opening"`
	Patient            string `json:"patient"` // a number
	OpenedAt           string `json:"opened_at"`
	Until              string `json:"until"`
	EndedAt            string `json:"ended_at"`
	Step               string `json:"step"`
	Drill              bool   `json:"drill"`
	Proof              string `json:"proof"` // badge, contact or claimed
	Organization       string `json:"organization"`
	OrganizationKind   string `json:"organization_kind"`
	Member             string `json:"member"`
	MemberID           string `json:"member_id"`
	Authority          string `json:"authority"`
	StatedName         string `json:"stated_name"`
	StatedRole         string `json:"stated_role"`
	StatedOrganization string `json:"stated_organization"`
	StatedReason       string `json:"stated_reason"`
	StatedText         string `json:"stated_text"`
	Country            string `json:"country"`
	Network            string `json:"network"`
	Verdict            string `json:"verdict"`
	DueAt              string `json:"due_at"`
	AnsweredAt         string `json:"answered_at"`
}

var exportColumns = []string{"opening", "patient", "opened_at", "until", "ended_at", "step", "drill", "proof", "organization", "organization_kind", "member",
	"member_id", "authority", "stated_name", "stated_role", "stated_organization", "stated_reason", "stated_text", "country", "network", "verdict", "due_at",
	"answered_at"}

func exportOpening(view emergency.OpeningView) exportedOpening {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	row := exportedOpening{Opening: string(view.Grant), Patient: string(view.Patient), OpenedAt: at(view.From), Until: at(view.Until), EndedAt: at(view.EndedAt),
		Step: view.Step, Drill: view.Drill, Proof: "claimed", Organization: view.Organization, OrganizationKind: view.Kind, Member: view.Member,
		MemberID: string(view.MemberID), Authority: view.Stated.ForeignAuthority, StatedName: view.Stated.Name, StatedRole: view.Stated.Role,
		StatedOrganization: view.Stated.Organization, StatedReason: view.Stated.Reason, StatedText: view.Stated.ReasonText, Country: view.Stated.Country,
		Network: view.Stated.Network}
	switch {
	case view.OrganizationID != "":
		row.Proof = "badge"
	case view.ByContact:
		row.Proof = "contact"
	}
	if view.Review != nil {
		row.Verdict, row.DueAt, row.AnsweredAt = view.Review.Verdict, at(view.Review.DueAt), at(view.Review.AnsweredAt)
	}
	return row
}

// cells are a row of the CSV file, in the order of exportColumns.
func (row exportedOpening) cells() []string {
	cells := []string{row.Opening, row.Patient, row.OpenedAt, row.Until, row.EndedAt, row.Step, strconv.FormatBool(row.Drill), row.Proof, row.Organization,
		row.OrganizationKind, row.Member, row.MemberID, row.Authority, row.StatedName, row.StatedRole, row.StatedOrganization, row.StatedReason, row.StatedText,
		row.Country, row.Network, row.Verdict, row.DueAt, row.AnsweredAt}
	for i, cell := range cells {
		cells[i] = auditevent.Cell(cell)
	}
	return cells
}

// officerAbuse shows where guesses and openings come from.
func (s *Server) officerAbuse(x *exchange) error {
	view, err := s.Service.Abuse(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	p := x.newPage("officer.abuse")
	p.Back = "/officer"
	type part struct {
		Title  string
		Spikes []shownSpike
	}
	p.D = struct {
		Parts   []part
		Partial bool
	}{[]part{
		{x.T("officer.abuse.guesses"), x.spikes(view.Guesses)},
		{x.T("officer.abuse.organizations"), x.spikes(view.ByOrganization)},
		{x.T("officer.abuse.badges"), x.spikes(view.ByBadge)},
		{x.T("officer.abuse.networks"), x.spikes(view.ByNetwork)},
	}, view.Partial}
	return x.show("officer_abuse", p)
}

// shownSpike is how much came from one place, in words.
type shownSpike struct {
	Place   string
	Facts   []entryFact
	Unusual bool
}

func (x *exchange) spikes(spikes []emergency.Spike) []shownSpike {
	list := make([]shownSpike, 0, len(spikes))
	for _, spike := range spikes {
		var place []string
		kind := ""
		if spike.Kind != "" {
			kind = x.coded("officer", "guess."+spike.Kind)
		}
		for _, part := range []string{kind, spike.Member, spike.Organization, spike.Network} {
			if part != "" {
				place = append(place, part)
			}
		}
		if spike.Kind != "" && spike.Network == "" {
			place = append(place, x.T("officer.abuse.others"))
		}
		line := shownSpike{Place: x.chain("console.chain", place...), Unusual: spike.Unusual, Facts: []entryFact{
			{Label: x.T("officer.abuse.hour"), Value: strconv.Itoa(spike.Hour)}, {Label: x.T("officer.abuse.day"), Value: strconv.Itoa(spike.Day)}}}
		if spike.Kind == "" {
			line.Facts = append(line.Facts, entryFact{Label: x.T("officer.abuse.patients"), Value: strconv.Itoa(spike.Patients)})
		}
		list = append(list, line)
	}
	return list
}
