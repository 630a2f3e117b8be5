package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/summary"
)

// maxListed is how many lines of one list of an import a page shows; the rest is counted.
const maxListed = 500

func (s *Server) importForm(x *exchange) error { return x.importPage(http.StatusOK, "") }

func (x *exchange) importPage(status int, problem string) error {
	p, _, err := x.patientPage("record", "console.import.title")
	if err != nil {
		return err
	}
	if problem != "" {
		p.Faults = []fault{{"file", problem}}
	}
	p.D = struct{ File, Paste field }{
		field{ID: "file", Kind: "file", Label: x.T("console.import.file"), Hint: x.T("console.import.file.hint"), Fault: problem},
		field{ID: "paste", Kind: "textarea", Label: x.T("console.import.paste")},
	}
	return x.render(status, "import", p)
}

// importList is one of the three lists that somebody sees before anything is saved.
type importList struct {
	Title, Lead string
	Lines       []importLine
	More        int
}

// importLine is a line of a list in words.
type importLine struct{ Path, Section, Words, Why string }

// previewImport reads a document and shows what would come of it.
func (s *Server) previewImport(x *exchange) error {
	id, err := x.patient()
	if err != nil {
		return err
	}
	x.allow(uploadTimeout)
	document, name, err := x.upload()
	if err != nil {
		return err
	}
	if len(document) == 0 {
		return x.importPage(http.StatusBadRequest, x.T("console.import.empty"))
	}
	preview, err := s.Service.PreviewImport(x.r.Context(), x.caller, id, document, name)
	if problem, wrong := x.faultOf(err); wrong {
		return x.importPage(http.StatusBadRequest, problem.Text)
	}
	if err != nil {
		return err
	}
	p, _, err := x.patientPage("record", "console.import.check")
	if err != nil {
		return err
	}
	p.Back += "/import"
	p.D = struct {
		Lists []importList
		Token string
	}{[]importList{
		x.importList("understood", preview.Imported.Understood),
		x.importList("kept", preview.Imported.KeptAsText),
		x.importList("not", preview.Imported.NotUnderstood),
	}, preview.Token}
	return x.show("import_check", p)
}

func (x *exchange) importList(name string, lines []summary.Line) importList {
	list := importList{Title: x.T("console.import." + name), Lead: x.T("console.import." + name + ".text")}
	for i, l := range lines {
		if i == maxListed {
			list.More = len(lines) - maxListed
			break
		}
		out := importLine{Path: l.Path, Words: l.Words, Why: x.T(l.Why, l.Args)}
		if l.Section.Valid() {
			out.Section = x.T(sectionKey(l.Section))
		}
		list.Lines = append(list.Lines, out)
	}
	return list
}

// upload reads a document out of a form: the file, else what was pasted. It is read into memory and never into a temporary file, where
// net/http's own form reader would leave a patient's data in the clear.
func (x *exchange) upload() (document []byte, name string, err error) {
	kind, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, "", invalid("not_form", "Content-Type")
	}
	reader, err := x.r.MultipartReader()
	if err != nil {
		return nil, "", invalid("not_form", "Content-Type")
	}
	for range 8 { // the form has two parts
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return document, name, nil
		}
		if err != nil {
			return nil, "", unread(err)
		}
		if part.FormName() != "file" && part.FormName() != "paste" {
			continue
		}
		body, err := io.ReadAll(part)
		if err != nil {
			return nil, "", unread(err)
		}
		if part.FormName() == "paste" {
			body = []byte(strings.TrimSpace(string(body)))
		}
		if len(body) > 0 && len(document) == 0 {
			document, name = body, part.FileName()
		}
	}
	return nil, "", emergency.ErrTooLarge
}

// confirmImport adds what the preview showed.
func (s *Server) confirmImport(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	if err := s.Service.ConfirmImport(x.r.Context(), x.caller, id, x.value("token")); err != nil {
		return err
	}
	return x.redirect("/patients/" + string(id) + "/record")
}

// document hands out an original, byte for byte, as a file: it is never shown in our origin.
func (s *Server) document(x *exchange) error {
	id, err := x.patient()
	if err != nil {
		return err
	}
	view, content, err := s.Service.Document(x.r.Context(), x.caller, id, emergency.DocumentID(x.variable("document")))
	if err != nil {
		return err
	}
	x.allow(downloadTimeout)
	x.attach("application/octet-stream", view.Name)
	_, err = x.w.Write(content)
	return disconnected(err)
}
