package web

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/locket-health/locket/cards/shl"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// SMART Health Links, for the software of hospitals: any origin may ask, no cookie is looked at, and every answer that gives something comes out of the one
// door (HL7 SMART Health Cards and Links 1.0.0, "SMART Health Links").

// linksPath is where links lead to.
const linksPath = "/shl/"

// openToOrigins lets the pages of other origins read the answer. It is somebody's: nothing keeps it.
func (x *exchange) openToOrigins() {
	header := x.w.Header()
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Access-Control-Expose-Headers", "Retry-After") // how long whoever is turned away has to wait
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// linkOptions answers the question that a browser asks before it posts to another origin (Fetch, "CORS-preflight request").
func (s *Server) linkOptions(x *exchange) error {
	header := x.w.Header()
	header.Set("Access-Control-Allow-Methods", "GET, POST")
	header.Set("Access-Control-Allow-Headers", "content-type")
	header.Set("Access-Control-Max-Age", "86400")
	x.w.WriteHeader(http.StatusNoContent)
	return nil
}

// manifest gives what is behind a link to whoever knows its passcode.
func (s *Server) manifest(x *exchange) error {
	body, err := io.ReadAll(x.r.Body)
	if err != nil {
		return unread(err)
	}
	request, err := shl.ParseRequest(body)
	if err != nil {
		return invalid("link_request", "")
	}
	opened, err := s.Service.OpenLink(x.r.Context(), x.caller, emergency.LinkRequest{Token: x.variable("token"), Passcode: request.Passcode,
		Recipient: request.Recipient})
	var wrong *emergency.PasscodeError
	if errors.As(err, &wrong) {
		return x.refusePasscode(wrong.Remaining)
	}
	if err != nil {
		return err
	}
	sealed, err := s.sealedSummary(x, opened)
	if err != nil {
		return err
	}
	file := shl.File{ContentType: shl.TypeFHIR, Status: shl.FileCanChange}
	if request.Embeds(sealed) {
		file.Embedded = sealed
	} else {
		name, err := s.Service.LinkFile(x.r.Context(), opened)
		if err != nil {
			return err
		}
		file.Location = s.URL + "/shl/file/" + name
	}
	manifest, err := shl.Manifest{Files: []shl.File{file}}.Encode()
	if err != nil {
		return err
	}
	return x.bytes("application/json", manifest)
}

// refusePasscode tells a guesser how many tries the link has left, as the specification asks.
func (x *exchange) refusePasscode(remaining int) error {
	body, err := json.Marshal(shl.Refusal{RemainingAttempts: remaining})
	if err != nil {
		return err
	}
	x.w.Header().Set("Content-Type", "application/json")
	return x.send(http.StatusUnauthorized, body)
}

// linkFile gives a file that a manifest has named. It works once.
func (s *Server) linkFile(x *exchange) error {
	opened, err := s.Service.OpenLinkFile(x.r.Context(), x.caller, x.variable("file"))
	if err != nil {
		return err
	}
	sealed, err := s.sealedSummary(x, opened)
	if err != nil {
		return err
	}
	return x.bytes(jose, []byte(sealed))
}

// sealedSummary is what a link gives, under the link's own key.
func (s *Server) sealedSummary(x *exchange, opened emergency.OpenedLink) (string, error) {
	document, err := s.summaryOf(x, opened.Opened, opened.Notes...)
	if err != nil {
		return "", err
	}
	return shl.Encrypt(shl.Key(opened.Key), shl.TypeFHIR, document, rand.Reader)
}

// summaryOf writes what was opened as an International Patient Summary in the reader's language, with what a responder has added.
func (s *Server) summaryOf(x *exchange, opened emergency.Opened, added ...summary.Note) ([]byte, error) {
	record, err := opened.Record.Record()
	if err != nil {
		return nil, err
	}
	return s.Words.Document(x.lang.Code, record, s.host(), s.Now(), added...)
}

// fhir is the type of a FHIR resource in JSON.
const fhir = "application/fhir+json"

// summaryFile answers a record as a document for hospital software.
func (x *exchange) summaryFile(record summary.Record) error {
	document, err := x.Words.Document(x.lang.Code, record, x.host(), x.Now())
	if err != nil {
		return err
	}
	x.w.Header().Set("Content-Disposition", `attachment; filename="ips.json"`)
	return x.bytes(fhir, document)
}

// patientSummary gives a keeper the record of a patient as an International Patient Summary, in the language of the page. It is made to be handed on: what
// only the patient may see is not in it, however fresh the passkey.
func (s *Server) patientSummary(x *exchange) error {
	id, err := x.patient()
	if err != nil {
		return err
	}
	record, err := s.Service.ExportRecord(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	return x.summaryFile(summary.Filter(record, section.OrdinarySet|section.SensitiveSet))
}
