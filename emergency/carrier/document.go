package carrier

import (
	"time"

	"github.com/locket-health/locket/emergency/summary"
)

// titles are the keys of the words for the sections of an International Patient Summary, by LOINC code; "" is the document itself.
var titles = map[string]string{
	"":         "document.title",
	"48765-2":  "section.allergies",
	"11450-4":  "section.conditions",
	"10160-0":  "section.medications",
	"42348-3":  "section.directives",
	"104605-1": "document.alerts",
	"46264-8":  "section.devices",
	"10162-6":  "section.pregnancy",
	"47420-5":  "section.baseline",
	"30954-2":  "section.results",
	"8716-3":   "section.vitals",
	"11369-6":  "section.immunizations",
	"47519-4":  "section.procedures",
	"81338-6":  "document.story",
	"11348-0":  "document.past",
	"29762-2":  "document.social",
	"18776-5":  "document.plan",
	"34109-9":  "document.added",
}

// Document writes a record as an International Patient Summary (FHIR R4), for hospital software, with a narrative in the language of its reader. author
// is who answers for it: the host of this house. What a responder has added stands in a section of its own.
func (w Words) Document(lang string, record summary.Record, author string, now time.Time, added ...summary.Note) ([]byte, error) {
	lang = w.Catalog.Match("", lang).Code
	t := w.Catalog.Bind(lang)
	said := make(map[string]string, len(titles))
	for code, key := range titles {
		said[code] = t(key)
	}
	return summary.Export(record, summary.ExportOptions{Lang: lang, Now: now, Author: author, Titles: said, Notes: added, Words: summary.Words{
		Dose: t("document.dose"), Reactions: t("document.reactions"), Severity: t("document.severity"), Criticality: t("document.criticality"),
		Status: t("document.status"), Since: t("document.since"), On: t("document.on"), SupplyUntil: t("document.supply_until"),
		Phone: t("document.phone"), Relation: t("document.relation"), Collect: t("document.collect"), MustNot: t("document.must_not"),
		OutOfArea: t("document.out_of_area"), StatedBy: t("document.stated_by"), Confirmed: t("document.confirmed"),
		KnownNone: t("absent.known-none"), NotAsked: t("absent.no-information"), Silence: t("document.silence"),
		Codes:  w.Catalog.Under(lang, "severity.", "criticality.", "status.", "source.", "relation.", "gender."),
		Date:   func(date summary.Date) string { return w.date(lang, date) },
		Moment: func(at time.Time) string { return w.Catalog.Time(lang, at.UTC()) },
	}})
}
