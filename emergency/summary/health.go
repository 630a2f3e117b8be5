package summary

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/terms"
)

// HealthCardOptions says how much room a SMART Health Card has and what the holder wants on it.
type HealthCardOptions struct {
	Choices map[string]string        // by item ID, FrontAlways, FrontNever or ""; wins over Item.Front
	Fits    func(bundle []byte) bool // whether a bundle is small enough; nil means that every one is
}

// HealthBundle is what a SMART Health Card says.
type HealthBundle struct {
	Bundle []byte   // FHIR R4, minified JSON
	Items  []string // ids of the items in it, most important first
	Left   []Left   // what is not in it, or not as a whole, and why
}

// HealthCard chooses what goes on a SMART Health Card, as Pack does for a front, and writes it as a FHIR R4 Bundle of type collection, minimised as a
// QR code wants it (SMART Health Cards Framework, "Health Cards are Small"): no ids, no narratives, no displays and no texts of codes; the entries are
// named resource:0, resource:1 and so on, and the first is the Patient with name and date of birth.
//
// Readers of such cards know six kinds of resource: Patient, AllergyIntolerance, Condition, MedicationRequest, Immunization and Observation. An item
// for which there is no code, or a code of none of these kinds, cannot be told to them (LeftTextOnly). Codes are those that were met on import,
// verbatim, or the catalogue's own. A dose, its beginning, a lot number are added last,
// where room is left; else the item is LeftShortened.
func HealthCard(r Record, o HealthCardOptions) (HealthBundle, error) {
	catalogue, err := terms.Load()
	if err != nil {
		return HealthBundle{}, err
	}
	h := healthWriter{catalogue: catalogue, patient: healthPatient(r.Identity), fits: o.Fits}
	ordered, left := candidatesOf(r, o.Choices)
	var candidates []healthItem
	for _, item := range ordered {
		bare, full := h.write(item)
		if bare == nil {
			left = append(left, Left{item.ID, item.Section, LeftTextOnly})
			continue
		}
		candidates = append(candidates, healthItem{item: item, resource: bare, full: full})
	}
	chosen, rest, err := fill(candidates, maxItems, h.room)
	if err != nil {
		return HealthBundle{}, err
	}
	out := HealthBundle{}
	for _, c := range rest {
		left = append(left, Left{c.item.ID, c.item.Section, LeftNoRoom})
	}
	for i := range chosen {
		c := &chosen[i]
		out.Items = append(out.Items, c.item.ID)
		complete := c.full == nil
		if !complete && (h.fits == nil || i < packTries) {
			bare := c.resource
			c.resource = c.full
			if complete, err = h.room(chosen); err != nil {
				return HealthBundle{}, err
			}
			if !complete {
				c.resource = bare
			}
		}
		if !complete || h.saysMore(c.item) {
			left = append(left, Left{c.item.ID, c.item.Section, LeftShortened})
		}
	}
	out.Left = left
	out.Bundle, err = h.bundle(chosen)
	return out, err
}

// healthItem is an item as it would stand on a health card.
type healthItem struct {
	item     *Item
	resource object
	full     object // the same with its words; nil where there are none
}

type healthWriter struct {
	catalogue *terms.Catalogue
	patient   object
	fits      func([]byte) bool
}

// room reports whether a choice fits.
func (h *healthWriter) room(chosen []healthItem) (bool, error) {
	if h.fits == nil {
		return true, nil
	}
	bundle, err := h.bundle(chosen)
	return err == nil && h.fits(bundle), err
}

func (h *healthWriter) bundle(chosen []healthItem) ([]byte, error) {
	entries := make([]object, 0, len(chosen)+1)
	add := func(resource object) {
		entries = append(entries, object{"fullUrl": "resource:" + strconv.Itoa(len(entries)), "resource": resource})
	}
	add(h.patient)
	for _, c := range chosen {
		add(c.resource)
	}
	return json.Marshal(object{"resourceType": "Bundle", "type": "collection", "entry": entries})
}

func healthPatient(id Identity) object {
	patient := object{"resourceType": "Patient"}
	name := object{}
	putText(name, "family", id.Name.Family)
	if given := slices.DeleteFunc(slices.Clone(id.Name.Given), func(part string) bool { return part == "" }); len(given) > 0 {
		name["given"] = given
	}
	if id.Name.Display != "" || len(name) == 0 { // not every name has parts
		name = object{}
		putText(name, "text", id.Name.String())
	}
	if len(name) > 0 {
		patient["name"] = []object{name}
	}
	putText(patient, "birthDate", string(id.Birth))
	return patient
}

