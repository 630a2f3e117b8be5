package summary

import (
	"encoding/base64"
	"fmt"
	"io"

	"github.com/locket-health/locket/emergency/section"
)

// Item is one line of a record. The type is the same for every section; the comment of a field says where it means something.
type Item struct {
	ID      string          `json:"id"` // stable inside the record, 128 bits in base64url; never on a card
	Section section.Section `json:"section"`

	Term   string `json:"term,omitempty"`   // key of the term catalogue, "" when there are only words
	Text   string `json:"text,omitempty"`   // the holder's or the source's own words, as written; may stand beside Term
	Detail string `json:"detail,omitempty"` // medication: dosage; device: model; directive: its words and where the paper is; result, vital, child: value with unit; insurance: number
	Note   string `json:"note,omitempty"`   // anything else a reader must know: "MRI conditional"

	Reactions   []Concept `json:"reactions,omitempty"`   // allergies
	Severity    string    `json:"severity,omitempty"`    // allergies, conditions: mild, moderate, severe
	Criticality string    `json:"criticality,omitempty"` // allergies, FHIR AllergyIntoleranceCriticality: low, high, unable-to-assess
	Status      string    `json:"status,omitempty"`      // the FHIR status code of the resource kind: active, inactive, resolved, completed, ...
	Date        Date      `json:"date,omitempty"`        // onset, given, signed, implanted, weighed, measured: whatever the section dates

	SupplyUntil Date `json:"supply_until,omitempty"` // medications: the day on which the supply at hand ends, a whole date

	Name      string `json:"name,omitempty"`        // contacts: who; insurance: the insurer
	Phone     string `json:"phone,omitempty"`       // contacts, insurance (the insurer's emergency line): best in E.164 form (+46701740605)
	Relation  string `json:"relation,omitempty"`    // contacts: a code of HL7 v3 RoleCode (HUSB, MTH) or words ("consulate")
	Collect   string `json:"collect,omitempty"`     // contacts of a child: CollectMay, CollectMustNot, "" where nothing was said
	OutOfArea bool   `json:"out_of_area,omitempty"` // contacts: lives far enough away to be reached when the own region cannot be

	Source    Source   `json:"source,omitzero"`     // who stated it
	Confirmed Date     `json:"confirmed,omitempty"` // when it was last said to be still so
	Codings   []Coding `json:"codings,omitempty"`   // every code met on import, verbatim; never on a card

	Front  string `json:"front,omitempty"`  // the patient's choice for the card: "" by priority, FrontAlways, FrontNever
	Hidden bool   `json:"hidden,omitempty"` // moved to the floor: nothing but the patient opens it
	Absent string `json:"absent,omitempty"` // the item states an absence: AbsentKnownNone or AbsentNoInformation
}

// The values of Item.Front that are not the default.
const (
	FrontAlways = "always"
	FrontNever  = "never"
)

// The values of Item.Absent. The two are never confused: "no known allergies" is a finding, "nobody asked" is not.
const (
	AbsentKnownNone     = "known-none"
	AbsentNoInformation = "no-information"
)

// The values of Item.Collect: who may take a child with them, and who must not get it.
const (
	CollectMay     = "may"
	CollectMustNot = "must_not"
)

// Concept is a coded thing that is part of an item, such as a reaction.
type Concept struct {
	Term    string   `json:"term,omitempty"`
	Text    string   `json:"text,omitempty"`
	Codings []Coding `json:"codings,omitempty"`
}

// Coding is a code as it was met in a document.
type Coding struct {
	System  string `json:"system,omitempty"`
	Code    string `json:"code,omitempty"`
	Display string `json:"display,omitempty"`
	Part    string `json:"part,omitempty"` // "" what the item is; PartValue, PartComponent, ... which other part of the source said it
}

// The parts of a source that carry codes beside the one that says what the item is.
const (
	PartValue     = "value"     // of an observation
	PartComponent = "component" // of an observation with several values
	PartDose      = "dose"      // of a medicine: when and by which way
	PartAbsent    = "absent"    // the reason why a section is empty
)

// Source says who stated an item.
type Source struct {
	Kind string `json:"kind,omitempty"` // one of the Source constants
	Name string `json:"name,omitempty"`
}

// The kinds of source. SourceImported is a document whose author's kind is not known.
const (
	SourceSelf         = "self"
	SourceGuardian     = "guardian"
	SourceClinician    = "clinician"
	SourceOrganization = "organization"
	SourceImported     = "imported"
)

// NewItemID returns a fresh random item identifier: the 16 bytes of a version 4 UUID (RFC 9562 section 5.4) in unpadded
// base64url, so that an exported resource can carry the same identity as urn:uuid.
func NewItemID(random io.Reader) (string, error) {
	var id [16]byte
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return "", fmt.Errorf("summary: new item identifier: %w", err)
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return base64.RawURLEncoding.EncodeToString(id[:]), nil
}
