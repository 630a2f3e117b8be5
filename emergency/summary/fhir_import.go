package summary

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/terms"
)

// ErrNotBundle is returned for JSON that is not a FHIR Bundle.
var ErrNotBundle = errors.New("summary: the document is not a FHIR Bundle")

// maxEntries bounds a bundle.
const maxEntries = 20_000

// Imported is what Import made of a document. Everything that the document says about the person is in the record or in
// NotUnderstood; the three lists are for the person to read before anything is saved.
type Imported struct {
	Record        Record `json:"record"`
	Understood    []Line `json:"understood"`     // an item with a term of the catalogue, or one that needs none
	KeptAsText    []Line `json:"kept_as_text"`   // an item in the document's own words only
	NotUnderstood []Line `json:"not_understood"` // in the original document alone, which the caller keeps
}

// Line is one line of the lists.
type Line struct {
	Path    string          `json:"path"`              // where in the document: entry[3].resource.reaction[0]
	Section section.Section `json:"section,omitempty"` // 0 where it belongs to none
	Words   string          `json:"words"`             // what stands there, at most 300 bytes
	Why     string          `json:"why"`               // message key of the locale files
	Args    map[string]any  `json:"args,omitempty"`    // of the message
	ItemID  string          `json:"item,omitempty"`
}

// The message keys of Line.Why.
const (
	WhyCoded          = "import.coded"              // the code is in the catalogue
	WhyStructured     = "import.structured"         // needs no code: a contact, a value
	WhyAbsent         = "import.absent"             // "none known", or nobody asked
	WhyWords          = "import.words"              // no code, or none of the catalogue
	WhyNarrative      = "import.narrative"          // a section that has only prose
	WhyKind           = "import.kind"               // a resource of a kind that a record does not keep; Args: kind
	WhyField          = "import.field"              // a field that a record does not keep
	WhyRefuted        = "import.refuted"            // entered in error, refuted, not done: not taken as true
	WhyDangling       = "import.dangling_reference" // points to something that is not in the document
	WhyDuplicate      = "import.duplicate_name"     // a name that an object uses twice; the first one counts
	WhyOtherPatient   = "import.other_patient"      // a second patient
	WhyTooLong        = "import.too_long"           // the end of a text that was cut
	WhyWithoutMeaning = "import.empty"              // a resource that says nothing
)

// maxLineWords bounds Line.Words.
const maxLineWords = 300

// Import reads a FHIR R4 International Patient Summary, leniently: dangling references, missing sections, fields of an older FHIR and
// odd codes lose nothing and stop nothing. It fails on documents beyond the bounds (ErrDocumentTooLarge), that are not UTF-8
// (ErrDocumentText), not JSON (ErrDocumentJSON) or not a Bundle (ErrNotBundle).
//
// Of a point in time the day is kept, of a name or number its value, of a code all of it, of a text all but the characters that Settle takes out. Item identifiers follow from the document, so that the same document gives the same record. Record.Patient and Version are left to the caller.
func Import(document []byte) (Imported, error) {
	root, duplicates, err := parseJSON(document)
	if err != nil {
		return Imported{}, err
	}
	im, err := newImporter(root)
	if err != nil {
		return Imported{}, err
	}
	im.run()
	for _, d := range duplicates {
		im.report(d.path, 0, words(d.value), WhyDuplicate, nil)
	}
	if len(im.out.Record.Items) > maxItems {
		return Imported{}, ErrDocumentTooLarge
	}
	im.out.Record = im.out.Record.Sorted()
	im.out.Record.Identity = settledIdentity(im.out.Record.Identity)
	return im.out, nil
}

// importer reads one bundle.
type importer struct {
	catalogue *terms.Catalogue
	root      *node
	entries   []*resource
	byURL     map[string]*resource // by fullUrl
	byID      map[string]*resource // by Type/id and by urn:uuid:id
	placed    map[*node]string     // resource -> LOINC of the section of the Composition that lists it
	provenances
	patient   *resource
	lang      string
	source    Source // of whatever names no source of its own: the author of the document
	confirmed Date   // likewise: the date of the document
	taken     map[string]bool
	origins   map[string]string // item ID -> path
	out       Imported
}

