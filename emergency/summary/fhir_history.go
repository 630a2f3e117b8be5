package summary

import (
	"slices"

	"github.com/locket-health/locket/emergency/section"
)

func (im *importer) readImmunization(r *resource) (Item, bool) {
	item := Item{Section: section.Immunizations, Status: code(r.get("status")), Date: r.date("occurrenceDateTime", "date")}
	c := im.concept(r.get("vaccineCode"), "")
	item.set(c)
	item.Absent = absent(c)
	item.Detail = joined(r.get("occurrenceString").take(), r.get("lotNumber").take())
	item.Note = notes(r.get("note"))
	im.stated(&item, r, "recorded")
	for _, performer := range r.get("performer").list() {
		if item.Source == (Source{}) {
			item.Source = im.sourceOf(performer.get("actor"), r)
		}
	}
	return item, c.Term != "" || c.Text != ""
}

func (ex *exporter) writeImmunization(item Item) object {
	r := ex.resource("Immunization", item, "patient")
	r["vaccineCode"] = ex.concept(item, "")
	r["status"] = "completed"
	if item.Date != "" {
		r["occurrenceDateTime"] = item.Date
	} else {
		r["occurrenceString"] = "unknown"
	}
	putText(r, "lotNumber", item.Detail)
	ex.state(r, item, "recorded", "")
	if actor := actorOf(item.Source); actor != nil && item.Source.Kind != SourceSelf && item.Source.Kind != SourceGuardian {
		r["performer"] = []object{{"actor": actor}}
	}
	return r
}

func (im *importer) readProcedure(r *resource) (Item, bool) {
	item := Item{Status: code(r.get("status")), Date: r.date("performedDateTime", "performedPeriod")}
	c := im.concept(r.get("code"), "")
	item.set(c)
	item.Absent = absent(c)
	item.Section = im.sectionFor(item.Term, section.Procedures)
	item.Note = notes(r.get("note"))
	im.stated(&item, r, "", "asserter", "recorder")
	return item, c.Term != "" || c.Text != ""
}

func (ex *exporter) writeProcedure(item Item) object {
	r := ex.resource("Procedure", item, "subject")
	r["code"] = ex.concept(item, "")
	known := []string{"preparation", "in-progress", "on-hold", "stopped", "completed", "unknown"}
	if r["status"] = item.Status; !slices.Contains(known, item.Status) {
		r["status"] = "completed"
	}
	if item.Date != "" {
		r["performedDateTime"] = item.Date
	} else {
		r["_performedDateTime"] = unknown()
	}
	ex.state(r, item, "", "asserter")
	return r
}
