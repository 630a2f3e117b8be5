package summary

import (
	"slices"
	"strings"

	"github.com/locket-health/locket/emergency/section"
)

func (im *importer) readCondition(r *resource) (Item, bool) {
	item := Item{Status: code(r.get("clinicalStatus")), Date: r.date("onsetDateTime", "onsetPeriod")}
	c := im.concept(r.get("code"), "")
	item.set(c)
	item.Absent = absent(c)
	item.Section = im.sectionFor(item.Term, section.Conditions)
	takeCode(r.get("verificationStatus"), "confirmed")
	item.Severity = im.readSeverity(r.get("severity"))
	if item.Status == "" && im.placed[r.node] == loincPast {
		item.Status = "inactive"
	}
	item.Note = notes(r.get("note"))
	im.stated(&item, r, "recordedDate", "asserter", "recorder")
	return item, c.Term != "" || c.Text != ""
}

// readSeverity reads a severity that the catalogue has as a term.
func (im *importer) readSeverity(n *node) string {
	for _, coding := range n.get("coding").list() {
		term, _, ok := im.catalogue.Match(coding.get("system").str(), coding.get("code").str())
		if severity, is := strings.CutPrefix(term.Key, "severity-"); ok && is {
			coding.use()
			takeRepeated(n.get("text"), Concept{Text: severity, Codings: []Coding{{Display: coding.get("display").str()}}})
			return severity
		}
	}
	return ""
}

func (ex *exporter) writeCondition(item Item) object {
	r := ex.resource("Condition", item, "subject")
	r["code"] = ex.concept(item, "")
	if !slices.Contains([]string{"active", "recurrence", "relapse", "inactive", "remission", "resolved"}, item.Status) {
		item.Status = "active"
	}
	r["clinicalStatus"] = coded(systemConditionStatus, item.Status)
	if term, known := ex.catalogue.ByKey("severity-" + item.Severity); known {
		r["severity"] = coded(term.System, term.Code)
	}
	putText(r, "onsetDateTime", string(item.Date))
	ex.state(r, item, "recordedDate", "asserter")
	return r
}

// readFlag reads an alert. One without a term of the catalogue is read early, among the conditions.
func (im *importer) readFlag(r *resource) (Item, bool) {
	item := Item{Status: code(r.get("status")), Date: r.date("period")}
	c := im.concept(r.get("code"), "")
	item.set(c)
	item.Section = im.sectionFor(item.Term, section.Conditions)
	im.stated(&item, r, "", "author")
	return item, c.Term != "" || c.Text != ""
}

// writeFlag writes an alert that stands.
func (ex *exporter) writeFlag(item Item) object {
	r := ex.resource("Flag", item, "subject")
	r["code"] = ex.concept(item, "")
	r["status"] = "active"
	if item.Date != "" {
		r["period"] = object{"start": item.Date}
	}
	ex.state(r, item, "", "author")
	delete(r, "note") // a Flag has none
	return r
}