// resource is an entry of the bundle, or a resource contained in one.
type resource struct {
	*node
	path   string
	url    string
	kind   string
	within *resource // of a contained resource
}

func newImporter(root *node) (*importer, error) {
	catalogue, err := terms.Load()
	if err != nil {
		return nil, err
	}
	if root.get("resourceType").str() != "Bundle" {
		return nil, ErrNotBundle
	}
	im := &importer{
		catalogue: catalogue, root: root, byURL: map[string]*resource{}, byID: map[string]*resource{}, placed: map[*node]string{},
		taken: map[string]bool{}, origins: map[string]string{},
	}
	list := root.get("entry").list()
	if len(list) > maxEntries {
		return nil, ErrDocumentTooLarge
	}
	for i, entry := range list {
		path := index("entry", i)
		r := &resource{node: entry.get("resource"), path: path + ".resource", url: entry.get("fullUrl").str()}
		if r.kind = r.get("resourceType").str(); r.kind == "" {
			im.report(path, 0, words(entry), WhyWithoutMeaning, nil)
			entry.use()
			continue
		}
		im.entries = append(im.entries, r)
		im.index(r)
	}
	return im, nil
}

// index makes a resource findable by the names that references use. The first of several with one name counts.
func (im *importer) index(r *resource) {
	add := func(in map[string]*resource, name string) {
		if _, there := in[name]; !there && name != "" {
			in[name] = r
		}
	}
	add(im.byURL, r.url)
	if id := r.get("id").str(); id != "" {
		add(im.byID, r.kind+"/"+id)
		add(im.byID, "urn:uuid:"+id)
		add(im.byID, id)
	}
}

// resolve returns what a reference points to, nil where that is not in the document.
func (im *importer) resolve(reference *node, from *resource) *resource {
	name := reference.get("reference").str()
	if name == "" {
		return nil
	}
	if id, local := strings.CutPrefix(name, "#"); local {
		for from.within != nil {
			from = from.within
		}
		for i, contained := range from.get("contained").list() {
			if contained.get("id").str() == id {
				return &resource{
					node: contained, path: index(from.path+".contained", i), kind: contained.get("resourceType").str(), within: from,
				}
			}
		}
		return nil
	}
	if r := im.byURL[name]; r != nil {
		return r
	}
	name, _, _ = strings.Cut(name, "/_history/")
	if r := im.byID[name]; r != nil {
		return r
	}
	// An absolute address whose entry has another base, or none.
	if parts := strings.Split(name, "/"); len(parts) > 2 {
		return im.byID[strings.Join(parts[len(parts)-2:], "/")]
	}
	return nil
}

// run reads everything.
func (im *importer) run() {
	composition := im.first("Composition")
	if composition != nil {
		im.composition(composition)
	}
	if im.patient == nil {
		im.patient = im.first("Patient")
	}
	im.findProvenances()
	for _, r := range im.entries {
		switch {
		case r == composition:
		case r == im.patient:
			im.readPatient(r)
		case r.kind == "Patient":
			im.whole(r, WhyOtherPatient)
		default:
			im.read(r)
		}
	}
	if composition != nil {
		im.emptySections(composition)
	}
	im.leftovers()
}

func (im *importer) first(kind string) *resource {
	for _, r := range im.entries {
		if r.kind == kind {
			return r
		}
	}
	return nil
}

// composition takes from the Composition what it says of the document, and which resource it lists under which section.
func (im *importer) composition(c *resource) {
	for _, name := range []string{
		"status", "type", "date", "title", "identifier", "confidentiality", "attester", "custodian", "relatesTo", "event", "category", "encounter", "author",
	} {
		c.get(name).use()
	}
	im.lang = c.get("language").str()
	if im.lang == "" {
		im.lang = im.root.get("language").str()
	}
	im.out.Record.Lang = cut(im.lang, maxShort)
	im.confirmed = dateIn(c.get("date").str())
	if im.confirmed == "" {
		im.confirmed = dateIn(im.root.get("timestamp").str())
	}
	if authors := c.get("author").list(); len(authors) > 0 {
		im.source = im.sourceOf(authors[0], c)
		if im.source.Kind == SourceSelf || im.source == (Source{}) {
			im.source.Kind = SourceImported
		}
	}
	if subject := im.resolve(c.get("subject"), c); subject != nil && subject.kind == "Patient" {
		im.patient = subject
	}
	im.sections(c.get("section").list(), c.path+".section", c)
}

