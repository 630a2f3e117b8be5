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
// (bdl-ips-1), the required sections (ips-comp-1), title, code and narrative of each section and the kinds of resource that it lists, the name of the
// person (ips-pat-1), references that lead somewhere, and what each kind of resource must say. It returns what is broken, or the error of a document that cannot be read.
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
		} else if plainText(s.get("text").get("div").str()) == "" {
			c.fail(path+".text", "txt-2: a narrative that says nothing")
		}
		c.kinds(s, code, path, r)
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

// kinds checks that a section lists nothing that has no place in it, and that contacts stand in none.
func (c *checker) kinds(s *node, code, path string, r *resource) {
	for i, reference := range s.get("entry").list() {
		to := c.im.resolve(reference, r)
		if to == nil {
			continue // said elsewhere
		}
		at := index(path+".entry", i)
		if to.kind == "RelatedPerson" {
			c.fail(at, "contacts stand in Patient.contact")
		}
		if kinds := sectionKinds[code]; kinds != nil && !slices.Contains(kinds, to.kind) {
			c.fail(at, "a "+to.kind+" has no place in section "+code)
		}
	}
}

// sectionKinds are the kinds of resource that the sections of an IPS list, where they list only some.
var sectionKinds = map[string][]string{
	loincProblems:      {"Condition", "DocumentReference"},
	loincAllergies:     {"AllergyIntolerance", "DocumentReference"},
	loincMedications:   {"MedicationStatement", "MedicationRequest", "MedicationAdministration", "MedicationDispense", "DocumentReference"},
	loincImmunizations: {"Immunization", "DocumentReference"},
	loincProcedures:    {"Procedure", "DocumentReference"},
	loincDevices:       {"DeviceUseStatement", "DocumentReference"},
	loincDirectives:    {"Consent", "DocumentReference"},
	loincAlerts:        {"Flag", "DocumentReference"},
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
	"Provenance":          {"target", "recorded", "agent"},
}

// about names the member that leads to the person, by kind of resource.
var about = map[string]string{
	"AllergyIntolerance": "patient", "Condition": "subject", "MedicationStatement": "subject", "MedicationRequest": "subject", "DeviceUseStatement": "subject",
	"Device": "patient", "Flag": "subject", "Observation": "subject", "Immunization": "patient", "Procedure": "subject", "Coverage": "beneficiary",
}

func (c *checker) resource(r *resource) {
	c.need(r.node, r.path, required[r.kind]...)
	if member := about[r.kind]; member != "" {
		if to := c.im.resolve(r.get(member), r); to == nil || to.kind != "Patient" {
			c.fail(join(r.path, member), "leads to no Patient")
		}
	}
	switch r.kind {
	case "Flag":
		if r.get("status").str() != "active" {
			c.fail(r.path+".status", "is not active")
		}
	case "Provenance":
		for i, agent := range r.get("agent").list() {
			c.need(agent, index(r.path+".agent", i), "who")
		}
	case "Patient":
		c.patientName(r)
		for i, contact := range r.get("contact").list() {
			if contact.get("name") == nil && contact.get("telecom") == nil && contact.get("address") == nil && contact.get("organization") == nil {
				c.fail(index(r.path+".contact", i), "pat-1: says nothing")
			}
		}
	}
	c.walk(r.node, r.path, r)
}

// patientName checks that the person has a name, or that somebody said that it is not known.
func (c *checker) patientName(r *resource) {
	for _, name := range r.get("name").list() {
		if name.get("family") != nil || name.get("given") != nil || name.get("text") != nil || name.get("extension") != nil {
			return
		}
	}
	c.fail(r.path+".name", "ips-pat-1: neither family name nor given name nor text")
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
