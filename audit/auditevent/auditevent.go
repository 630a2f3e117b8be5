// Package auditevent writes entries of the log as FHIR R4 AuditEvents, for the systems of hospitals and authorities that read those.
//
// The log commits to its own payloads; what is written here is a projection of them, and proves nothing by itself: every resource names the entry that it
// was made from, by the address of its epoch and its index, and the proof of that entry travels inside or beside it.
//
// What was shown to a responder is a disclosure, what the patient's rules decided an authorization decision, what keepers read of their own a read, each by
// its profile of IHE BALP (Basic Audit Log Patterns 1.1). One opening is therefore up to three resources. A profile is named only where everything that it
// asks for is known: nothing is made up to fit. Every other entry is a plain AuditEvent. Texts are English: they are for programs, and for whoever debugs them.
//
// The codes that stand under our own address never change their meaning.
package auditevent

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
)

// House is whose log it is.
type House struct {
	URL  string // scheme and host
	Name string // host
	Test bool   // its people are fictional: everything is marked as test data
	// Purpose is the code of v3-ActReason that stands for a stated reason, "" for none.
	Purpose func(reason string) string
	// IsPatient tells the subjects that are patients from others, where the type of an event leaves that open. A nil one knows none.
	IsPatient func(subject string) bool
}

// Entry is an entry of the log with what it says.
type Entry struct {
	Origin   string // of its epoch
	Epoch    int    // from 1
	Index    int64  // within the epoch
	Leaf     tlog.Hash
	Event    audit.Event // type, time and subject alone once it was erased
	ErasedAt time.Time   // zero unless erased
	Proof    []byte      // c2sp.org/tlog-proof@v1; nil while no checkpoint covers the entry
}

// Name is what files and resources about the entry are called: epoch and index.
func (e Entry) Name() string { return strconv.Itoa(e.Epoch) + "-" + index(e) }

// address is where the log of the entry's epoch stands.
func (e Entry) address() string { return "https://" + e.Origin }

func index(e Entry) string { return strconv.FormatInt(e.Index, 10) }

// Resource is an AuditEvent.
type Resource struct {
	ID   string // unique within the log
	URN  string // urn:uuid, the same whenever it is written
	JSON []byte // one line without its end
}

// Resources writes an entry as AuditEvents, in the order in which things happened: that the glass was broken, what was decided, what was shown.
// Equal entries give equal bytes.
func (h House) Resources(e Entry) []Resource {
	switch {
	case !e.ErasedAt.IsZero():
		return []Resource{h.finish(e, "", h.erased(e))}
	case e.Event.Subject == "":
		return []Resource{h.finish(e, "", h.plain(e))}
	case e.Event.Type == audit.GlassOpened && e.Event.Outcome == audit.Granted:
		var all []Resource
		if breaksGlass(e.Event) {
			all = append(all, h.finish(e, "-start", h.start(e)))
		}
		if decidesRules(e.Event) {
			all = append(all, h.finish(e, "-decision", h.decision(e)))
		}
		return append(all, h.finish(e, "", h.disclosure(e)))
	case e.Event.Type == audit.GlassReopened && e.Event.Outcome == audit.Granted:
		return []Resource{h.finish(e, "", h.disclosure(e))}
	case e.Event.Type == audit.GlassRefused && decidesRules(e.Event):
		return []Resource{h.finish(e, "", h.decision(e))}
	case h.readsOwn(e.Event):
		return []Resource{h.finish(e, "", h.read(e))}
	default:
		return []Resource{h.finish(e, "", h.plain(e))}
	}
}

// finish writes a resource with what they all have.
func (h House) finish(e Entry, part string, r resource) Resource {
	out := Resource{ID: e.Name() + part}
	r.ResourceType, r.ID, r.Recorded = "AuditEvent", out.ID, instant(e.Event.At)
	r.Meta.Source = e.address() + "#" + index(e)
	if h.Test || e.Event.Details["drill"] != "" || e.Event.Type == audit.Drill || e.Event.Type == audit.DrillFinished {
		r.Meta.Security = []coding{codeTest}
	}
	r.Source.Site, r.Source.Observer = h.Name, h.self()
	out.URN = urn(r.Meta.Source + " " + out.ID)
	out.JSON, _ = json.Marshal(r) // cannot fail: every field is a string, a bool or a list of them
	return out
}

// urn makes a UUID of a name (RFC 9562, version 8).
func urn(name string) string {
	sum := sha256.Sum256([]byte("locket-auditevent/v1\n" + name))
	id := sum[:16]
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	text := hex.EncodeToString(id)
	return "urn:uuid:" + text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

func instant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

func base64Text(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
