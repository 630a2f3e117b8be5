package web

import (
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/terms"
)

// form fields of an item. Their order is the order in which they are asked.
type itemField string

const (
	fieldConcept     itemField = "concept" // a coded term, or words
	fieldWords       itemField = "words"   // the holder's own words beside a coded term
	fieldName        itemField = "name"
	fieldRelation    itemField = "relation"
	fieldPhone       itemField = "phone"
	fieldDetail      itemField = "detail"
	fieldReactions   itemField = "reactions"
	fieldSeverity    itemField = "severity"
	fieldCriticality itemField = "criticality"
	fieldStatus      itemField = "status"
	fieldDate        itemField = "date"
	fieldSupply      itemField = "supply_until"
	fieldCollect     itemField = "collect"
	fieldOutOfArea   itemField = "out_of_area"
	fieldNote        itemField = "note"
)

// sectionForm says what is asked about an item of a section, and which terms are offered for it.
type sectionForm struct {
	fields   []itemField
	category terms.Category
	statuses []string // FHIR codes of the resource kind; the first is the usual one
}

// sectionForms holds the form of every section that consists of items. Identity has a form of its own.
var sectionForms = map[section.Section]sectionForm{
	section.Directives:     {fields: words(fieldDetail, fieldDate, fieldNote), category: terms.Directive},
	section.Allergies:      {fields: words(fieldReactions, fieldSeverity, fieldCriticality, fieldDate, fieldNote), category: terms.Allergy},
	section.Conditions:     {fields: words(fieldSeverity, fieldStatus, fieldDetail, fieldDate, fieldNote), category: terms.Condition, statuses: []string{"active", "inactive", "resolved"}},
	section.Baseline:       {fields: plain(fieldDetail, fieldNote)},
	section.Medications:    {fields: words(fieldDetail, fieldSupply, fieldStatus, fieldDate, fieldNote), category: terms.Medication, statuses: []string{"active", "stopped"}},
	section.Devices:        {fields: words(fieldDetail, fieldDate, fieldNote), category: terms.Device},
	section.Pregnancy:      {fields: words(fieldDetail, fieldDate, fieldNote), category: terms.Pregnancy},
	section.Child:          {fields: plain(fieldDetail, fieldDate, fieldNote)},
	section.Needs:          {fields: words(fieldDetail, fieldNote), category: terms.Need},
	section.Contacts:       {fields: []itemField{fieldName, fieldRelation, fieldPhone, fieldOutOfArea, fieldCollect, fieldNote}},
	section.Immunizations:  {fields: words(fieldDate, fieldDetail), category: terms.Vaccine},
	section.Procedures:     {fields: plain(fieldDate, fieldDetail, fieldNote)},
	section.Results:        {fields: plain(fieldDetail, fieldDate, fieldNote)},
	section.Vitals:         {fields: plain(fieldDetail, fieldDate, fieldNote)},
	section.Insurance:      {fields: plain(fieldName, fieldPhone, fieldDetail, fieldNote)},
	section.Documents:      {fields: plain(fieldDetail, fieldDate, fieldNote)},
	section.BloodGroup:     {fields: words(fieldDate, fieldNote), category: terms.BloodGroup},
	section.MentalHealth:   {fields: words(fieldDetail, fieldDate, fieldNote), category: terms.Condition},
	section.SexualHealth:   {fields: words(fieldDetail, fieldDate, fieldNote), category: terms.Condition},
	section.SubstanceUse:   {fields: words(fieldDetail, fieldDate, fieldNote), category: terms.Condition},
	section.OtherSensitive: {fields: words(fieldDetail, fieldDate, fieldNote), category: terms.Condition},
	section.PrivateNotes:   {fields: plain(fieldNote)},
}

// words are the fields of a section whose items may be coded, plain those of one whose items are words only.
func words(more ...itemField) []itemField {
	return append([]itemField{fieldConcept, fieldWords}, more...)
}

func plain(more ...itemField) []itemField { return append([]itemField{fieldConcept}, more...) }

// severities, criticalities and genders are FHIR codes, collects those of package summary; the answer "not said" comes first.
var (
	severities    = []string{"", "mild", "moderate", "severe"}
	criticalities = []string{"", "low", "high", "unable-to-assess"}
	collects      = []string{"", summary.CollectMay, summary.CollectMustNot}
	genders       = []string{"", "female", "male", "other", "unknown"}
)
