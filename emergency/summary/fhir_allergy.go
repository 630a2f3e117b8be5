package summary

import (
	"slices"

	"github.com/locket-health/locket/emergency/section"
)

func (im *importer) readAllergy(r *resource) (Item, bool) {
	item := Item{Section: section.Allergies, Status: code(r.get("clinicalStatus")), Date: r.date("onsetDateTime", "onsetPeriod")}
	c := im.concept(r.get("code"), "")
	item.set(c)
	item.Absent = absent(c)
	item.Criticality = takeOneOf(r.get("criticality"), criticalities)
	takeOneOf(r.get("type"), []string{"allergy"})
	takeCode(r.get("verificationStatus"), "confirmed")
	var remarks []string
	for _, reaction := range r.get("reaction").list() {
		for _, manifestation := range reaction.get("manifestation").list() {
			if m := im.concept(manifestation, ""); m.Term != "" || m.Text != "" || len(m.Codings) > 0 {
				item.Reactions = append(item.Reactions, m)
			}
		}
		if severity := takeOneOf(reaction.get("severity"), severities); slices.Index(severities, severity) > slices.Index(severities, item.Severity) {
			item.Severity = severity
		}
		if description := reaction.get("description").take(); description != "" {
			remarks = append(remarks, description)
		}
		remarks = append(remarks, notes(reaction.get("note")))
	}
	item.Note = joined(append([]string{notes(r.get("note"))}, remarks...)...)
	im.stated(&item, r, "recordedDate", "asserter", "recorder")
	return item, c.Term != "" || c.Text != "" || len(item.Reactions) > 0
}

func (ex *exporter) writeAllergy(item Item) object {
	r := ex.resource("AllergyIntolerance", item, "patient")
	r["code"] = ex.concept(item, "")
	if !slices.Contains([]string{"active", "inactive", "resolved"}, item.Status) {
		item.Status = "active"
	}
	r["clinicalStatus"] = coded(systemAllergyStatus, item.Status)
	putText(r, "criticality", item.Criticality)
	putText(r, "onsetDateTime", string(item.Date))
	var manifestations []object
	for _, reaction := range item.Reactions {
		manifestations = append(manifestations, ex.concept(Item{Term: reaction.Term, Text: reaction.Text, Codings: reaction.Codings}, ""))
	}
	if len(manifestations) > 0 {
		reaction := object{"manifestation": manifestations}
		putText(reaction, "severity", item.Severity)
		r["reaction"] = []object{reaction}
	}
	ex.state(r, item, "recordedDate", "asserter")
	return r
}
