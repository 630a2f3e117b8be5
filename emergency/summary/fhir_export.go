package summary

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/terms"
)

// ExportOptions says for whom, by whom and when a summary is made.
type ExportOptions struct {
	Lang   string            // BCP 47 of the labels in the narrative; "" means the record's
	Now    time.Time         // the date of the document
	Author string            // who answers for the document; "" means the person
	Titles map[string]string // titles of the sections by LOINC code, and of the document under ""; English where missing
	Words  Words             // of the narrative
	Notes  []Note            // what somebody has added for whoever takes over
}

// object is a JSON object; encoding/json writes its members in alphabetical order, so that equal records give equal bytes.
type object = map[string]any

// Export writes the whole record, hidden items and all, as an International Patient Summary (FHIR R4, IPS 2.0.1): a Bundle of type document, with
// Provenance for every item. Who must not see everything gets the export of a filtered record. Import makes the same record of it, but for Patient and
// Version, which stay in the house.
//
// The bytes depend on the record and the options alone.
func Export(r Record, o ExportOptions) ([]byte, error) {
	catalogue, err := terms.Load()
	if err != nil {
		return nil, err
	}
	if o.Lang == "" {
		o.Lang = r.Lang
	}
	r = r.Sorted()
	ex := &exporter{catalogue: catalogue, options: o, record: r, placed: map[string]int{}}
	for _, item := range r.Items {
		if item.Section != section.Contacts {
			ex.placed[place(item)]++
		}
	}
	document, items := ex.bundle()
	plain, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	if err := ex.addResidue(plain, items); err != nil {
		return nil, err
	}
	return json.Marshal(document)
}

// exporter writes one document.
type exporter struct {
	catalogue *terms.Catalogue
	options   ExportOptions
	record    Record
	placed    map[string]int // how many items stand in a section of the Composition
}

// exported is an item in the document.
type exported struct {
	item   Item
	object object // where its extension stands
}

// bundle returns the document, and its items by the path under which Import will meet them.
func (ex *exporter) bundle() (object, map[string]exported) {
	items := map[string]exported{}
	patient := ex.writePatient(ex.record.Identity)
	var entries, contacts []object
	var stated attested
	bySection := map[string][]object{} // LOINC -> references
	lines := map[string][]Item{}
	empty := map[string]object{}
	for _, item := range ex.record.Items {
		if item.Section == section.Contacts {
			contact := ex.writeContact(item)
			items[index("entry[1].resource.contact", len(contacts))] = exported{item, contact}
			contacts = append(contacts, contact)
			stated.add(item, elementOf(ex.url("patient"), uuidOf(item.ID)))
			continue
		}
		code := place(item)
		if ex.standsForSection(item) {
			empty[code] = ex.emptyReason(item)
			items["emptyReason "+code] = exported{item, empty[code]}
			stated.add(item, elementOf(ex.url("composition"), uuidOf(item.ID)))
			continue
		}
		main, device := ex.write(item)
		url := "urn:uuid:" + uuidOf(item.ID)
		items[index("entry", len(entries)+2)+".resource"] = exported{item, main}
		entries = append(entries, object{"fullUrl": url, "resource": main})
		if device != nil {
			entries = append(entries, object{"fullUrl": deviceURL(item.ID), "resource": device})
		}
		stated.add(item, object{"reference": url})
		bySection[code] = append(bySection[code], object{"reference": url})
		lines[code] = append(lines[code], item)
	}
	put(patient, "contact", contacts)
	patient["text"] = ex.patientNarrative()

	var sections []object
	for _, s := range ipsSections {
		if !s.required && bySection[s.code] == nil && empty[s.code] == nil {
			continue
		}
		one := object{"title": ex.title(s.code, s.title), "code": coded(systemLOINC, s.code), "text": ex.narrative(s, lines[s.code])}
		switch {
		case bySection[s.code] != nil:
			one["entry"] = bySection[s.code]
		case empty[s.code] != nil:
			one["emptyReason"] = empty[s.code]
			items[index("entry[0].resource.section", len(sections))+".emptyReason"] = items["emptyReason "+s.code]
		default:
			one["emptyReason"] = ex.silence()
		}
		delete(items, "emptyReason "+s.code)
		sections = append(sections, one)
	}
	if len(ex.options.Notes) > 0 {
		sections = append(sections, ex.notes(ex.options.Notes))
	}
	all := append([]object{
		{"fullUrl": ex.url("composition"), "resource": ex.composition(sections)},
		{"fullUrl": ex.url("patient"), "resource": patient},
	}, entries...)
	document := object{
		"resourceType": "Bundle", "type": "document", "timestamp": ex.options.Now.Format(time.RFC3339),
		"identifier": object{"system": "urn:ietf:rfc:3986", "value": ex.url("bundle")},
		"entry":      append(all, ex.provenances(stated)...),
	}
	putText(document, "language", ex.record.Lang)
	return document, items
}

