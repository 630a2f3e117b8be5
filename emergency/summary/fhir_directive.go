package summary

import (
	"strings"

	"github.com/locket-health/locket/emergency/section"
)

// readConsent reads an advance directive.
func (im *importer) readConsent(r *resource) (Item, bool) {
	item := Item{Section: section.Directives, Status: code(r.get("status")), Date: r.date("dateTime")}
	var words []string
	for _, provisionCode := range r.get("provision").get("code").list() {
		c := im.concept(provisionCode, "")
		if item.Term == "" {
			item.Term = c.Term
		}
		item.Codings = append(item.Codings, c.Codings...)
		words = append(words, c.Text)
	}
	item.Text = joined(words...)
	rule := im.concept(r.get("policyRule"), PartValue)
	item.Detail = rule.Text
	item.Codings = append(item.Codings, rule.Codings...)
	var addresses []string
	for _, policy := range r.get("policy").list() {
		addresses = append(addresses, policy.get("uri").take())
	}
	item.Note = joined(append(addresses, im.sourceWords(r))...)
	im.stated(&item, r, "", "performer", "organization")
	return item, item.Term != "" || item.Text != "" || item.Detail != "" || item.Note != ""
}

// sourceWords names the document that a Consent points to.
func (im *importer) sourceWords(r *resource) string {
	attachment := r.get("sourceAttachment")
	reference := r.get("sourceReference")
	return joined(attachment.get("title").take(), attachment.get("url").take(), reference.get("display").take())
}

func (ex *exporter) writeConsent(item Item) object {
	r := ex.resource("Consent", item, "patient")
	delete(r, "note") // a Consent has none
	r["status"] = "active"
	for _, status := range []string{"draft", "proposed", "rejected", "inactive"} {
		if item.Status == status {
			r["status"] = status
		}
	}
	r["scope"] = coded("http://terminology.hl7.org/CodeSystem/consentscope", "adr")
	r["category"] = []object{coded("http://terminology.hl7.org/CodeSystem/consentcategorycodes", "acd")}
	putText(r, "dateTime", string(item.Date))
	rule := object{"text": item.Detail}
	if item.Detail == "" {
		rule["text"] = ex.words(item)
	}
	put(rule, "coding", ex.codings(item.Codings, PartValue))
	r["policyRule"] = rule
	r["provision"] = object{"code": []object{ex.concept(item, "")}}
	ex.state(r, item, "", "performer")
	return r
}

// readDocument reads a DocumentReference: a directive where the document lists it as one, else a document.
func (im *importer) readDocument(r *resource) (Item, bool) {
	item := Item{Section: section.Documents, Status: code(r.get("status")), Date: r.date("date")}
	if im.placed[r.node] == loincDirectives {
		item.Section = section.Directives
	}
	c := im.concept(r.get("type"), "")
	item.set(c)
	if term, known := im.catalogue.ByKey(c.Term); known && term.Section() == section.Directives {
		item.Section = section.Directives
	}
	words := []string{r.get("description").take()}
	for _, content := range r.get("content").list() {
		attachment := content.get("attachment")
		words = append(words, attachment.get("title").take(), attachment.get("url").take())
	}
	item.Detail = joined(words...)
	im.stated(&item, r, "", "author", "custodian")
	return item, item.Term != "" || item.Text != "" || item.Detail != ""
}

func (ex *exporter) writeDocument(item Item) object {
	r := ex.resource("DocumentReference", item, "subject")
	delete(r, "note") // a DocumentReference has none
	r["status"] = "current"
	if item.Status == "superseded" {
		r["status"] = item.Status
	}
	r["type"] = ex.concept(item, "")
	if year, month, day := item.Date.Parts(); year > 0 && month > 0 && day > 0 { // an instant, so only a whole day
		r["date"] = string(item.Date) + "T00:00:00Z"
	}
	title := item.Detail
	if title == "" {
		title = ex.words(item)
	}
	r["content"] = []object{{"attachment": object{"title": title}}}
	ex.state(r, item, "", "author")
	return r
}

// readCoverage reads who pays.
func (im *importer) readCoverage(r *resource) (Item, bool) {
	item := Item{Section: section.Insurance, Status: code(r.get("status")), Date: r.date("period")}
	c := im.concept(r.get("type"), "")
	item.set(c)
	r.get("beneficiary").use()
	var payers []string
	for _, payer := range r.get("payor").list() {
		payers = append(payers, im.sourceOf(payer, r).Name)
	}
	item.Name = joined(payers...)
	item.Detail = joined(r.get("subscriberId").take(), r.get("policyHolder").get("display").take())
	return item, item.Name != "" || item.Text != "" || item.Detail != ""
}

func (ex *exporter) writeCoverage(item Item) object {
	r := ex.resource("Coverage", item, "beneficiary")
	delete(r, "note") // a Coverage has none
	r["status"] = "active"
	for _, status := range []string{"cancelled", "draft"} {
		if item.Status == status {
			r["status"] = status
		}
	}
	r["type"] = ex.concept(item, "")
	payer := item.Name
	if payer == "" {
		payer = ex.words(item)
	}
	r["payor"] = []object{{"type": "Organization", "display": payer}}
	putText(r, "subscriberId", strings.TrimSpace(item.Detail))
	if item.Date != "" {
		r["period"] = object{"start": item.Date}
	}
	return r
}
