package terms

import (
	"encoding/json"
	"strings"
)

// Provenance says where the wording of a label comes from.
type Provenance string

// The provenances. A drafted label was read by no clinician and no native speaker: the reader is told so.
const (
	Official Provenance = "official"
	Drafted  Provenance = "drafted"
)

// Label returns what a term is called in a language (BCP 47; region and script are ignored). Where the language has no label,
// the English one is returned, and where the term is unknown, "".
func (c *Catalogue) Label(key, lang string) (string, Provenance) {
	if found, ok := c.labels[base(lang)][key]; ok {
		return found.text, found.provenance
	}
	found := c.labels["en"][key]
	return found.text, found.provenance
}

// labelsJSON is the form in which a browser gets the labels of one language.
type labelsJSON struct {
	Version int      `json:"v"`
	Lang    string   `json:"lang"`
	Labels  []string `json:"labels"`
	Drafted string   `json:"drafted"`
}

// LabelsJSON returns the labels of one language for the reader page:
//
//	{"v":1,"lang":"es","labels":["","Alergia a la penicilina",...],"drafted":"01..."}
//
// labels[n] is the label of the term with card number n (labels[0] is empty), and drafted[n] is '1' where it was drafted
// rather than taken from a published translation. The bytes are stable. An unknown language gives the English labels.
func (c *Catalogue) LabelsJSON(lang string) ([]byte, error) {
	lang = base(lang)
	if c.labels[lang] == nil {
		lang = "en"
	}
	out := labelsJSON{Version: 1, Lang: lang, Labels: make([]string, len(c.terms))}
	var drafted strings.Builder
	drafted.WriteByte('0')
	for number := 1; number < len(c.terms); number++ {
		text, provenance := c.Label(c.terms[number].Key, lang)
		out.Labels[number] = text
		if provenance == Drafted {
			drafted.WriteByte('1')
		} else {
			drafted.WriteByte('0')
		}
	}
	out.Drafted = drafted.String()
	return json.Marshal(out)
}