// silence is the reason of a required section about which the record says nothing at all. It is told apart from an item that says "no
// information" by having no identifier, and is no item when it is imported again.
func (ex *exporter) silence() object {
	reason := coded(systemEmpty, "unavailable")
	reason["extension"] = []object{{"url": urlSilence, "valueBoolean": true}}
	return reason
}

func (ex *exporter) composition(sections []object) object {
	author := object{"display": ex.options.Author}
	if ex.options.Author == "" {
		author = ex.subject()
	}
	composition := object{
		"resourceType": "Composition", "status": "final", "type": coded(systemLOINC, "60591-5"), "subject": ex.subject(),
		"date": ex.options.Now.Format(time.RFC3339), "author": []object{author}, "title": ex.title("", "International Patient Summary"), "section": sections,
	}
	putText(composition, "language", ex.record.Lang)
	return composition
}

func (ex *exporter) title(code, english string) string {
	if title := ex.options.Titles[code]; title != "" {
		return title
	}
	return english
}

// url is the address of a part of the document that is no item. It follows from what the record is about and when the document was made.
func (ex *exporter) url(part string) string {
	return "urn:uuid:" + uuidOf(digestID(strings.Join([]string{part, ex.record.Identity.Name.String(), string(ex.record.Identity.Birth), ex.options.Now.Format(time.RFC3339)}, "\x00")))
}

func (ex *exporter) subject() object { return object{"reference": ex.url("patient")} }

// standsForSection reports whether an item says only that there is nothing to say, and is the only one of its section in the document.
func (ex *exporter) standsForSection(item Item) bool {
	if item.Absent == "" || item.Term != "" || slices.ContainsFunc(item.Codings, func(c Coding) bool { return c.Part != PartAbsent }) {
		return false
	}
	code := place(item)
	return ex.placed[code] == 1 && sectionOfLOINC(code) == item.Section
}

func (ex *exporter) emptyReason(item Item) object {
	reason := object{"id": uuidOf(item.ID)}
	codings := ex.codings(item.Codings, PartAbsent)
	if len(codings) == 0 {
		code := "unavailable"
		if item.Absent == AbsentKnownNone {
			code = "nilknown"
		}
		codings = []object{added(object{"system": systemEmpty, "code": code})}
	}
	reason["coding"] = codings
	putText(reason, "text", item.Text)
	return reason
}

// write returns the resource of an item, and the Device that it refers to if it is the use of one.
func (ex *exporter) write(item Item) (main, device object) {
	switch item.Section {
	case section.Allergies:
		return ex.writeAllergy(item), nil
	case section.Medications:
		return ex.writeMedication(item), nil
	case section.Devices:
		return ex.writeDevice(item)
	case section.Directives:
		return ex.writeConsent(item), nil
	case section.Needs:
		if place(item) == loincAlerts {
			return ex.writeFlag(item), nil
		}
	case section.Immunizations:
		return ex.writeImmunization(item), nil
	case section.Procedures:
		return ex.writeProcedure(item), nil
	case section.Insurance:
		return ex.writeCoverage(item), nil
	case section.Documents:
		return ex.writeDocument(item), nil
	case section.Baseline, section.Pregnancy, section.Child, section.Results, section.Vitals, section.BloodGroup,
		section.PrivateNotes, section.Identity:
		return ex.writeObservation(item), nil
	}
	return ex.writeCondition(item), nil
}

// addResidue reads the document as a stranger will, and puts beside each resource what it did not say.
func (ex *exporter) addResidue(plain []byte, items map[string]exported) error {
	root, _, err := parseJSON(plain)
	if err != nil {
		return err
	}
	im, err := newImporter(root)
	if err != nil {
		return err
	}
	im.run()
	for _, got := range im.out.Record.Items {
		want, there := items[im.origins[got.ID]]
		if !there {
			continue
		}
		if extension := residue(want.item, got); extension != nil {
			list, _ := want.object["extension"].([]object)
			want.object["extension"] = append(list, extension)
		}
	}
	return nil
}

