package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/summary"
)

// What the HTTP edge itself refuses. The rest comes from the domain.
var (
	errMethod      = &emergency.Error{Code: "method_not_allowed"}
	errCrossOrigin = &emergency.Error{Code: "cross_origin"}
	errPath        = &emergency.Error{Code: "path"}
	errInternal    = &emergency.Error{Code: "internal"} // stands for every error whose words are not for people
)

// statuses says which HTTP status an error has. A code that is not here is internal: its words may hold anything.
var statuses = map[string]int{
	emergency.ErrNotFound.Code:       http.StatusNotFound,
	emergency.ErrSignIn.Code:         http.StatusUnauthorized,
	emergency.ErrFreshPasskey.Code:   http.StatusForbidden,
	emergency.ErrNoCard.Code:         http.StatusNotFound,
	emergency.ErrRefused.Code:        http.StatusForbidden,
	emergency.ErrInvalid.Code:        http.StatusBadRequest,
	emergency.ErrConflict.Code:       http.StatusConflict,
	emergency.ErrPasscode.Code:       http.StatusUnauthorized,
	emergency.ErrContactCode.Code:    http.StatusUnauthorized,
	emergency.ErrTooMany.Code:        http.StatusTooManyRequests,
	emergency.ErrLogUnavailable.Code: http.StatusServiceUnavailable,
	emergency.ErrUnlisted.Code:       http.StatusServiceUnavailable,
	emergency.ErrUnpublished.Code:    http.StatusConflict,
	emergency.ErrBusy.Code:           http.StatusServiceUnavailable,
	emergency.ErrCeremony.Code:       http.StatusBadRequest,
	emergency.ErrPasskey.Code:        http.StatusForbidden,
	emergency.ErrClonedPasskey.Code:  http.StatusForbidden,
	emergency.ErrLastPasskey.Code:    http.StatusConflict,
	emergency.ErrCooling.Code:        http.StatusConflict,
	emergency.ErrNoRecovery.Code:     http.StatusConflict,
	emergency.ErrTooLarge.Code:       http.StatusRequestEntityTooLarge,
	emergency.ErrNoFit.Code:          http.StatusConflict,
	emergency.ErrOwnReview.Code:      http.StatusForbidden,
	emergency.ErrChanged.Code:        http.StatusConflict,
	emergency.ErrMember.Code:         http.StatusConflict,
	emergency.ErrLastAdmin.Code:      http.StatusConflict,
	emergency.ErrHardware.Code:       http.StatusForbidden,
	emergency.ErrNoMetadata.Code:     http.StatusConflict,
	emergency.ErrGuardian.Code:       http.StatusForbidden,
	emergency.ErrConfidential.Code:   http.StatusForbidden,
	emergency.ErrKeeper.Code:         http.StatusConflict,
	emergency.ErrLastKeeper.Code:     http.StatusConflict,
	emergency.ErrTooYoung.Code:       http.StatusConflict,
	errMethod.Code:                   http.StatusMethodNotAllowed,
	errCrossOrigin.Code:              http.StatusForbidden,
	errPath.Code:                     http.StatusBadRequest,
	errInternal.Code:                 http.StatusInternalServerError,
}

// problem is an error in the form of RFC 9457.
type problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail"`
	Code     string `json:"code"`
	Instance string `json:"instance"` // the request's number, to be found again in the server's log
	Actions  []said `json:"actions,omitempty"`
}

// said is a sentence with the key that programs know it by.
type said struct {
	Key  string `json:"key"`
	Text string `json:"text"`
}

// refusalOf finds the part of an error that people may read.
func refusalOf(err error) *emergency.Error {
	var refusal *emergency.Error
	if errors.As(err, &refusal) {
		if _, known := statuses[refusal.Code]; known {
			return refusal
		}
		return errInternal
	}
	for _, typed := range []*emergency.Error{emergency.ErrConflict, emergency.ErrRefused} { // errors that carry more than a code
		if errors.Is(err, typed) {
			return typed
		}
	}
	return errInternal
}

// fail turns an error into an answer, the only place that does. Nothing of an error but its code and arguments reaches the client; what was
// not foreseen is logged, once, under the request's number.
func (x *exchange) fail(err error) {
	refusal := refusalOf(err)
	rec := recorderOf(x.w)
	if refusal == errInternal || refusal.Code == emergency.ErrLogUnavailable.Code {
		x.Logger.ErrorContext(x.r.Context(), "a request failed", "id", rec.id, "route", rec.route, "error", err)
	}
	p := problem{
		Type:     "/problems/" + refusal.Code,
		Title:    x.T("error." + refusal.Code),
		Status:   statuses[refusal.Code],
		Detail:   x.detail(refusal),
		Code:     refusal.Code,
		Instance: rec.id,
	}
	var refused *emergency.Refusal
	if errors.As(err, &refused) {
		p.Detail, p.Actions = x.chain("console.sentences", x.sentences(refused.Says)...), x.said(refused.Next)
	}
	header := x.w.Header()
	header.Set("Cache-Control", noStore)
	header.Del("Content-Encoding")
	header.Del("Content-Disposition")
	if seconds, ok := refusal.Args["retry_after"]; ok {
		header.Set("Retry-After", fmt.Sprint(seconds))
	} else if p.Status == http.StatusServiceUnavailable {
		header.Set("Retry-After", "5")
	}
	if wantsPage(x.r) {
		x.problemPage(p)
		return
	}
	body, err := json.Marshal(p)
	if err != nil {
		body = nil // a problem has nothing that JSON cannot write
	}
	header.Set("Content-Type", "application/problem+json")
	_ = x.send(p.Status, body)
}

// detail says what to do about a refusal, and for input that cannot be taken what is wrong with it.
func (x *exchange) detail(refusal *emergency.Error) string {
	var record summary.Invalid
	var policy *rules.InvalidError
	switch reason, _ := refusal.Args["reason"].(string); {
	case reason != "":
		return x.T("invalid."+reason, refusal.Args)
	case documentProblem(refusal) != "":
		return x.T(documentProblem(refusal))
	case errors.As(refusal, &record) && len(record) > 0:
		return x.T(record[0].MessageKey, record[0].Args)
	case errors.As(refusal, &policy) && len(policy.Faults) > 0:
		return x.sentence(policy.Faults[0].Message)
	}
	return x.T("error."+refusal.Code+".do", refusal.Args)
}

// documentProblem is the key of what is wrong with a document to be imported, "" when the error is about something else.
func documentProblem(err error) string {
	for problem, key := range map[error]string{
		summary.ErrDocumentTooLarge: "import.error.large", summary.ErrDocumentText: "import.error.text",
		summary.ErrDocumentJSON: "import.error.json", summary.ErrNotBundle: "import.error.not_bundle",
	} {
		if errors.Is(err, problem) {
			return key
		}
	}
	return ""
}

// wantsPage reports whether the client is to get a page for people. The API answers JSON whatever is accepted.
func wantsPage(r *http.Request) bool {
	return !strings.HasPrefix(r.URL.Path, "/v1/") && strings.Contains(r.Header.Get("Accept"), "text/html")
}
