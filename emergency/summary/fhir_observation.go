package summary

import (
	"slices"
	"strings"

	"github.com/locket-health/locket/emergency/section"
)

// The LOINC codes that decide where an observation is kept.
const (
	loincBloodGroup = "882-1"
	loincBodyWeight = "29463-7"
)

// childAge is the age, in years, up to which a weight is the weight of a child: the one that doses are counted by.
const childAge = 18

// readObservation reads a measurement, a finding, a blood group, a pregnancy.
func (im *importer) readObservation(r *resource) (Item, bool) {
	item := Item{Status: code(r.get("status")), Date: r.date("effectiveDateTime", "effectivePeriod", "effectiveInstant")}
	asked := im.concept(r.get("code"), "")
	answer, detail := im.value(r.node)
	item.Codings = append(asked.Codings, answer.Codings...)
	item.Section = im.observationSection(r, asked, answer)
	answers := item.Section == section.BloodGroup || item.Section == section.Pregnancy // the answer says what the item is
	if answers && (answer.Term != "" || answer.Text != "") {
		item.Term, item.Text, item.Detail = answer.Term, answer.Text, detail
	} else {
		item.Term, item.Text = asked.Term, asked.Text
		words := answer.Text
		if label, _ := im.catalogue.Label(answer.Term, im.lang); words == "" {
			words = label
		}
		parts, codings := im.components(r.get("component").list())
		item.Detail = joined(append([]string{words, detail}, parts...)...)
		item.Codings = append(item.Codings, codings...)
	}
	if item.Term == "" && item.Text == "" && len(asked.Codings) > 0 {
		item.Text = asked.Codings[0].Display
	}
	item.Note = joined(notes(r.get("note")), r.get("comment").take())
	takeCode(r.get("dataAbsentReason"), "unknown")
	im.stated(&item, r, "issued", "performer")
	return item, item.Term != "" || item.Text != "" || item.Detail != ""
}

func (im *importer) observationSection(r *resource, asked, answer Concept) section.Section {
	for _, key := range []string{answer.Term, asked.Term} {
		if term, known := im.catalogue.ByKey(key); known {
			if s := term.Section(); s == section.BloodGroup || s == section.Pregnancy || s == section.Needs || s == section.Devices {
				return s
			}
		}
	}
	for _, coding := range asked.Codings {
		switch {
		case coding.Code == loincBloodGroup && strings.Contains(coding.System, "loinc"):
			return section.BloodGroup
		case coding.Code == loincBodyWeight && strings.Contains(coding.System, "loinc") && im.isChild():
			return section.Child
		}
	}
	switch im.placed[r.node] {
	case loincVitals:
		return section.Vitals
	case loincPregnancy:
		return section.Pregnancy
	case loincFunctional:
		return section.Baseline
	}
	for _, category := range r.get("category").list() {
		if codeIn(category) == "vital-signs" {
			return section.Vitals
		}
	}
	return section.Results
}

// isChild reports whether the person was a child when the document was made.
func (im *importer) isChild() bool {
	born, _, _ := dateIn(im.patient.birth()).Parts()
	now, _, _ := im.confirmed.Parts()
	return born > 0 && now > 0 && now-born < childAge
}

func (r *resource) birth() string {
	if r == nil {
		return ""
	}
	return r.get("birthDate").str()
}

// value reads value[x]: a concept, or anything else in words.
func (im *importer) value(n *node) (Concept, string) {
	if c := n.get("valueCodeableConcept"); c != nil {
		return im.concept(c, PartValue), ""
	}
	if q := n.get("valueQuantity"); q != nil {
		return Concept{}, quantity(q)
	}
	if r := n.get("valueRange"); r != nil {
		return Concept{}, quantity(r.get("low")) + " - " + quantity(r.get("high"))
	}
	if r := n.get("valueRatio"); r != nil {
		return Concept{}, quantity(r.get("numerator")) + " / " + quantity(r.get("denominator"))
	}
	for _, name := range []string{"valueString", "valueDateTime", "valueInteger", "valueBoolean", "valueTime", "valueDecimal"} {
		if v := n.get(name); v.str() != "" {
			return Concept{}, v.take()
		}
	}
	return Concept{}, ""
}

// components reads the parts of an observation of several values as "name value".
func (im *importer) components(list []*node) ([]string, []Coding) {
	var parts []string
	var codings []Coding
	for _, component := range list {
		asked := im.concept(component.get("code"), PartComponent)
		answer, detail := im.value(component)
		name := asked.Text
		if label, _ := im.catalogue.Label(asked.Term, im.lang); name == "" {
			name = label
		}
		for i := range answer.Codings {
			answer.Codings[i].Part = PartComponent
		}
		codings = append(append(codings, asked.Codings...), answer.Codings...)
		parts = append(parts, strings.TrimSpace(name+" "+im.label(answer.Term, answer.Text)+detail))
	}
	return parts, codings
}

func (ex *exporter) writeObservation(item Item) object {
	r := ex.resource("Observation", item, "subject")
	known := []string{"registered", "preliminary", "final", "amended", "corrected", "unknown"}
	if r["status"] = item.Status; !slices.Contains(known, item.Status) {
		r["status"] = "final"
	}
	if item.Date != "" {
		r["effectiveDateTime"] = item.Date
	} else {
		r["_effectiveDateTime"] = unknown()
	}
	values := ex.codings(item.Codings, PartValue)
	switch item.Section {
	case section.BloodGroup, section.Pregnancy:
		if item.Section == section.Pregnancy && len(values) == 0 {
			break
		}
		asked := ex.codings(item.Codings, "")
		if len(asked) == 0 && item.Section == section.BloodGroup {
			asked = append(asked, added(object{"system": systemLOINC, "code": loincBloodGroup, "display": "ABO and Rh group [Type] in Blood"}))
		}
		if len(asked) > 0 {
			r["code"] = object{"coding": asked}
			r["valueCodeableConcept"] = ex.concept(item, PartValue)
			ex.state(r, item, "", "performer")
			return r
		}
	case section.Vitals:
		r["category"] = vitalSigns()
	}
	r["code"] = ex.concept(item, "")
	if weight, known := item.Weight(); known && len(values) == 0 {
		ex.writeWeight(r, item, weight)
		ex.state(r, item, "", "performer")
		return r
	}
	switch {
	case len(values) > 0:
		value := object{"coding": values}
		putText(value, "text", item.Detail)
		r["valueCodeableConcept"] = value
	case item.Detail != "":
		r["valueString"] = item.Detail
	case item.Section != section.Baseline:
		r["dataAbsentReason"] = coded("http://terminology.hl7.org/CodeSystem/data-absent-reason", "unknown")
	}
	ex.state(r, item, "", "performer")
	return r
}

// writeWeight makes an observation a body weight (FHIR R4, profile bodyweight) that any reader can count with.
func (ex *exporter) writeWeight(r object, item Item, weight Weight) {
	concept := r["code"].(object)
	if !slices.ContainsFunc(item.Codings, func(c Coding) bool { return c.Code == loincBodyWeight && c.System == systemLOINC }) {
		codings, _ := concept["coding"].([]object)
		put(concept, "coding", append(codings, added(object{"system": systemLOINC, "code": loincBodyWeight, "display": "Body weight"})))
	}
	r["category"] = vitalSigns()
	r["valueQuantity"] = weight.quantity()
}

func vitalSigns() []object {
	return []object{coded("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs")}
}