// resource begins a resource that is about the person.
func (ex *exporter) resource(kind string, item Item, subject string) object {
	r := object{"resourceType": kind, subject: ex.subject()}
	if item.Note != "" {
		r["note"] = []object{{"text": item.Note}}
	}
	return r
}

// state writes who stated the item and when, into the members of this kind of resource.
func (ex *exporter) state(r object, item Item, date, reference string) {
	if date != "" {
		putText(r, date, string(item.Confirmed))
	}
	actor := actorOf(item.Source)
	if reference == "" || actor == nil {
		return
	}
	if reference == "performer" || reference == "author" && r["resourceType"] == "DocumentReference" { // several may have
		r[reference] = []object{actor}
		return
	}
	r[reference] = actor
}

// actorOf is a reference in words to whoever stated an item.
func actorOf(source Source) object {
	kind := map[string]string{
		SourceSelf: "Patient", SourceGuardian: "RelatedPerson", SourceClinician: "Practitioner", SourceOrganization: "Organization",
	}[source.Kind]
	actor := object{}
	putText(actor, "type", kind)
	if source.Kind != SourceSelf { // the person is named as the Patient
		putText(actor, "display", source.Name)
	}
	if len(actor) == 0 {
		return nil
	}
	return actor
}

// concept writes what an item is: the codes of the source as they were, then those of its term, then the words.
func (ex *exporter) concept(item Item, part string) object {
	concept := object{}
	codings := ex.codings(item.Codings, part)
	if term, known := ex.catalogue.ByKey(item.Term); known {
		codings = append(codings, ex.ownCodings(term, item.Codings, part)...)
	}
	put(concept, "coding", codings)
	putText(concept, "text", item.Text)
	if len(codings) == 0 && item.Text == "" {
		concept["text"] = ex.words(item)
	}
	return concept
}

// ownCodings are the codes of a term that the source did not give.
func (ex *exporter) ownCodings(term terms.Term, given []Coding, part string) []object {
	stated := func(system, code string) bool {
		return slices.ContainsFunc(given, func(c Coding) bool { return c.Part == part && terms.System(c.System) == system && c.Code == code })
	}
	var codings []object
	if !term.Local() && !stated(term.System, term.Code) {
		codings = append(codings, added(object{"system": term.System, "code": term.Code, "display": term.Display}))
	}
	if term.ATC != "" && term.ATC != term.Code && !stated(terms.ATC, term.ATC) {
		codings = append(codings, added(object{"system": terms.ATC, "code": term.ATC}))
	}
	return codings
}

// codings writes the codes of one part of the source.
func (ex *exporter) codings(codings []Coding, part string) []object {
	var list []object
	for _, coding := range codings {
		if coding.Part != part {
			continue
		}
		one := object{}
		putText(one, "system", coding.System)
		putText(one, "code", coding.Code)
		putText(one, "display", coding.Display)
		list = append(list, one)
	}
	return list
}

// words say an item where FHIR wants words and the item has none in that place.
func (ex *exporter) words(item Item) string {
	label, _ := ex.catalogue.Label(item.Term, ex.options.Lang)
	for _, text := range []string{item.Text, label, item.Name, item.Detail, item.Note, displays(item.Codings), item.Absent} {
		if text != "" {
			return text
		}
	}
	return "-"
}

// uuidOf is the UUID of an item identifier: its own bytes where it has 16, else a digest of it.
func uuidOf(id string) string {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(raw) != 16 {
		raw, _ = base64.RawURLEncoding.DecodeString(digestID(id))
	}
	digits := hex.EncodeToString(raw)
	return strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-")
}

// unknown is what FHIR wants in place of a value that is required and not known.
func unknown() object {
	return object{"extension": []object{{"url": urlAbsentReason, "valueCode": "unknown"}}}
}

func coded(system, code string) object {
	return object{"coding": []object{{"system": system, "code": code}}}
}

func putText(in object, name, text string) {
	if text != "" {
		in[name] = text
	}
}

func put(in object, name string, list []object) {
	if len(list) > 0 {
		in[name] = list
	}
}