func (im *importer) sections(list []*node, path string, c *resource) {
	for i, s := range list {
		at := index(path, i)
		code := ""
		for _, coding := range s.get("code").get("coding").list() {
			if strings.Contains(coding.get("system").str(), "loinc") {
				code = coding.get("code").str()
			}
		}
		for _, name := range []string{"title", "code", "mode", "orderedBy", "author", "focus"} {
			s.get(name).use()
		}
		for j, reference := range s.get("entry").list() {
			r := im.resolve(reference, c)
			if r == nil {
				im.report(index(at+".entry", j), sectionOfLOINC(code), words(reference), WhyDangling, nil)
			} else if im.placed[r.node] == "" {
				im.placed[r.node] = code
			}
			reference.use()
		}
		im.sections(s.get("section").list(), at+".section", c)
	}
}

// read makes an item of a resource, if it is of a kind that a record keeps.
func (im *importer) read(r *resource) {
	reader, known := readers[r.kind]
	if !known {
		if r.kind != "Medication" && r.kind != "Device" && r.kind != "Provenance" { // read from where they are used, or with what they are about
			im.whole(r, WhyKind)
		}
		return
	}
	if refuted(r) {
		im.whole(r, WhyRefuted)
		return
	}
	item, ok := reader(im, r)
	if !ok {
		im.whole(r, WhyWithoutMeaning)
		return
	}
	im.add(r.path, r.url, r.node, item)
}

// readers has the kinds of resource that become an item.
var readers = map[string]func(*importer, *resource) (Item, bool){
	"AllergyIntolerance":  (*importer).readAllergy,
	"Condition":           (*importer).readCondition,
	"Flag":                (*importer).readFlag,
	"MedicationStatement": (*importer).readMedicationStatement,
	"MedicationRequest":   (*importer).readMedicationRequest,
	"DeviceUseStatement":  (*importer).readDeviceUse,
	"Consent":             (*importer).readConsent,
	"DocumentReference":   (*importer).readDocument,
	"Observation":         (*importer).readObservation,
	"Immunization":        (*importer).readImmunization,
	"Procedure":           (*importer).readProcedure,
	"RelatedPerson":       (*importer).readRelatedPerson,
	"Coverage":            (*importer).readCoverage,
}

// refuted reports whether a resource says of itself that it is not true: entered in error, refuted, not done.
func refuted(r *resource) bool {
	for _, name := range []string{"status", "verificationStatus", "clinicalStatus"} {
		switch codeIn(r.get(name)) {
		case "entered-in-error", "refuted", "not-done", "cancelled":
			return true
		}
	}
	return r.get("notGiven").str() == "true" || r.get("doNotPerform").str() == "true"
}

// add puts an item into the record and into the list it belongs to. node is where the item's extension may stand.
func (im *importer) add(path, url string, n *node, item Item) {
	if !item.Section.Valid() {
		item.Section = section.Conditions
	}
	im.attest(&item, n)
	if item.Confirmed == "" {
		item.Confirmed = im.confirmed
	}
	if item.Source == (Source{}) {
		item.Source = im.source
	}
	item.ID = im.itemID(path, url)
	item = im.withResidue(item, n)
	item.settle()
	item = im.bounded(path, item)
	im.taken[item.ID], im.origins[item.ID] = true, path
	im.out.Record.Items = append(im.out.Record.Items, item)

	line := Line{Path: path, Section: item.Section, Words: cut(im.wordsOf(item), maxLineWords), ItemID: item.ID}
	if line.Words == "" {
		line.Words = cut(joined(displays(item.Codings), item.Absent), maxLineWords)
	}
	switch {
	case item.Absent != "":
		line.Why = WhyAbsent
	case item.Term != "":
		line.Why = WhyCoded
	case item.Name != "" || item.Phone != "":
		line.Why = WhyStructured
	default:
		line.Why = WhyWords
		im.out.KeptAsText = append(im.out.KeptAsText, line)
		return
	}
	im.out.Understood = append(im.out.Understood, line)
}