// subjectOfCard leads to the Patient of a health card.
func subjectOfCard() object { return object{"reference": "resource:0"} }

// write returns the resource of an item, and the same with its words where it has some; nil where the item cannot be told.
func (h *healthWriter) write(item *Item) (bare, full object) {
	switch item.Section {
	case section.Allergies:
		return h.allergy(item), nil
	case section.Conditions, section.Baseline, section.Directives, section.Needs:
		return h.condition(item), nil
	case section.Medications:
		return h.medication(item)
	case section.Immunizations:
		return h.immunization(item)
	case section.Pregnancy:
		if condition := h.condition(item); condition != nil {
			return condition, nil
		}
		return h.observation(item), nil
	case section.Child, section.Results, section.Vitals, section.BloodGroup:
		return h.observation(item), nil
	}
	return nil, nil
}

// concept is what an item is, in one code: that of the source in the code system of the term, else the first of the source, else the term's own.
func (h *healthWriter) concept(key string, codings []Coding, part string) object {
	term, known := h.catalogue.ByKey(key)
	known = known && !term.Local()
	code := object(nil)
	for _, coding := range codings {
		if coding.Part != part || !isSystem(coding.System) || coding.Code == "" {
			continue
		}
		one := object{"system": coding.System, "code": coding.Code}
		if known && terms.System(coding.System) == term.System {
			code = one
			break
		}
		if code == nil {
			code = one
		}
	}
	if code == nil && known {
		code = object{"system": term.System, "code": term.Code}
	}
	if code == nil {
		return nil
	}
	return object{"coding": []object{code}}
}

// isSystem reports whether a text names a code system as FHIR does: by an absolute URI.
func isSystem(uri string) bool {
	return strings.HasPrefix(uri, "http://") || strings.HasPrefix(uri, "https://") || strings.HasPrefix(uri, "urn:")
}

func (h *healthWriter) allergy(item *Item) object {
	key := item.Term
	if key == "" && item.Absent == AbsentKnownNone {
		key = "no-known-allergy"
	}
	code := h.concept(key, item.Codings, "")
	if code == nil {
		return nil
	}
	status := "active"
	if item.Status == "inactive" || item.Status == "resolved" {
		status = item.Status
	}
	r := object{"resourceType": "AllergyIntolerance", "code": code, "patient": subjectOfCard(), "clinicalStatus": coded(systemAllergyStatus, status)}
	putText(r, "criticality", known(criticalities, item.Criticality))
	putText(r, "onsetDateTime", string(existing(item.Date)))
	var manifestations []object
	for _, reaction := range item.Reactions {
		if manifestation := h.concept(reaction.Term, reaction.Codings, ""); manifestation != nil {
			manifestations = append(manifestations, manifestation)
		}
	}
	if len(manifestations) > 0 {
		reaction := object{"manifestation": manifestations}
		putText(reaction, "severity", known(severities, item.Severity))
		r["reaction"] = []object{reaction}
	}
	return r
}

// condition tells what is true of the person: a condition, or a need or a directive whose term the catalogue calls a finding. A thing or a piece of
// paper is none.
func (h *healthWriter) condition(item *Item) object {
	code := h.concept(item.Term, item.Codings, "")
	if code == nil || item.Absent == AbsentNoInformation {
		return nil
	}
	if item.Section != section.Conditions && item.Section != section.Baseline && !h.isFinding(item.Term) {
		return nil
	}
	status := "active"
	if slices.Contains([]string{"recurrence", "relapse", "inactive", "remission", "resolved"}, item.Status) {
		status = item.Status
	}
	r := object{"resourceType": "Condition", "code": code, "subject": subjectOfCard(), "clinicalStatus": coded(systemConditionStatus, status)}
	if term, known := h.catalogue.ByKey("severity-" + item.Severity); known && !term.Local() {
		r["severity"] = coded(term.System, term.Code)
	}
	putText(r, "onsetDateTime", string(existing(item.Date)))
	return r
}

