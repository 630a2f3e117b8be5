package terms

import "strings"

// Quality says how a code found its term.
type Quality int

// The qualities, best first.
const (
	Exact Quality = iota + 1 // the term's own code
	Alt                      // another code with the same meaning
	Class                    // the ICD-10, ICD-11 or ATC class that the catalogue gives for the term
	Wider                    // the class is wider than the code: take it only where no words say something narrower
)

// The canonical URIs of the code systems that the catalogue uses (https://terminology.hl7.org).
const (
	snomed = "http://snomed.info/sct"
	loinc  = "http://loinc.org"
	cvx    = "http://hl7.org/fhir/sid/cvx"
	rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm"
	icd10  = "http://hl7.org/fhir/sid/icd-10"
	icd11  = "http://id.who.int/icd/release/11/mms"
	atc    = ATC
)

// ATC is the URI of the Anatomical Therapeutic Chemical classification, in which hospitals read medicines.
const ATC = "http://www.whocc.no/atc"

// spellings lists other names of the same systems that are met in real documents, without scheme and trailing slash.
// National modifications of ICD-10 agree with it in the classes that the catalogue uses (three characters, or four).
var spellings = map[string]string{
	"snomed.info/sct":                      snomed,
	"www.snomed.org":                       snomed,
	"snomed.org":                           snomed,
	"urn:oid:2.16.840.1.113883.6.96":       snomed,
	"loinc.org":                            loinc,
	"urn:oid:2.16.840.1.113883.6.1":        loinc,
	"hl7.org/fhir/sid/cvx":                 cvx,
	"urn:oid:2.16.840.1.113883.12.292":     cvx,
	"urn:oid:2.16.840.1.113883.6.59":       cvx,
	"www.nlm.nih.gov/research/umls/rxnorm": rxnorm,
	"urn:oid:2.16.840.1.113883.6.88":       rxnorm,
	"hl7.org/fhir/sid/icd-10":              icd10,
	"hl7.org/fhir/sid/icd-10-cm":           icd10,
	"hl7.org/fhir/sid/icd-10-uk":           icd10,
	"hl7.org/fhir/sid/icd-10-gm":           icd10,
	"fhir.de/codesystem/bfarm/icd-10-gm":   icd10,
	"id.who.int/icd/release/10":            icd10,
	"urn:oid:2.16.840.1.113883.6.3":        icd10,
	"urn:oid:2.16.840.1.113883.6.90":       icd10,
	"id.who.int/icd/release/11/mms":        icd11,
	"id.who.int/icd11/mms":                 icd11,
	"hl7.org/fhir/sid/icd-11":              icd11,
	"www.whocc.no/atc":                     atc,
	"whocc.no/atc":                         atc,
	"urn:oid:2.16.840.1.113883.6.73":       atc,
}

// System returns the canonical URI of a code system: http for https, no trailing slash, no version, the URI for an OID.
// A system that the catalogue does not use comes back unchanged.
func System(uri string) string {
	name := strings.TrimSpace(uri)
	if number, isOID := strings.CutPrefix(name, "OID:"); isOID {
		name = "urn:oid:" + number
	}
	name, _, _ = strings.Cut(name, "|")
	name = strings.ToLower(name)
	name = strings.TrimPrefix(strings.TrimPrefix(name, "https://"), "http://")
	name = strings.TrimRight(name, "/")
	if strings.HasPrefix(name, "snomed.info/sct/") { // an edition or a version of it
		return snomed
	}
	if canonical, known := spellings[name]; known {
		return canonical
	}
	return uri
}

// Match finds the term of a code: by its own code, by another code of the same meaning, then by class. A class that
// belongs to several terms finds none of them: a wrong line on a card is worse than a line in plain words.
func (c *Catalogue) Match(system, code string) (Term, Quality, bool) {
	found := coding{System(system), strings.TrimSpace(code)}
	if number := c.byCode[found]; number != 0 {
		return c.terms[number], Exact, true
	}
	if number := c.byAlt[found]; number != 0 {
		return c.terms[number], Alt, true
	}
	switch found.system {
	case icd10, icd11, atc:
		found.code = strings.ToUpper(found.code)
	default:
		return Term{}, 0, false
	}
	if number := c.byClass[found]; number != 0 {
		return c.terms[number], Class, true
	}
	for _, wider := range classesAbove(found) {
		if number, known := c.byClass[wider]; known {
			return c.terms[number], Wider, number != 0
		}
	}
	return Term{}, 0, false
}

// classesAbove lists the classes that contain the code, the narrowest first. An ICD-10 class is three characters and perhaps a
// digit after a point; ATC has levels of 7, 5 and 4 characters (a class of 3 or fewer names no group of medicines that acts alike).
func classesAbove(c coding) []coding {
	var above []coding
	switch c.system {
	case icd10:
		for length := len(c.code) - 1; length >= len("I25"); length-- {
			if code := c.code[:length]; !strings.HasSuffix(code, ".") {
				above = append(above, coding{icd10, code})
			}
		}
	case atc:
		for _, length := range []int{5, 4} {
			if len(c.code) > length {
				above = append(above, coding{atc, c.code[:length]})
			}
		}
	}
	return above
}
