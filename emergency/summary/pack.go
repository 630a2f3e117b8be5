package summary

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/terms"
)

// PackOptions says how much room a carrier has and what the holder wants on it.
type PackOptions struct {
	Budget  int               // bytes of the encoded front; 0 means MaxFront
	Choices map[string]string // by item ID, FrontAlways, FrontNever or ""; wins over Item.Front
}

// Left is an item that is not on the front, or not as a whole, and why. It is for the holder's eyes only.
type Left struct {
	ItemID  string          `json:"item"`
	Section section.Section `json:"section"`
	Reason  Reason          `json:"reason"`
}

// Reason says why an item is not on a front. The words for it are the caller's.
type Reason string

// The reasons.
const (
	LeftNoRoom    Reason = "no_room"   // everything before it was more important
	LeftShortened Reason = "shortened" // it is on the front, with a text cut to what the format allows
	LeftChoice    Reason = "choice"    // the holder said never
	LeftHidden    Reason = "hidden"    // the holder moved it to the floor
	LeftSensitive Reason = "sensitive" // no card carries its section
	LeftBehind    Reason = "behind"    // useful to a hospital: it stays behind the glass unless the holder says always
)

// A packer that meets one long item still tries so many of the shorter ones behind it.
const packTries = 24

// Packed is a front as it was packed.
type Packed struct {
	Front   Front
	Left    []Left
	Encoded []byte // what EncodeFront makes of the front
}

// Pack chooses what goes on a front, by Rank, until the budget is full; an item that is too long does not keep a shorter one behind
// it from getting in. It says of every other item why it is not there. The identity is always on the front.
func Pack(r Record, o PackOptions) (Packed, error) {
	catalogue, err := terms.Load()
	if err != nil {
		return Packed{}, err
	}
	if o.Budget <= 0 || o.Budget > MaxFront {
		o.Budget = MaxFront
	}
	p := packer{
		catalogue: catalogue, lang: r.Lang, budget: o.Budget,
		front: Front{Lang: shortened(cleaned(r.Lang)), Identity: frontIdentity(r.Identity)},
	}
	ordered, left := candidatesOf(r, o.Choices)
	if most := maxFrontItems + packTries; len(ordered) > most {
		for _, item := range ordered[most:] {
			left = append(left, Left{item.ID, item.Section, LeftNoRoom})
		}
		ordered = ordered[:most]
	}
	candidates := make([]candidate, len(ordered))
	for i, item := range ordered {
		candidates[i].item = item
		candidates[i].cut = p.frontItem(&candidates[i].front, item)
	}
	chosen, rest, err := p.fill(candidates)
	if err != nil {
		return Packed{}, err
	}
	for _, c := range rest {
		left = append(left, Left{c.item.ID, c.item.Section, LeftNoRoom})
	}
	for _, c := range chosen {
		if c.cut {
			left = append(left, Left{c.item.ID, c.item.Section, LeftShortened})
		}
	}
	front := p.frontOf(chosen)
	if p.encoded == nil { // not even the identity fits: the caller is told by the size
		if p.encoded, err = EncodeFront(front); err != nil {
			return Packed{}, err
		}
	}
	front.Confirmed, front.Sources = usualConfirmed(front.Items), rankedSources(front.Items)
	return Packed{Front: front, Left: left, Encoded: p.encoded}, nil
}

// candidate is an item as it would stand on the front.
type candidate struct {
	item  *Item
	front FrontItem
	cut   bool // not all of its words stand there
}

