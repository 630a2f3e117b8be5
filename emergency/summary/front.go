package summary

import (
	"errors"
	"slices"

	"github.com/locket-health/locket/emergency/section"
)

// Front is what anyone who scans a card can read: a few lines of a record, small enough for a QR code.
//
// Its JSON form is what `locket verify` prints and what the published vectors (testdata/vectors) expect of other decoders.
type Front struct {
	Lang      string        `json:"lang,omitempty"`      // BCP 47, the language of every free text
	Confirmed Date          `json:"confirmed,omitempty"` // what most items were last confirmed on; DecodeFront and Pack fill it in
	Sources   []Source      `json:"sources,omitempty"`   // everybody who stated an item, the most frequent first; filled in likewise
	Identity  FrontIdentity `json:"identity,omitzero"`
	Items     []FrontItem   `json:"items"` // in the order of their sections
}

// FrontIdentity is the person as the card names them.
type FrontIdentity struct {
	Name      string   `json:"name,omitempty"` // one line
	Birth     Date     `json:"birth,omitempty"`
	Gender    string   `json:"gender,omitempty"`    // FHIR AdministrativeGender
	Languages []string `json:"languages,omitempty"` // BCP 47, the best spoken first
	Country   string   `json:"country,omitempty"`
	AnswersTo string   `json:"answers_to,omitempty"`
}

// FrontItem is one line of a front. The fields mean what they mean in Item; Status is given only where it is not what a
// reader takes for granted (active, completed, final).
type FrontItem struct {
	Section section.Section `json:"section"`

	Number int    `json:"number,omitempty"` // in the term catalogue; 0 when there are only words
	Term   string `json:"term,omitempty"`   // its key; "" where this version of the catalogue does not know the number: say so
	Text   string `json:"text,omitempty"`
	Detail string `json:"detail,omitempty"`
	Note   string `json:"note,omitempty"`

	Reactions   []FrontConcept `json:"reactions,omitempty"`
	Severity    string         `json:"severity,omitempty"`
	Criticality string         `json:"criticality,omitempty"`
	Status      string         `json:"status,omitempty"`
	Date        Date           `json:"date,omitempty"`

	Name      string `json:"name,omitempty"`
	Phone     string `json:"phone,omitempty"`
	Relation  string `json:"relation,omitempty"`
	Collect   string `json:"collect,omitempty"`
	OutOfArea bool   `json:"out_of_area,omitempty"`

	Absent    string `json:"absent,omitempty"`
	Source    Source `json:"source,omitzero"`
	Confirmed Date   `json:"confirmed,omitempty"`
}

// FrontConcept is a coded thing that is part of an item, such as a reaction.
type FrontConcept struct {
	Number int    `json:"number,omitempty"`
	Term   string `json:"term,omitempty"`
	Text   string `json:"text,omitempty"`
}

// Bounds of a front. They are part of the format: a reader refuses what goes beyond them.
const (
	MaxFront         = 1500     // bytes of the item as it stands on the card
	maxFrontInflated = 16 << 10 // bytes of the map
	maxFrontItems    = 200
	maxFrontText     = 500 // bytes of one text
	maxFrontList     = 16  // reactions of an item, languages of a person
)

// Errors of the front codec.
var (
	ErrFrontInvalid   = errors.New("summary: this cannot stand on a card")           // EncodeFront: a bound, an unknown code, a control character
	ErrFrontMalformed = errors.New("summary: not a front, or not in canonical form") // DecodeFront
	ErrFrontTooLarge  = errors.New("summary: the front is larger than a card allows")
)

