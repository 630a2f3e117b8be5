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
	LeftTextOnly  Reason = "text_only" // a health card is read in codes, and this is words, or a kind of thing that its readers do not know
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
	candidates, mute := p.candidates(ordered)
	for _, item := range mute {
		left = append(left, Left{item.ID, item.Section, LeftBehind})
	}
	chosen, rest, err := fill(candidates, maxFrontItems, p.fits)
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
	return Packed{Front: front, Left: left, Encoded: p.encoded}, nil
}

// candidate is an item as it would stand on the front.
type candidate struct {
	item  *Item
	place int  // of the line among p.lines
	cut   bool // not all of its words stand there
}

// candidates writes items as they would stand on the front, each at its place in reading order: that of the sections, and inside a section the more
// important first. Mute are those of which nothing would stand there: they are nothing but codes.
func (p *packer) candidates(ordered []*Item) (all []candidate, mute []*Item) {
	var places [section.BloodGroup + 2]int // the next place of each section
	for _, item := range ordered {
		places[item.Section+1]++
	}
	for s := 1; s < len(places); s++ {
		places[s] += places[s-1]
	}
	p.lines = make([]FrontItem, len(ordered))
	all = make([]candidate, 0, len(ordered))
	for _, item := range ordered {
		place := places[item.Section]
		places[item.Section]++
		line := &p.lines[place]
		if cut := p.frontItem(line, item); line.speaks() {
			all = append(all, candidate{item, place, cut})
		} else {
			mute = append(mute, item)
		}
	}
	return all, mute
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
		rank := rankOf(item)
		switch {
		case item.Hidden:
			left = append(left, Left{item.ID, item.Section, LeftHidden})
		case layoutOf(item.Section).columns == nil:
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
	front     Front       // without its items
	lines     []FrontItem // what may stand on it, in reading order
	budget    int
	encoded   []byte // of the longest choice so far that fits, which is what Pack takes
}

// fill returns what fits of a list, and what does not, both in its order. In the ordinary case, where all fit, it asks once; else it halves its way
// to the longest beginning that fits and then tries some of what stands behind it. No more than most are ever taken.
func fill[T any](list []T, most int, fits func([]T) (bool, error)) (chosen, rest []T, err error) {
	if len(list) <= most {
		if all, err := fits(list); all || err != nil {
			return list, nil, err
		}
	}
	short, long := 0, min(len(list), most+1)
	for long-short > 1 {
		middle := (short + long) / 2
		enough, err := fits(list[:middle])
		if err != nil {
			return nil, nil, err
		}
		if enough {
			short = middle
		} else {
			long = middle
		}
	}
	chosen = slices.Clone(list[:short])
	for i, one := range list[short:] {
		enough := false
		if i < packTries && len(chosen) < most {
			if enough, err = fits(append(chosen, one)); err != nil {
				return nil, nil, err
			}
		}
		if enough {
			chosen = append(chosen, one)
		} else {
			rest = append(rest, one)
		}
	}
	return chosen, rest, nil
}

func (p *packer) fits(candidates []candidate) (bool, error) {
	plain, err := encodeItems(p.front, p.inReadingOrder(candidates))
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

// inReadingOrder returns the lines of candidates.
func (p *packer) inReadingOrder(candidates []candidate) []*FrontItem {
	chosen := make([]bool, len(p.lines))
	for _, c := range candidates {
		chosen[c.place] = true
	}
	lines := make([]*FrontItem, 0, len(candidates))
	for place := range p.lines {
		if chosen[place] {
			lines = append(lines, &p.lines[place])
		}
	}
	return lines
}

// frontOf is the front with the candidates on it. It takes p.lines over where all of them are.
func (p *packer) frontOf(chosen []candidate) Front {
	front, lines := p.front, p.inReadingOrder(chosen)
	front.Confirmed, front.Sources = usualConfirmed(lines), rankedSources(lines)
	if front.Items = p.lines; len(lines) == len(p.lines) {
		return front
	}
	front.Items = make([]FrontItem, len(lines))
	for i, line := range lines {
		front.Items[i] = *line
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
		Collect: known(collects, item.Collect), OutOfArea: item.OutOfArea,
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

// cleaned returns a text on one line: control characters and runs of white space become one space, bytes that are not UTF-8 become U+FFFD, and
// directions are settled.
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
	return strings.Join(strings.Fields(settled(text)), " ")
}

// isClean reports whether cleaned would change nothing: the ordinary case, and cheap to see.
func isClean(text string) bool {
	before := byte(' ')
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= utf8.RuneSelf:
			return isCleanUnicode(text)
		case c < ' ' || c == 0x7f || c == ' ' && before == ' ':
			return false
		}
		before = c
	}
	return text == "" || before != ' '
}

func isCleanUnicode(text string) bool {
	before := ' '
	for _, r := range text {
		if r == ' ' && before == ' ' || r != ' ' && unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError {
			return false
		}
		before = r
	}
	return before != ' ' && isSettled(text)
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