// isFinding reports whether the name of a term in SNOMED CT says that it is true of a person.
func (h *healthWriter) isFinding(key string) bool {
	term, _ := h.catalogue.ByKey(key)
	return strings.HasSuffix(term.Display, "(finding)") || strings.HasSuffix(term.Display, "(disorder)") || strings.HasSuffix(term.Display, "(situation)")
}

// medication tells a medicine as a MedicationRequest, the one kind that readers of health cards know. It is reported: nobody has ordered it with this
// card.
func (h *healthWriter) medication(item *Item) (bare, full object) {
	code := h.concept(item.Term, item.Codings, "")
	if code == nil || item.Absent == AbsentNoInformation {
		return nil, nil
	}
	write := func() object {
		return object{
			"resourceType": "MedicationRequest", "status": requestStatus(item.Status), "intent": "plan", "reportedBoolean": true,
			"medicationCodeableConcept": code, "subject": subjectOfCard(),
		}
	}
	dose := object{}
	putText(dose, "text", item.Detail)
	if date := existing(item.Date); date != "" {
		dose["timing"] = object{"repeat": object{"boundsPeriod": object{"start": date}}}
	}
	if len(dose) > 0 {
		full = write()
		full["dosageInstruction"] = []object{dose}
	}
	return write(), full
}

// requestStatus is the status of a MedicationRequest for that of a MedicationStatement.
func requestStatus(status string) string {
	switch status {
	case "on-hold", "completed", "stopped", "unknown":
		return status
	case "intended":
		return "draft"
	case "not-taken":
		return "stopped"
	}
	return "active"
}

func (h *healthWriter) immunization(item *Item) (bare, full object) {
	code := h.concept(item.Term, item.Codings, "")
	if code == nil || item.Absent == AbsentNoInformation {
		return nil, nil
	}
	write := func() object {
		r := object{"resourceType": "Immunization", "status": "completed", "vaccineCode": code, "patient": subjectOfCard()}
		if date := existing(item.Date); date != "" {
			r["occurrenceDateTime"] = date
		} else {
			r["occurrenceString"] = "unknown"
		}
		return r
	}
	if item.Detail != "" {
		full = write()
		full["lotNumber"] = item.Detail
	}
	return write(), full
}

// observation tells a weight, a blood group or a measurement; none without its value.
func (h *healthWriter) observation(item *Item) object {
	r := object{"resourceType": "Observation", "status": "final", "subject": subjectOfCard()}
	if item.Status == "preliminary" {
		r["status"] = item.Status
	}
	putText(r, "effectiveDateTime", string(existing(item.Date)))
	if item.Section == section.BloodGroup {
		value := h.concept(item.Term, item.Codings, PartValue)
		if value == nil {
			return nil
		}
		r["code"], r["valueCodeableConcept"] = coded(systemLOINC, loincBloodGroup), value
		return r
	}
	if weight, known := item.Weight(); known {
		r["code"], r["valueQuantity"] = coded(systemLOINC, loincBodyWeight), weight.quantity()
		return r
	}
	code, value := h.concept(item.Term, item.Codings, ""), h.concept("", item.Codings, PartValue)
	switch {
	case code == nil || item.Absent != "":
		return nil
	case value != nil:
		r["valueCodeableConcept"] = value
	case item.Detail != "":
		r["valueString"] = item.Detail
	default:
		return nil
	}
	r["code"] = code
	return r
}

// saysMore reports whether an item says what no health card takes: words beside the code, a remark, a reaction without a code or the severity of one.
func (h *healthWriter) saysMore(item *Item) bool {
	if item.Note != "" || item.Text != "" && !h.repeats(item.Term, item.Text) {
		return true
	}
	coded := 0
	for _, reaction := range item.Reactions {
		if h.concept(reaction.Term, reaction.Codings, "") != nil {
			coded++
		}
	}
	switch item.Section {
	case section.Allergies:
		return item.Detail != "" || coded < len(item.Reactions) || coded == 0 && item.Severity != ""
	case section.Conditions, section.Baseline, section.Directives, section.Needs, section.Pregnancy:
		return item.Detail != ""
	}
	return false
}

// repeats reports whether words only say what the term says.
func (h *healthWriter) repeats(key, text string) bool {
	term, known := h.catalogue.ByKey(key)
	label, _ := h.catalogue.Label(key, "en")
	return known && (strings.EqualFold(text, label) || strings.EqualFold(text, term.Display))
}
