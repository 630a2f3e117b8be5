package summary

import (
	"regexp"
	"slices"
	"strings"
)

// Violation is a rule of the International Patient Summary that a document breaks.
type Violation struct {
	Path string
	Rule string // the identifier of an invariant, or the rule in words
}

// instant is a FHIR instant or dateTime with a time zone.
var instant = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$`)

// CheckIPS checks a document against the rules of the IPS Implementation Guide 2.0.1 that a schema does not know: the shape of the document Bundle
// (bdl-ips-1), the required sections (ips-comp-1), title, code and narrative of each section, references that lead somewhere, and what each kind
// of resource must say. It returns what is broken, or the error of a document that cannot be read.
func CheckIPS(document []byte) ([]Violation, error) {
	root, duplicates, err := parseJSON(document)
	if err != nil {
		return nil, err
	}
	im, err := newImporter(root)
	if err != nil {
		return nil, err
	}
	c := &checker{im: im}
	for _, d := range duplicates {
		c.fail(d.path, "a name is used twice")
	}
	c.bundle()
	for _, r := range im.entries {
		c.resource(r)
	}
	return c.violations, nil
}

type checker struct {
	im         *importer
	violations []Violation
}

func (c *checker) fail(path, rule string) { c.violations = append(c.violations, Violation{path, rule}) }

// need fails for each of the members that is missing. "a|b" is satisfied by either; a member "_a" with an extension stands for a.
func (c *checker) need(n *node, path string, names ...string) {
	for _, name := range names {
		found := false
		for _, alternative := range strings.Split(name, "|") {
			found = found || n.get(alternative) != nil || n.get("_"+alternative).get("extension") != nil
		}
		if !found {
			c.fail(join(path, name), "is missing")
		}
	}
}

func (c *checker) bundle() {
	root := c.im.root
	c.need(root, "", "identifier", "timestamp")
	if root.get("type").str() != "document" {
		c.fail("type", "is not document")
	}
	if at := root.get("timestamp").str(); !instant.MatchString(at) {
		c.fail("timestamp", "is not an instant")
	}
	seen := map[string]bool{}
	for i, entry := range root.get("entry").list() {
		path := index("entry", i)
		url := entry.get("fullUrl").str()
		if url == "" || seen[url] {
			c.fail(path+".fullUrl", "bdl-7: missing or used twice")
		}
		seen[url] = true
	}
	compositions, patients := 0, 0
	for i, r := range c.im.entries {
		switch r.kind {
		case "Composition":
			if compositions++; i != 0 {
				c.fail(r.path, "bdl-ips-1: the Composition is not the first entry")
			}
			c.composition(r)
		case "Patient":
			patients++
		}
	}
	if compositions != 1 || patients != 1 {
		c.fail("entry", "bdl-ips-1: not one Composition and one Patient")
	}
}

func (c *checker) composition(r *resource) {
	c.need(r.node, r.path, "status", "type", "subject", "date", "author", "title", "section")
	if codeIn(r.get("type")) != "60591-5" {
		c.fail(r.path+".type", "is not 60591-5")
	}
	if to := c.im.resolve(r.get("subject"), r); to == nil || to.kind != "Patient" {
		c.fail(r.path+".subject", "leads to no Patient")
	}
	var codes []string
	for i, s := range r.get("section").list() {
		path := index(r.path+".section", i)
		code := codeIn(s.get("code"))
		if slices.Contains(codes, code) {
			c.fail(path+".code", "is the code of another section")
		}
		codes = append(codes, code)
		c.need(s, path, "title", "code", "text")
		if status := s.get("text").get("status").str(); status == "" || s.get("text").get("div").str() == "" {
			c.fail(path+".text", "txt-1: a narrative without status or div")
		}
		if s.get("section") != nil {
			c.fail(path+".section", "sections of an IPS do not nest")
		}
		entries, empty := s.get("entry"), s.get("emptyReason")
		if (entries == nil) == (empty == nil) && (entries != nil || slices.Contains(requiredSections, code)) {
			c.fail(path, "ips-comp-1, cmp-2: neither entries nor a reason, or both")
		}
	}
	for _, code := range requiredSections {
		if !slices.Contains(codes, code) {
			c.fail(r.path+".section", "ips-comp-1: section "+code+" is missing")
		}
	}
}

var requiredSections = []string{loincProblems, loincAllergies, loincMedications}

// required are the members that each kind of resource must have in an IPS.
var required = map[string][]string{
	"Patient":             {"name", "birthDate"},
	"AllergyIntolerance":  {"code", "patient", "clinicalStatus"},
	"Condition":           {"code", "subject", "clinicalStatus"},
	"MedicationStatement": {"status", "medicationCodeableConcept|medicationReference", "subject", "effectiveDateTime|effectivePeriod"},
	"DeviceUseStatement":  {"status", "subject", "device", "timingDateTime|timingPeriod|timingTiming"},
	"Device":              {"type", "patient"},
	"Flag":                {"status", "code", "subject"},
	"Observation":         {"status", "code", "subject", "effectiveDateTime|effectivePeriod"},
	"Immunization":        {"status", "vaccineCode", "patient", "occurrenceDateTime|occurrenceString"},
	"Procedure":           {"status", "code", "subject", "performedDateTime|performedPeriod|performedString"},
	"Consent":             {"status", "scope", "category", "policyRule|policy"},
	"Coverage":            {"status", "beneficiary", "payor"},
	"DocumentReference":   {"status", "content"},
}

func (c *checker) resource(r *resource) {
	c.need(r.node, r.path, required[r.kind]...)
	if r.kind == "Patient" {
		for i, contact := range r.get("contact").list() {
			if contact.get("name") == nil && contact.get("telecom") == nil && contact.get("address") == nil && contact.get("organization") == nil {
				c.fail(index(r.path+".contact", i), "pat-1: says nothing")
			}
		}
	}
	c.walk(r.node, r.path, r)
}

// walk checks that references lead somewhere and that nothing is empty (ele-1).
func (c *checker) walk(n *node, path string, r *resource) {
	switch n.kind {
	case nullNode:
		c.fail(path, "is null")
	case textNode:
		if strings.TrimSpace(n.text) == "" {
			c.fail(path, "ele-1: is empty")
		}
	case arrayNode:
		if len(n.kids) == 0 {
			c.fail(path, "ele-1: is empty")
		}
		for i, kid := range n.kids {
			c.walk(kid, index(path, i), r)
		}
	case objectNode:
		if len(n.kids) == 0 {
			c.fail(path, "ele-1: is empty")
		}
		if to := n.get("reference"); to.str() != "" && c.im.resolve(n, r) == nil {
			c.fail(path+".reference", "leads nowhere in the document")
		}
		for i, kid := range n.kids {
			c.walk(kid, join(path, n.names[i]), r)
		}
	}
}