// itemID is the UUID of the fullUrl, else a digest of the names that the document gives.
func (im *importer) itemID(path, url string) string {
	if digits, isUUID := strings.CutPrefix(url, "urn:uuid:"); isUUID {
		if raw, err := hex.DecodeString(strings.ReplaceAll(digits, "-", "")); err == nil && len(raw) == 16 {
			if id := base64.RawURLEncoding.EncodeToString(raw); !im.taken[id] {
				return id
			}
		}
	}
	id := digestID(url)
	if url == "" || im.taken[id] {
		id = digestID(im.root.get("identifier").get("value").str() + "\x00" + path)
	}
	for im.taken[id] {
		id = digestID(id)
	}
	return id
}

func digestID(name string) string {
	sum := sha256.Sum256([]byte("locket/item/v1\x00" + name))
	sum[6] = sum[6]&0x0f | 0x80 // UUID version 8 (RFC 9562 section 5.8)
	sum[8] = sum[8]&0x3f | 0x80
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// bounded cuts what is longer than a record allows, and says so.
func (im *importer) bounded(path string, item Item) Item {
	trim := func(text *string, limit int) {
		if short := cut(*text, limit); short != *text {
			im.report(path, item.Section, cut(strings.TrimPrefix(*text, short), maxLineWords), WhyTooLong, map[string]any{"max": limit})
			*text = short
		}
	}
	codings := func(list *[]Coding) {
		if len(*list) > maxCodings {
			im.report(path, item.Section, cut(displays((*list)[maxCodings:]), maxLineWords), WhyTooLong, map[string]any{"max": maxCodings})
			*list = (*list)[:maxCodings]
		}
		for i := range *list {
			trim(&(*list)[i].System, maxWords)
			trim(&(*list)[i].Code, maxWords)
			trim(&(*list)[i].Display, maxWords)
		}
	}
	for _, text := range []*string{&item.Text, &item.Detail, &item.Note} {
		trim(text, maxWords)
	}
	for _, text := range []*string{&item.Status, &item.Name, &item.Phone, &item.Relation, &item.Source.Name} {
		trim(text, maxShort)
	}
	codings(&item.Codings)
	if len(item.Reactions) > maxConcepts {
		for _, reaction := range item.Reactions[maxConcepts:] {
			im.report(path, item.Section, cut(im.label(reaction.Term, reaction.Text), maxLineWords), WhyTooLong, map[string]any{"max": maxConcepts})
		}
		item.Reactions = item.Reactions[:maxConcepts]
	}
	for i := range item.Reactions {
		trim(&item.Reactions[i].Text, maxWords)
		codings(&item.Reactions[i].Codings)
	}
	return item
}

// whole reports a resource of which nothing is taken.
func (im *importer) whole(r *resource, why string) {
	text := words(r.node)
	r.use()
	im.report(r.path, sectionOfLOINC(im.placed[r.node]), text, why, map[string]any{"kind": r.kind})
}

func (im *importer) report(path string, s section.Section, text, why string, args map[string]any) {
	im.out.NotUnderstood = append(im.out.NotUnderstood, Line{Path: path, Section: s, Words: cut(text, maxLineWords), Why: why, Args: args})
}

// wordsOf says an item in one line, in the language of the document.
func (im *importer) wordsOf(item Item) string {
	parts := []string{im.label(item.Term, item.Text), item.Name, item.Relation, item.Phone, item.Detail}
	for _, reaction := range item.Reactions {
		parts = append(parts, im.label(reaction.Term, reaction.Text))
	}
	parts = append(parts, item.Note)
	var said []string
	for _, part := range parts {
		if part = cleaned(part); part != "" {
			said = append(said, part)
		}
	}
	return strings.Join(said, " · ")
}

// label is the name of a term in the language of the document, and the words beside it where they say more.
func (im *importer) label(key, text string) string {
	label, _ := im.catalogue.Label(key, im.lang)
	switch {
	case label == "" || strings.EqualFold(label, text):
		return text
	case text == "":
		return label
	}
	return label + " (" + text + ")"
}
