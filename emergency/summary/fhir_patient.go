package summary

import (
	"slices"
	"strings"

	"github.com/locket-health/locket/emergency/section"
)

// readPatient reads who the person is and whom to call.
func (im *importer) readPatient(p *resource) {
	id := &im.out.Record.Identity
	im.readNames(p.get("name").list(), id)
	if gender := p.get("gender"); slices.Contains(genders, gender.str()) {
		id.Gender = gender.take()
	}
	id.Birth = p.date("birthDate")
	if active := p.get("active"); active.str() == "true" {
		active.used = true
	}
	im.readLanguages(p.get("communication").list(), id)
	for _, address := range p.get("address").list() {
		if country := address.get("country"); country.str() != "" && len(country.str()) <= maxShort {
			id.Country = country.take()
			break
		}
	}
	for _, identifier := range p.get("identifier").list() {
		value := identifier.get("value")
		if value.str() == "" || len(id.Identifiers) == maxIdentity || len(value.str()) > maxShort || len(identifier.get("system").str()) > maxShort {
			continue
		}
		found := Identifier{System: identifier.get("system").take(), Value: value.take()}
		if text := identifier.get("type").get("text"); len(text.str()) <= maxShort {
			found.Type = text.take()
		}
		id.Identifiers = append(id.Identifiers, found)
	}
	for i, contact := range p.get("contact").list() {
		if item, ok := im.readContact(contact, p); ok {
			im.add(index(p.path+".contact", i), "urn:uuid:"+contact.get("id").str(), contact, item)
		}
	}
}

// readNames takes the first name that is no nickname, and the first nickname.
func (im *importer) readNames(list []*node, id *Identity) {
	for _, name := range list {
		read := humanName(name)
		if read.String() == "" || len(read.String()) > maxShort || len(read.Given) > maxIdentity {
			continue
		}
		switch nickname := name.get("use").str() == "nickname"; {
		case nickname && id.AnswersTo == "":
			id.AnswersTo = read.String()
		case !nickname && id.Name.String() == "":
			id.Name = read
		default:
			continue
		}
		name.get("text").take()
		takeParts(name)
	}
}

func takeParts(name *node) {
	name.get("family").take()
	for _, given := range name.get("given").list() {
		given.take()
	}
}

func (im *importer) readLanguages(list []*node, id *Identity) {
	for _, communication := range list {
		language := communication.get("language")
		tag := codeIn(language)
		if tag == "" || len(tag) > maxShort || strings.ContainsAny(tag, " \t\n") || slices.Contains(id.Languages, tag) || len(id.Languages) == maxIdentity {
			continue
		}
		language.use()
		preferred := communication.get("preferred")
		if preferred.take() == "true" {
			id.Languages = slices.Insert(id.Languages, 0, tag)
		} else {
			id.Languages = append(id.Languages, tag)
		}
	}
}

// readContact reads an element of Patient.contact, or a RelatedPerson, which has the same members.
func (im *importer) readContact(contact *node, from *resource) (Item, bool) {
	item := Item{Section: section.Contacts}
	if names := contact.get("name").list(); len(names) > 0 {
		item.Name = humanName(names[0]).String()
		if names[0].get("text").take() == "" {
			takeParts(names[0])
		}
	}
	if item.Name == "" {
		item.Name = im.sourceOf(contact.get("organization"), from).Name
	}
	var others []string
	for _, telecom := range contact.get("telecom").list() {
		value := telecom.get("value").take()
		system := telecom.get("system").take()
		switch {
		case value == "":
		case item.Phone == "" && (system == "phone" || system == "sms" || system == ""):
			item.Phone = value
		default:
			others = append(others, value)
		}
	}
	item.Detail = joined(others...)
	var relations []string
	for _, relationship := range contact.get("relationship").list() {
		c := im.concept(relationship, "")
		item.Codings = append(item.Codings, c.Codings...)
		if code := roleCode(relationship); code != "" {
			item.Relation = code
		}
		relations = append(relations, c.Text)
	}
	if item.Relation == "" {
		item.Relation = joined(relations...)
	}
	item.Note = notes(contact.get("note"))
	return item, item.Name != "" || item.Phone != "" || item.Detail != ""
}

// roleCode returns the code of HL7 v3 RoleCode in a relationship.
func roleCode(relationship *node) string {
	for _, coding := range relationship.get("coding").list() {
		if strings.HasSuffix(coding.get("system").str(), "RoleCode") {
			return coding.get("code").str()
		}
	}
	return ""
}

func (im *importer) readRelatedPerson(r *resource) (Item, bool) {
	item, ok := im.readContact(r.node, r)
	r.get("active").take()
	return item, ok
}

// writePatient writes the Patient; contacts are added by writeContact.
func (ex *exporter) writePatient(id Identity) object {
	patient := object{"resourceType": "Patient"}
	name := object{}
	if id.Name.Display != "" {
		name["text"] = id.Name.Display
	}
	if id.Name.Family != "" {
		name["family"] = id.Name.Family
	}
	if given := slices.DeleteFunc(slices.Clone(id.Name.Given), func(part string) bool { return part == "" }); len(given) > 0 {
		name["given"] = given
	}
	if len(name) == 0 {
		name["extension"] = unknown()["extension"]
	}
	names := []object{name}
	if id.AnswersTo != "" {
		names = append(names, object{"use": "nickname", "text": id.AnswersTo})
	}
	patient["name"] = names
	if id.Gender != "" {
		patient["gender"] = id.Gender
	}
	if id.Birth != "" {
		patient["birthDate"] = id.Birth
	} else {
		patient["_birthDate"] = unknown()
	}
	var languages []object
	for i, tag := range id.Languages {
		language := object{"language": object{"coding": []object{{"system": systemLanguage, "code": tag}}}}
		if i == 0 {
			language["preferred"] = true
		}
		languages = append(languages, language)
	}
	put(patient, "communication", languages)
	if id.Country != "" {
		patient["address"] = []object{{"country": id.Country}}
	}
	var identifiers []object
	for _, identifier := range id.Identifiers {
		one := object{}
		putText(one, "system", identifier.System)
		putText(one, "value", identifier.Value)
		if identifier.Type != "" {
			one["type"] = object{"text": identifier.Type}
		}
		identifiers = append(identifiers, one)
	}
	put(patient, "identifier", identifiers)
	return patient
}

// writeContact writes an element of Patient.contact. The item's identifier becomes the identifier of the element.
func (ex *exporter) writeContact(item Item) object {
	contact := object{"id": uuidOf(item.ID)}
	if item.Name != "" {
		contact["name"] = object{"text": item.Name}
	}
	if item.Phone != "" {
		contact["telecom"] = []object{{"system": "phone", "value": item.Phone}}
	}
	relationship := object{}
	codings := ex.codings(item.Codings, "")
	stated := slices.ContainsFunc(item.Codings, func(c Coding) bool { return strings.HasSuffix(c.System, "RoleCode") })
	switch {
	case item.Relation == "":
	case slices.Contains(relations, item.Relation) && !stated:
		codings = append(codings, added(object{"system": systemRoleCode, "code": item.Relation}))
	case !stated:
		relationship["text"] = item.Relation
	}
	put(relationship, "coding", codings)
	if len(relationship) > 0 {
		contact["relationship"] = []object{relationship}
	}
	if item.Name == "" && item.Phone == "" { // pat-1: a contact has at least one of them
		contact["name"] = object{"text": ex.words(item)}
	}
	return contact
}