// candidatesOf returns what may stand on a front, most important first, and why the rest may not.
func candidatesOf(r Record, choices map[string]string) ([]*Item, []Left) {
	type ranked struct {
		item *Item
		rank int
	}
	may := make([]ranked, 0, len(r.Items))
	var left []Left
	for i := range r.Items {
		item := &r.Items[i]
		choice, chosen := choices[item.ID]
		if !chosen {
			choice = item.Front
		}
		rank := Rank(*item)
		switch {
		case item.Hidden:
			left = append(left, Left{item.ID, item.Section, LeftHidden})
		case columns(item.Section) == nil:
			left = append(left, Left{item.ID, item.Section, LeftSensitive})
		case choice == FrontNever:
			left = append(left, Left{item.ID, item.Section, LeftChoice})
		case choice == FrontAlways:
			may = append(may, ranked{item, rank - tierBlood*1000})
		case rank/1000 == tierPast, rank/1000 == tierUseful && behind(item):
			left = append(left, Left{item.ID, item.Section, LeftBehind})
		default:
			may = append(may, ranked{item, rank})
		}
	}
	slices.SortStableFunc(may, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	items := make([]*Item, len(may))
	for i, m := range may {
		items[i] = m.item
	}
	return items, left
}

// behind reports whether an item belongs to a section that fills a card with what no finder acts on. A life-critical term (a
// tetanus shot) is taken all the same.
func behind(item *Item) bool {
	switch item.Section {
	case section.Immunizations, section.Procedures, section.Results, section.Vitals, section.Insurance, section.Documents:
		return item.Term == "" || priorityOf(item.Term) > 1
	}
	return false
}

type packer struct {
	catalogue *terms.Catalogue
	lang      string
	front     Front
	budget    int
	encoded   []byte // of the longest choice so far that fits, which is what fill returns
}

// fill returns the items that fit, and those that do not, both in the order of their importance. In the ordinary case, where all fit, it
// encodes once; else it halves its way to the longest beginning that fits and then tries some of the items behind it.
func (p *packer) fill(candidates []candidate) (chosen, rest []candidate, err error) {
	if fits, err := p.fits(candidates); fits || err != nil {
		return candidates, nil, err
	}
	short, long := 0, min(len(candidates), maxFrontItems+1)
	for long-short > 1 {
		middle := (short + long) / 2
		fits, err := p.fits(candidates[:middle])
		if err != nil {
			return nil, nil, err
		}
		if fits {
			short = middle
		} else {
			long = middle
		}
	}
	chosen = slices.Clone(candidates[:short])
	for i, c := range candidates[short:] {
		fits := false
		if i < packTries {
			if fits, err = p.fits(append(chosen, c)); err != nil {
				return nil, nil, err
			}
		}
		if fits {
			chosen = append(chosen, c)
		} else {
			rest = append(rest, c)
		}
	}
	return chosen, rest, nil
}

func (p *packer) fits(candidates []candidate) (bool, error) {
	if len(candidates) > maxFrontItems {
		return false, nil
	}
	plain, err := encodeMap(p.frontOf(candidates))
	switch {
	case err == ErrFrontTooLarge:
		return false, nil
	case err != nil:
		return false, err
	}
	encoded := compress(plain)
	if len(encoded) > p.budget {
		return false, nil
	}
	p.encoded = encoded
	return true, nil
}

// frontOf puts candidates on the front in reading order.
func (p *packer) frontOf(candidates []candidate) Front {
	front := p.front
	front.Items = make([]FrontItem, 0, len(candidates))
	for s := section.Directives; s <= section.BloodGroup; s++ {
		for i := range candidates {
			if c := &candidates[i]; c.front.Section == s && c.front.speaks() {
				front.Items = append(front.Items, c.front)
			}
		}
	}
	return front
}

// frontItem writes the item as it stands on a front, and reports whether some of its words had to be cut.
func (p *packer) frontItem(on *FrontItem, item *Item) (cut bool) {
	words := func(text string) string {
		clean := cleaned(text)
		if len(clean) > maxFrontText {
			cut = true
			return shortened(clean)
		}
		return clean
	}
	concept := func(key, text string) FrontConcept {
		c := FrontConcept{Text: words(text)}
		if term, known := p.catalogue.ByKey(key); known {
			c.Number, c.Term = term.Number, term.Key
			if c.Text != "" && p.saysTheSame(term, c.Text) {
				c.Text = ""
			}
		}
		return c
	}
	main := concept(item.Term, item.Text)
	*on = FrontItem{
		Section: item.Section, Number: main.Number, Term: main.Term, Text: main.Text, Detail: words(item.Detail), Note: words(item.Note),
		Severity: known(severities, item.Severity), Criticality: known(criticalities, item.Criticality),
		Status: words(notable(item.Status)), Date: existing(item.Date),
		Name: words(item.Name), Phone: plainPhone(words(item.Phone)), Relation: words(item.Relation),
		Absent: known(absences, item.Absent), Source: Source{known(kinds, item.Source.Kind), words(item.Source.Name)}, Confirmed: existing(item.Confirmed),
	}
	for i, reaction := range item.Reactions {
		if i == maxFrontList {
			return true
		}
		if c := concept(reaction.Term, reaction.Text); c != (FrontConcept{}) {
			on.Reactions = append(on.Reactions, c)
		}
	}
	return cut
}

// saysTheSame reports whether words only repeat the term: the reader shows its label anyway.
func (p *packer) saysTheSame(term terms.Term, text string) bool {
	label, _ := p.catalogue.Label(term.Key, p.lang)
	english, _ := p.catalogue.Label(term.Key, "en")
	return strings.EqualFold(text, label) || strings.EqualFold(text, english) || strings.EqualFold(text, term.Display)
}

func frontIdentity(id Identity) FrontIdentity {
	on := FrontIdentity{
		Name: shortened(cleaned(id.Name.String())), Birth: existing(id.Birth), Gender: known(genders, id.Gender),
		Country: shortened(cleaned(id.Country)), AnswersTo: shortened(cleaned(id.AnswersTo)),
	}
	for _, tag := range id.Languages[:min(len(id.Languages), maxFrontList)] {
		if tag = strings.ReplaceAll(cleaned(tag), " ", "-"); tag != "" {
			on.Languages = append(on.Languages, tag)
		}
	}
	return on
}

// known returns a code of a closed list, and "" for any other: a record that was not validated still packs.
func known(list []string, code string) string {
	if slices.Contains(list, code) {
		return code
	}
	return ""
}

func existing(d Date) Date {
	if !d.Valid() {
		return ""
	}
	return d
}

// notable returns a status that a reader would not take for granted.
func notable(status string) string {
	switch status {
	case "active", "completed", "final", "current", "amended", "in-use", "unknown":
		return ""
	}
	return status
}

// cleaned returns a text on one line: control characters and runs of white space become one space, bytes that are not UTF-8 become U+FFFD.
func cleaned(text string) string {
	if isClean(text) {
		return text
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.Join(strings.Fields(text), " ")
}

// isClean reports whether cleaned would change nothing: the ordinary case, and cheap to see.
func isClean(text string) bool {
	before := ' '
	for _, r := range text {
		if r == ' ' && before == ' ' || r != ' ' && unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError {
			return false
		}
		before = r
	}
	return text == "" || before != ' '
}

// shortened cuts a text between two letters to what the format allows, and shows that it was cut.
func shortened(text string) string {
	if len(text) <= maxFrontText {
		return text
	}
	end := maxFrontText - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// phoneSigns are what people write between the digits; (0) is the zero that is left out when calling from abroad.
var phoneSigns = strings.NewReplacer(" ", "", "-", "", "(0)", "", "(", "", ")", "", ".", "", "/", "", "\u00a0", "")

// plainPhone takes the signs out of an international number, so that it travels as a number and can be dialled.
func plainPhone(phone string) string {
	if !strings.HasPrefix(phone, "+") {
		return phone
	}
	if isE164(phone[1:]) {
		return phone
	}
	if digits := phoneSigns.Replace(phone[1:]); isE164(digits) {
		return "+" + digits
	}
	return phone
}
