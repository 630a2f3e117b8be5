package summary

import (
	"strings"

	"github.com/locket-health/locket/emergency/section"
)

// The LOINC codes of the sections of an International Patient Summary (HL7 FHIR IPS, profile Composition-uv-ips).
const (
	loincProblems      = "11450-4"
	loincAllergies     = "48765-2"
	loincMedications   = "10160-0"
	loincImmunizations = "11369-6"
	loincResults       = "30954-2"
	loincProcedures    = "47519-4"
	loincDevices       = "46264-8"
	loincDirectives    = "42348-3"
	loincAlerts        = "104605-1"
	loincFunctional    = "47420-5"
	loincPast          = "11348-0"
	loincPregnancy     = "10162-6"
	loincStory         = "81338-6"
	loincPlan          = "18776-5"
	loincSocial        = "29762-2"
	loincVitals        = "8716-3"
)

// ipsSection is a section of the Composition.
type ipsSection struct {
	code     string
	title    string
	section  section.Section // where its items are kept, unless their term says otherwise
	required bool            // by invariant ips-comp-1
}

// ipsSections lists the sections in the order in which they are exported.
var ipsSections = []ipsSection{
	{loincAllergies, "Allergies and intolerances", section.Allergies, true},
	{loincProblems, "Problems", section.Conditions, true},
	{loincMedications, "Medications", section.Medications, true},
	{loincDirectives, "Advance directives", section.Directives, false},
	{loincAlerts, "Alerts", section.Needs, false},
	{loincDevices, "Medical devices", section.Devices, false},
	{loincPregnancy, "Pregnancy", section.Pregnancy, false},
	{loincFunctional, "Functional status", section.Baseline, false},
	{loincResults, "Results", section.Results, false},
	{loincVitals, "Vital signs", section.Vitals, false},
	{loincImmunizations, "Immunizations", section.Immunizations, false},
	{loincProcedures, "Procedures", section.Procedures, false},
	{loincStory, "Patient story", section.Documents, false},
	{loincPast, "Past problems", section.Conditions, false},
	{loincSocial, "Social history", section.Results, false},
	{loincPlan, "Plan of care", section.Documents, false},
}

// sectionOfLOINC returns where the items of a section of the Composition are kept, 0 where none is.
func sectionOfLOINC(code string) section.Section {
	for _, s := range ipsSections {
		if s.code == code {
			return s.section
		}
	}
	return 0
}

// place is the section of the Composition in which an item is exported.
func place(item Item) string {
	switch item.Section {
	case section.Allergies:
		return loincAllergies
	case section.Medications:
		return loincMedications
	case section.Devices:
		return loincDevices
	case section.Directives:
		return loincDirectives
	case section.Needs:
		if item.Status == "inactive" { // an alert of an IPS is active
			return loincPast
		}
		return loincAlerts
	case section.Pregnancy:
		return loincPregnancy
	case section.Baseline:
		return loincFunctional
	case section.Child, section.Vitals:
		return loincVitals
	case section.Results, section.BloodGroup:
		return loincResults
	case section.Immunizations:
		return loincImmunizations
	case section.Procedures:
		return loincProcedures
	case section.Insurance, section.Documents, section.PrivateNotes, section.Identity:
		return loincStory
	}
	return loincProblems
}

// sectionFor is where an item of a term is kept, and fallback where it has no term.
func (im *importer) sectionFor(key string, fallback section.Section) section.Section {
	if term, known := im.catalogue.ByKey(key); known {
		return term.Section()
	}
	return fallback
}

// The codes of "none known" that are not terms of the catalogue, as met in published summaries.
var noneKnown = map[string]string{
	"160245001":  AbsentKnownNone,     // No current problems or disability
	"787481004":  AbsentKnownNone,     // No known medications
	"716186003":  AbsentKnownNone,     // No known allergy
	"409137002":  AbsentKnownNone,     // No known drug allergy
	"1287211007": AbsentNoInformation, // No information available
}

// absent returns which absence the codes of a concept state, "" for none.
func absent(c Concept) string {
	for _, coding := range c.Codings {
		switch {
		case strings.HasSuffix(coding.System, "/absent-unknown-uv-ips"):
			if strings.HasPrefix(coding.Code, "no-known-") {
				return AbsentKnownNone
			}
			return AbsentNoInformation
		case strings.Contains(coding.System, "snomed"):
			if kind := noneKnown[coding.Code]; kind != "" {
				return kind
			}
		}
	}
	if c.Term == "no-known-allergy" || c.Term == "no-known-drug-allergy" {
		return AbsentKnownNone
	}
	return ""
}

// emptySections makes an item of each section that has no entries: of the reason that it gives, or of its prose.
func (im *importer) emptySections(c *resource) {
	var walk func(list []*node, path string)
	walk = func(list []*node, path string) {
		for i, s := range list {
			at := index(path, i)
			walk(s.get("section").list(), at+".section")
			if len(s.get("entry").list()) > 0 {
				continue
			}
			im.emptySection(s, at)
		}
	}
	walk(c.get("section").list(), c.path+".section")
}

func (im *importer) emptySection(s *node, path string) {
	kind := sectionOfLOINC(codeIn(s.get("code")))
	reason := s.get("emptyReason")
	for _, extension := range reason.get("extension").list() {
		if extension.get("url").str() == urlSilence {
			reason.use()
			return
		}
	}
	if reason != nil && kind != 0 {
		item := Item{Section: kind, Absent: AbsentNoInformation}
		c := im.concept(reason, PartAbsent)
		if item.Text = reason.get("text").str(); codeIn(reason) == "nilknown" {
			item.Absent = AbsentKnownNone
		}
		item.Codings = c.Codings
		im.add(path+".emptyReason", "urn:uuid:"+reason.get("id").str(), reason, item)
		return
	}
	narrative := s.get("text").get("div")
	prose := plainText(narrative.str())
	if prose == "" || kind == 0 {
		if prose != "" {
			im.report(path, 0, prose, WhyField, nil)
		}
		return
	}
	narrative.use()
	im.add(path+".text", "", nil, Item{Section: kind, Text: prose})
}