// # The format, byte by byte
//
// A front is ONE item of CBOR (RFC 8949), either
//
//	map            the map below, or, where that is smaller,
//	byte string    its raw DEFLATE stream (RFC 1951), made with preset dictionary 1 (dictionary/1.txt: the
//	               bytes before the first byte of the stream, as in RFC 1950 section 2.2, but without that header)
//
// The map is in core deterministic encoding (RFC 8949 section 4.2.1): shortest integers and lengths, keys in
// ascending order, no indefinite lengths, no tags, no floats. Texts are valid UTF-8 without control characters (Unicode category
// Cc), at most 500 bytes; markup in them is text. A decoder encodes what it understood and refuses a map that differs from that.
// (A DEFLATE stream has no canonical form: two makers may compress one map differently. The signature covers the bytes of the stream.)
//
//	key 0          head      [lang, confirmed, source, source, ...]
//	key 1          identity  [name, birth, gender, languages, country, answers-to]
//	key 2 ... 18   the items of the section with this number (package section), an array of at least one
//
// Keys from 19 are sensitive sections and the floor: no card carries them and every decoder refuses them. In all arrays of
// columns a missing value is null and missing values at the end are left out; an array that would be empty is left out itself.
//
//	lang         text         BCP 47 of the free texts
//	confirmed    date         when items were last confirmed, unless they say otherwise: the most frequent date among them
//	source       uint kind | [uint kind, text name]
//	                          the first is the source of every item that names no other; ordered by how many items each stated, then
//	                          by first appearance. Kinds: 0 not said, 1 self, 2 guardian, 3 clinician, 4 organization, 5 imported
//	gender       uint         1 male, 2 female, 3 other, 4 unknown
//	languages    text         BCP 47 tags parted by one space
//	country      text
//	date         uint         ((year-1900)*13+month)*32+day; month and day 0 where not known; years 1901 and later; 0 is no date
//	             text         "yyyy", "yyyy-mm", "yyyy-mm-dd" for years before
//	concept      uint         number of a term in the catalogue (emergency/terms/catalogue/numbers.csv)
//	             text         words only
//	             [uint, text] a term and the holder's own words
//	phone        uint         the digits of an E.164 number, 8 to 15 of them, without the +
//	             text         anything else
//	relation     uint         index into the list "relations" below, from 1
//	             text         anything else
//	flags        uint         severity + 4*criticality; severity 1 mild, 2 moderate, 3 severe; criticality 1 low, 2 high,
//	                          3 unable-to-assess; 0 not said
//	standing     uint         collect + 4*area; collect 1 may take the child, 2 must not get it; area 1 lives out of the area; 0 not said
//	reactions    uint | text  one reaction
//	             array        of concepts, in every other case
//
// An item is a bare concept (uint or text only, where the item says nothing else), or an array of the columns of its
// section followed, where needed, by one map with the rarer fields. The map stands in the place after the last column of the section, so
// that missing columns before it are all null:
//
//	directives, conditions, baseline, pregnancy, child, results, vitals, documents   concept, detail, date, note
//	allergies                                                                        concept, flags, reactions, note, date
//	medications, devices, needs, insurance                                           concept, detail, note, date
//	immunizations, procedures, blood group                                           concept, date, detail, note
//	contacts                                                                         name, phone, relation, note
//
//	rare fields  0 source (index into the head's sources, from 1 on), 1 confirmed, 2 status (uint, see "statuses", or text), 3 flags,
//	             4 reactions, 5 absent (1 known-none, 2 no-information), 6 concept, 7 detail, 8 date, 9 note, 10 name, 11 phone, 12 relation,
//	             13 standing
//
// A field that has a column in its section never stands in the map. The supply of a medicine is no field of a front: a card is older than any
// box of tablets. Nothing is ever removed from the lists of columns, kinds, relations, statuses and
// rare fields, and nothing in them changes its number; a new column would be a new rare field.
type column uint8

// The fields of an item; their values are the keys of the map of rarer fields.
const (
	colSource column = iota
	colConfirmed
	colStatus
	colFlags
	colReactions
	colAbsent
	colConcept
	colDetail
	colDate
	colNote
	colName
	colPhone
	colRelation
	colStanding
	columnCount
)

var (
	columnsDated    = []column{colConcept, colDetail, colDate, colNote}
	columnsTaken    = []column{colConcept, colDetail, colNote, colDate}
	columnsDone     = []column{colConcept, colDate, colDetail, colNote}
	columnsAllergy  = []column{colConcept, colFlags, colReactions, colNote, colDate}
	columnsContacts = []column{colName, colPhone, colRelation, colNote}
)

// layout says where the fields of an item stand: in columns, or in the map of rarer fields.
type layout struct {
	columns []column
	rare    []column // every field that has no column, in ascending order
}

var layouts = layoutsOf(map[section.Section][]column{
	section.Directives: columnsDated, section.Conditions: columnsDated, section.Baseline: columnsDated, section.Pregnancy: columnsDated,
	section.Child: columnsDated, section.Results: columnsDated, section.Vitals: columnsDated, section.Documents: columnsDated,
	section.Medications: columnsTaken, section.Devices: columnsTaken, section.Needs: columnsTaken, section.Insurance: columnsTaken,
	section.Immunizations: columnsDone, section.Procedures: columnsDone, section.BloodGroup: columnsDone,
	section.Allergies: columnsAllergy, section.Contacts: columnsContacts,
})

func layoutsOf(columns map[section.Section][]column) (all [section.BloodGroup + 1]layout) {
	for s, inColumns := range columns {
		all[s].columns = inColumns
		for col := range columnCount {
			if !slices.Contains(inColumns, col) {
				all[s].rare = append(all[s].rare, col)
			}
		}
	}
	return all
}

// layoutOf returns the layout of a section that may stand on a card; one without columns for any other section.
func layoutOf(s section.Section) layout {
	if int(s) >= len(layouts) {
		return layout{}
	}
	return layouts[s]
}

// The numbered codes of the format: the index of a code is its number on a card. Each list only grows at its end.
var (
	genders       = []string{"", "male", "female", "other", "unknown"}
	severities    = []string{"", "mild", "moderate", "severe"}
	criticalities = []string{"", "low", "high", "unable-to-assess"}
	absences      = []string{"", AbsentKnownNone, AbsentNoInformation}
	collects      = []string{"", CollectMay, CollectMustNot}
	kinds         = []string{"", SourceSelf, SourceGuardian, SourceClinician, SourceOrganization, SourceImported}
	statuses      = []string{
		"", "inactive", "resolved", "remission", "recurrence", "relapse", "on-hold", "stopped", "intended", "not-taken",
		"preliminary", "draft", "proposed", "rejected", "superseded",
	}
	// relations are codes of HL7 v3 RoleCode (http://terminology.hl7.org/CodeSystem/v3-RoleCode).
	relations = []string{
		"", "HUSB", "WIFE", "SPS", "DOMPART", "MTH", "FTH", "PRN", "DAUC", "SONC", "CHILD", "DAU", "SON", "SIS", "BRO", "SIB",
		"GRMTH", "GRFTH", "GRPRN", "GRNDCHILD", "AUNT", "UNCLE", "COUSN", "FRND", "NBOR", "FAMMEMB", "GUARD", "SIGOTHR", "NIECE", "NEPHEW",
	}
)
