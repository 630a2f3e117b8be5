package summary

import (
	"slices"
	"strings"

	"github.com/locket-health/locket/emergency/section"
)

func (im *importer) readMedicationStatement(r *resource) (Item, bool) {
	item, ok := im.readMedicine(r, "dosage")
	item.Date = r.date("effectiveDateTime", "effectivePeriod")
	im.stated(&item, r, "dateAsserted", "informationSource")
	return item, ok
}

func (im *importer) readMedicationRequest(r *resource) (Item, bool) {
	item, ok := im.readMedicine(r, "dosageInstruction")
	item.Date = r.date("authoredOn")
	im.stated(&item, r, "", "requester", "recorder")
	return item, ok
}

func (im *importer) readMedicine(r *resource, dosage string) (Item, bool) {
	item := Item{Status: code(r.get("status"))}
	c := im.medication(r)
	item.set(c)
	item.Absent = absent(c)
	item.Section = im.sectionFor(item.Term, section.Medications)
	var doses []string
	for _, dose := range r.get(dosage).list() {
		words, codings := im.dose(dose)
		doses = append(doses, words)
		item.Codings = append(item.Codings, codings...)
	}
	item.Detail = joined(doses...)
	item.Note = notes(r.get("note"))
	return item, c.Term != "" || c.Text != ""
}

// medication reads which medicine it is: a concept, or a Medication elsewhere in the document. A reference that leads nowhere still
// has the words beside it.
func (im *importer) medication(r *resource) Concept {
	if c := r.get("medicationCodeableConcept"); c != nil {
		return im.concept(c, "")
	}
	reference := r.get("medicationReference")
	display := reference.get("display")
	to := im.resolve(reference, r)
	if to == nil {
		return Concept{Text: display.take()}
	}
	c := im.concept(to.get("code"), "")
	if c.Term == "" && c.Text == "" {
		var ingredients []string
		for _, ingredient := range to.get("ingredient").list() {
			i := im.concept(ingredient.get("itemCodeableConcept"), "")
			c.Codings = append(c.Codings, i.Codings...)
			if ingredients = append(ingredients, im.label(i.Term, i.Text)); len(ingredients) == 1 {
				c.Term = i.Term
			}
		}
		c.Text = joined(ingredients...)
		if len(ingredients) > 1 { // a combination is not its first part
			c.Term = ""
		}
	}
	if c.Text == "" {
		c.Text = display.take()
	}
	takeRepeated(display, c)
	return c
}

// dose reads how much and when: the words of the source, or what its parts say.
func (im *importer) dose(dose *node) (string, []Coding) {
	if text := dose.get("text").take(); text != "" {
		return text, nil
	}
	if text := dose.get("patientInstruction").take(); text != "" {
		return text, nil
	}
	var parts []string
	for _, rate := range append(dose.get("doseAndRate").list(), dose) {
		parts = append(parts, quantity(rate.get("doseQuantity")))
	}
	timing := dose.get("timing")
	repeat := timing.get("repeat")
	if frequency, period := repeat.get("frequency"), repeat.get("period"); frequency.str() != "" && period.str() != "" {
		parts = append(parts, frequency.take()+" x / "+period.take()+" "+repeat.get("periodUnit").take())
	}
	for _, name := range []string{"when", "timeOfDay", "dayOfWeek"} {
		for _, when := range repeat.get(name).list() {
			parts = append(parts, when.take())
		}
	}
	schedule, route := im.concept(timing.get("code"), PartDose), im.concept(dose.get("route"), PartDose)
	parts = append(parts, schedule.Text, route.Text)
	return strings.ReplaceAll(joined(parts...), separatorOfParts, ", "), append(schedule.Codings, route.Codings...)
}

func (ex *exporter) writeMedication(item Item) object {
	r := ex.resource("MedicationStatement", item, "subject")
	r["medicationCodeableConcept"] = ex.concept(item, "")
	known := []string{"active", "completed", "intended", "stopped", "on-hold", "unknown", "not-taken"}
	if r["status"] = item.Status; !slices.Contains(known, item.Status) {
		r["status"] = "active"
	}
	if item.Date != "" {
		r["effectivePeriod"] = object{"start": item.Date}
	} else {
		r["_effectiveDateTime"] = unknown()
	}
	if item.Detail != "" {
		r["dosage"] = []object{{"text": item.Detail}}
	}
	ex.state(r, item, "dateAsserted", "informationSource")
	return r
}
