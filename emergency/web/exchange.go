package web

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/gorilla/mux"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/locale"
)

// exchange is one request with its answer, and what is known about who asks.
type exchange struct {
	*Server
	w      http.ResponseWriter
	r      *http.Request
	route  *route
	lang   locale.Lang
	from   netip.Addr
	caller emergency.Caller
	leave  func() // gives back the place that the work is done at
}

// recorder notes what the access log and the metrics say about an answer.
type recorder struct {
	http.ResponseWriter
	id     string
	from   netip.Addr
	route  string // pattern of the route, "" when none was found
	status int
}

func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 {
		rec.status = status
	}
	rec.ResponseWriter.WriteHeader(status)
}

func (rec *recorder) Write(body []byte) (int, error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	return rec.ResponseWriter.Write(body)
}

// Unwrap lets http.ResponseController reach the connection.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// recorderOf finds the recorder of a response; Handler puts one around every response.
func recorderOf(w http.ResponseWriter) *recorder {
	if rec, ok := w.(*recorder); ok {
		return rec
	}
	return &recorder{ResponseWriter: w}
}

// newExchange begins an exchange with a stranger. The language is the one asked for by ?lang=, kept in the console's cookie, or accepted.
func (s *Server) newExchange(w http.ResponseWriter, r *http.Request) *exchange {
	from := recorderOf(w).from
	x := &exchange{Server: s, w: w, r: r, from: from, leave: func() {}}
	x.lang = s.language(r)
	x.caller = emergency.Caller{Network: network(from), Lang: x.lang.Code}
	return x
}

// variable is a part of the path that the route's pattern names.
func (x *exchange) variable(name string) string { return mux.Vars(x.r)[name] }

// patient is the patient of the path. Whether it is the caller's, the service says.
func (x *exchange) patient() (emergency.PatientID, error) {
	return emergency.ParsePatientID(x.variable("patient"))
}

// T says a key in the language of the page.
func (x *exchange) T(key string, args ...any) string { return x.Catalog.T(x.lang.Code, key, args...) }

// json answers a value as JSON.
func (x *exchange) json(value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return x.bytes("application/json", body)
}

// bytes answers a body of a content type.
func (x *exchange) bytes(contentType string, body []byte) error {
	x.w.Header().Set("Content-Type", contentType)
	return x.write(body)
}

// write answers a whole body.
func (x *exchange) write(body []byte) error { return x.send(http.StatusOK, body) }

// send answers a whole body. Its length goes ahead of it, so that it is neither cut into chunks nor followed by a packet that ends it; whoever reads
// it slowly holds no place meanwhile.
func (x *exchange) send(status int, body []byte) error {
	x.leave()
	x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	x.w.WriteHeader(status)
	_, err := x.w.Write(body)
	return disconnected(err)
}

// redirect sends the browser on after a form, so that a reload does not repeat it.
func (x *exchange) redirect(path string) error {
	http.Redirect(x.w, x.r, path, http.StatusSeeOther)
	return nil
}

// disconnected forgets an error of writing an answer: nobody is there any more to be told.
func disconnected(error) error { return nil }
