package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// sectionCount is one section in the list of all.
type sectionCount struct {
	Name, Title, URL string
	Count            int
	Layer            string // "ordinary", "sensitive" or "floor"
}

// recordData is the data of the page that lists the sections.
type recordData struct {
	Sections  []sectionCount
	Documents []emergency.DocumentView
	Closed    bool // the floor is shut until a passkey is touched
}

// record lists the sections of a record with what they hold.
func (s *Server) record(x *exchange) error {
	p, id, err := x.patientPage("record", "console.record.title")
	if err != nil {
		return err
	}
	record, err := s.Service.Record(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	counts := map[section.Section]int{}
	for _, item := range record.Items {
		counts[item.Section]++
	}
	if record.Identity.Name.String() != "" {
		counts[section.Identity] = 1
	}
	documents, err := s.Service.Documents(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	p.Scripts = []string{"js/console/approve.js"}
	data := recordData{Documents: documents, Closed: x.freshSeconds() == 0}
	for _, each := range section.All() {
		layer := [...]string{section.Ordinary: "ordinary", section.Sensitive: "sensitive", section.Floor: "floor"}[each.Layer()]
		data.Sections = append(data.Sections, sectionCount{each.String(), x.T(sectionKey(each)), string("/patients/" + id + "/record/" + emergency.PatientID(each.String())),
			counts[each], layer})
	}
	p.D = data
	return x.show("record", p)
}

// sectionData is the data of the page of one section.
type sectionData struct {
	Name, Lead string
	Lines      []line
	Saved      bool
	Closed     bool // what is on the floor is left out until a passkey is touched
}

// sectionOf reads the section of the path.
func (x *exchange) sectionOf() (section.Section, error) {
	s, ok := section.Parse(x.variable("section"))
	if !ok {
		return 0, notFound
	}
	return s, nil
}

// section lists the items of one section. Identity is a form instead.
func (s *Server) section(x *exchange) error {
	where, err := x.sectionOf()
	if err != nil {
		return err
	}
	p, id, err := x.patientPage("record", sectionKey(where))
	if err != nil {
		return err
	}
	record, err := s.Service.Record(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	if where == section.Identity {
		return x.identityPage(p, record, nil)
	}
	p.Back += "/record"
	data := sectionData{Name: where.String(), Lead: x.T("lead." + where.String()), Saved: x.r.URL.Query().Has("saved"), Closed: x.freshSeconds() == 0}
	p.Scripts = []string{"js/console/approve.js"}
	for _, item := range record.Section(where) {
		data.Lines = append(data.Lines, x.line(item, record.Lang))
	}
	p.D = data
	return x.show("section", p)
}

// itemData is the data of the page on which an item is written.
type itemData struct {
	Action   string
	ItemForm bool // an item, not who the person is
	Fields   []field
	Tag      string // of what was shown
	ID       string
	Hidden   bool
	Floor    bool // the section is the floor anyway

	NeedsPasskey bool // it is on the floor: changing it needs a passkey
	Fresh        int
}

// item is the form of one item; "new" is one that is not there yet.
func (s *Server) item(x *exchange) error {
	where, err := x.sectionOf()
	if err != nil || where == section.Identity {
		return notFound
	}
	p, id, err := x.patientPage("record", "console.item.title", "section", x.T(sectionKey(where)))
	if err != nil {
		return err
	}
	record, err := s.Service.Record(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	item := summary.Item{Section: where}
	tag := ""
	if wanted := x.variable("item"); wanted != "new" {
		found, ok := record.Item(wanted)
		if !ok && x.freshSeconds() == 0 {
			return emergency.ErrFreshPasskey // it may be on the floor
		}
		if !ok || found.Section != where {
			return notFound
		}
		item, tag = found, emergency.ItemTag(found)
	} else {
		p.Title = x.T("console.item.new", "section", x.T(sectionKey(where)))
	}
	return x.itemPage(p, http.StatusOK, item, tag, record.Lang, nil)
}

func (x *exchange) itemPage(p page, status int, item summary.Item, tag, lang string, faults []fault) error {
	back := "/patients/" + x.variable("patient") + "/record/" + item.Section.String()
	p.Back, p.Faults, p.Scripts = back, faults, []string{"js/console/combobox.js"}
	data := itemData{Action: back, ItemForm: true, Fields: x.itemFields(item, lang), Tag: tag, ID: item.ID, Hidden: item.Hidden,
		Floor: item.Section.Layer() == section.Floor, Fresh: x.freshSeconds()}
	data.NeedsPasskey = data.Floor || data.Hidden
	if data.NeedsPasskey {
		p.Scripts = append(p.Scripts, "js/console/approve.js")
	}
	mark(data.Fields, faults)
	p.D = data
	return x.render(status, "item", p)
}

// editSection takes what was done on a section: an item written, removed or confirmed, or who the person is.
func (s *Server) editSection(x *exchange) error {
	where, err := x.sectionOf()
	if err != nil {
		return err
	}
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	done := "/patients/" + string(id) + "/record/" + where.String()
	switch {
	case where == section.Identity:
		return s.editIdentity(x, id)
	case x.value("action") == "confirm":
		if err := s.Service.ConfirmItem(x.r.Context(), x.caller, id, x.value("id"), x.value("tag")); err != nil {
			return err
		}
		return x.redirect(done + "?saved")
	}
	record, err := s.Service.Record(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	was, found := record.Item(x.value("id"))
	if !found {
		was = summary.Item{ID: x.value("id"), Section: where}
	}
	if was.Section != where {
		return notFound
	}
	edit := emergency.Edit{Item: was, Before: x.value("tag"), Remove: x.value("action") == "remove"}
	if !edit.Remove {
		var faults []fault
		edit.Item, faults = x.readItem(was)
		if len(faults) > 0 {
			return s.itemAgain(x, edit, record.Lang, faults)
		}
	}
	_, err = s.Service.EditItem(x.r.Context(), x.caller, id, edit)
	var conflict *emergency.ConflictError
	if errors.As(err, &conflict) {
		return x.conflictPage(edit, conflict, record.Lang)
	}
	if f, wrong := x.faultOf(err); wrong {
		return s.itemAgain(x, edit, record.Lang, []fault{f})
	}
	if err != nil {
		return err
	}
	return x.redirect(done + "?saved")
}

// itemAgain shows the form again with what was typed and what is wrong with it.
func (s *Server) itemAgain(x *exchange, edit emergency.Edit, lang string, faults []fault) error {
	title := "console.item.title"
	if edit.Before == "" {
		title = "console.item.new"
	}
	p, _, err := x.patientPage("record", title, "section", x.T(sectionKey(edit.Item.Section)))
	if err != nil {
		return err
	}
	return x.itemPage(p, http.StatusBadRequest, edit.Item, edit.Before, lang, faults)
}

// conflictData shows two versions of one item. Mine can be saved over theirs, as it was typed; theirs stays when the page is left.
type conflictData struct {
	Mine, Theirs line
	Removed      bool // theirs is gone
	MineRemoves  bool
	Action       string
	Again        url.Values // the form that saves mine
}

func (x *exchange) conflictPage(edit emergency.Edit, conflict *emergency.ConflictError, lang string) error {
	p, id, err := x.patientPage("record", "console.conflict.title")
	if err != nil {
		return err
	}
	data := conflictData{Mine: x.line(edit.Item, lang), Theirs: x.line(conflict.Theirs, lang), Removed: conflict.Theirs.ID == "", MineRemoves: edit.Remove,
		Action: "/patients/" + string(id) + "/record/" + edit.Item.Section.String(), Again: url.Values{}}
	for name, values := range x.r.PostForm {
		data.Again[name] = values
	}
	data.Again.Set("tag", emergency.ItemTag(conflict.Theirs))
	if data.Removed { // saving mine makes a new item
		data.Again.Set("tag", "")
		data.Again.Set("id", "")
	}
	p.Back, p.D = data.Action, data
	return x.render(http.StatusConflict, "conflict", p)
}

// identityPage is the form of who the person is.
func (x *exchange) identityPage(p page, record summary.Record, faults []fault) error {
	p.Back = "/patients/" + x.variable("patient") + "/record"
	identity := record.Identity
	name := identity.Name.String()
	if name == "" {
		name = p.Nav.Name
	}
	lang := record.Lang
	if lang == "" {
		lang = x.lang.Code
	}
	var speaks []option
	for _, each := range x.Catalog.Languages() {
		speaks = append(speaks, option{Value: each.Code, Label: each.Name, Chosen: each.Code == lang})
	}
	if !slices.ContainsFunc(speaks, func(o option) bool { return o.Chosen }) {
		speaks = append(speaks, option{Value: lang, Label: lang, Chosen: true})
	}
	data := itemData{Action: p.Back + "/identity", Tag: emergency.IdentityTag(record), Fields: []field{
		{ID: "name", Kind: "text", Label: x.T("field.identity.name"), Value: name},
		{ID: "answers_to", Kind: "text", Label: x.T("field.identity.answers_to"), Hint: x.T("hint.identity.answers_to"), Value: identity.AnswersTo},
		{ID: "birth", Kind: "date", Label: x.T("field.identity.birth"), Hint: x.T("hint.date"), Value: string(identity.Birth)},
		{ID: "gender", Kind: "select", Label: x.T("field.identity.gender"), Options: x.choices("gender", genders, identity.Gender)},
		{ID: "languages", Kind: "text", Label: x.T("field.identity.languages"), Hint: x.T("hint.identity.languages"), Value: strings.Join(identity.Languages, " ")},
		{ID: "country", Kind: "text", Label: x.T("field.identity.country"), Hint: x.T("hint.identity.country"), Value: identity.Country},
		{ID: "lang", Kind: "select", Label: x.T("field.identity.lang"), Hint: x.T("hint.identity.lang"), Options: speaks},
	}}
	status := http.StatusOK
	if len(faults) > 0 {
		status = http.StatusBadRequest
		for i := range data.Fields {
			f := &data.Fields[i]
			if x.r.PostForm != nil && f.Kind != "select" {
				f.Value = x.value(f.ID)
			}
		}
		mark(data.Fields, faults)
		p.Faults = faults
	}
	p.D = data
	return x.render(status, "item", p)
}

// editIdentity saves who the person is. When somebody else saved it meanwhile, the form comes back with what was typed and with their version's
// tag, so that nothing is lost and nothing is overwritten unseen.
func (s *Server) editIdentity(x *exchange, id emergency.PatientID) error {
	record, err := s.Service.Record(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	identity := record.Identity
	if name := x.value("name"); name != identity.Name.String() {
		identity.Name = summary.Name{Display: name}
	}
	identity.AnswersTo, identity.Birth, identity.Gender = x.value("answers_to"), summary.Date(x.value("birth")), x.value("gender")
	identity.Languages = strings.FieldsFunc(x.value("languages"), func(r rune) bool { return r == ' ' || r == ',' })
	identity.Country = x.value("country")
	var faults []fault
	if identity.Name.String() == "" {
		faults = append(faults, fault{"name", x.T("console.new.name.fault")})
	}
	if !identity.Birth.Valid() {
		faults = append(faults, fault{"birth", x.T("record.date")})
	}
	if len(faults) == 0 {
		err := s.Service.EditIdentity(x.r.Context(), x.caller, id, identity, x.value("lang"), x.value("tag"))
		switch f, wrong := x.faultOf(err); {
		case errors.Is(err, emergency.ErrConflict):
			faults = append(faults, fault{"", x.T("console.identity.conflict")})
		case wrong:
			faults = append(faults, f)
		case err != nil:
			return err
		default:
			return x.redirect("/patients/" + string(id) + "/record?saved")
		}
	}
	p, _, err := x.patientPage("record", sectionKey(section.Identity))
	if err != nil {
		return err
	}
	return x.identityPage(p, record, faults)
}
