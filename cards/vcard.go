package cards

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sort"
	"strings"
	"unicode"
)

// ErrVCard: a text that is not the contact of a no-signal code.
var ErrVCard = errors.New("this is not the contact of a no-signal code, or something was added to it; scan the original again")

const (
	// NoSignalVersion is the greatest QR version of a no-signal code that is not told otherwise: some 560 bytes at level M, whose
	// modules are 0.47 mm, as on a wallet card, where the code is 46 mm wide with the quiet zone.
	NoSignalVersion = 18

	// maxVCard bounds what is read as a contact, in bytes: more than the greatest QR code holds at level L.
	maxVCard = 3000

	vcardBegin = "BEGIN:VCARD\r\nVERSION:3.0\r\n"
	vcardEnd   = "END:VCARD\r\n"
	// vcardICE ("in case of emergency") stands before the name, where responders of many countries look for it, and keeps the
	// contact apart from one of the person themselves.
	vcardICE = "ICE"
)

// VCard is the no-signal code: a contact that any telephone shows with no network, no reader and no account. Anyone who sees
// the code can read it, nothing logs that, and a copy stays on the telephone; so it is the patient's choice, a second code,
// and says so in print. Its text is a vCard 3.0 (RFC 2426), for no newer one is read by every telephone.
//
// Whatever stands in the fields, the text has no other properties than these: control characters become spaces, invisible
// characters that change the direction of text are left out, and the rest is escaped.
type VCard struct {
	// Name is the patient's. "ICE" is put before it.
	Name string
	// Phones are those to call, the first one first.
	Phones []Phone
	// Notes are what to know, one line each, the most important first.
	Notes []string
	// Address opens the card where there is a network; the zero ShortAddress leaves it out, as does one that no reader reads.
	Address ShortAddress
}

// Phone is a number to call.
type Phone struct {
	// Type is the kind of telephone (RFC 2426, section 3.3.1); empty says nothing about it.
	Type PhoneType
	// Number is as people write it, also in the digits of their script. One that cannot be dialled as it stands (words, an
	// extension, "(0)") is no number: it is the last of the notes, in the words it came in.
	Number string
	// Who answers it. It is written only with a Number that cannot be dialled: telephones show no name beside a number, so
	// name the contacts in the notes.
	Who string
}

// PhoneType is a kind of telephone, as RFC 2426 names it.
type PhoneType string

// The kinds of telephones.
const (
	PhoneCell PhoneType = "CELL"
	PhoneHome PhoneType = "HOME"
	PhoneWork PhoneType = "WORK"
)

// Text is the vCard: UTF-8, lines ended by CRLF and never folded, for a fold costs three bytes of the code.
func (v VCard) Text() string {
	var b strings.Builder
	b.WriteString(vcardBegin)
	name := escapeVCard(strings.TrimSpace(vcardICE + " " + oneLine(v.Name)))
	// iOS shows N and not FN. Only the last of the five parts of N has to be there (section 4), and nobody tells us which part
	// of a name is which.
	b.WriteString("N:" + name + "\r\nFN:" + name + "\r\n")
	for _, phone := range v.Phones {
		if number, ok := phone.dialled(); ok {
			b.WriteString("TEL" + phone.Type.parameter() + ":" + number + "\r\n")
		}
	}
	if notes := v.notes(); len(notes) > 0 {
		b.WriteString("NOTE:" + escapeVCard(strings.Join(notes, "\n")) + "\r\n")
	}
	if _, err := ParseShortAddress(v.Address.URL()); err == nil {
		b.WriteString("URL:" + v.Address.URL() + "\r\n")
	}
	b.WriteString(vcardEnd)
	return b.String()
}

// notes are the lines of the note, cleaned, with the numbers that cannot be dialled at their end.
func (v VCard) notes() []string {
	var notes []string
	for _, note := range v.Notes {
		if note = oneLine(note); note != "" {
			notes = append(notes, note)
		}
	}
	for _, phone := range v.Phones {
		if _, ok := phone.dialled(); ok {
			continue
		}
		note := oneLine(phone.Number)
		if who := oneLine(phone.Who); who != "" && note != "" {
			note = who + ": " + note
		}
		if note != "" {
			notes = append(notes, note)
		}
	}
	return notes
}

// Fit leaves out what is too much, the last first, until the code is no greater than maxVersion (NoSignalVersion when 0) at the
// level: the notes, and then the numbers, but neither name nor address. What it leaves out comes back in the Notes and Phones
// of left, in the order in which it stood: tell the holder. It returns ErrNoFit when name and address alone are too long.
func (v VCard) Fit(maxVersion int, level Level) (fitted, left VCard, err error) {
	if maxVersion == 0 {
		maxVersion = NoSignalVersion
	}
	notes := v.notes()
	var phones []Phone
	for _, phone := range v.Phones {
		if _, ok := phone.dialled(); ok {
			phones = append(phones, phone)
		}
	}
	first := func(n int) VCard {
		numbers := min(n, len(phones))
		fitted := v
		fitted.Phones, fitted.Notes = slices.Clip(phones[:numbers]), slices.Clip(notes[:n-numbers])
		return fitted
	}
	// The first number of things that is too many.
	tooMany := sort.Search(len(phones)+len(notes)+1, func(n int) bool {
		code, err := fitQR(first(n).Text(), level)
		return err != nil || int(code.version) > maxVersion
	})
	if tooMany == 0 {
		return VCard{}, VCard{}, ErrNoFit
	}
	fitted = first(tooMany - 1)
	return fitted, VCard{Phones: phones[len(fitted.Phones):], Notes: notes[len(fitted.Notes):]}, nil
}

// ParseVCard reads a contact that Text wrote, whose line ends may have changed on the way; other contacts are not read, so
// that nothing that somebody added goes unnoticed. It returns ErrTooLong or ErrVCard.
func ParseVCard(text string) (VCard, error) {
	if len(text) > maxVCard {
		return VCard{}, ErrTooLong
	}
	text = strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(text), "\r\n", "\n"), "\n", "\r\n") + "\r\n"
	body, found := strings.CutPrefix(text, vcardBegin)
	body, ended := strings.CutSuffix(body, vcardEnd)
	if !found || !ended {
		return VCard{}, ErrVCard
	}
	var v VCard
	for line := range strings.SplitSeq(strings.TrimSuffix(body, "\r\n"), "\r\n") {
		property, value, _ := strings.Cut(line, ":")
		property, parameter, _ := strings.Cut(property, ";")
		switch property {
		case "FN":
			v.Name = strings.TrimPrefix(strings.TrimPrefix(unescapeVCard(value), vcardICE), " ")
		case "TEL":
			v.Phones = append(v.Phones, Phone{Type: PhoneType(strings.TrimPrefix(parameter, "TYPE=")), Number: value})
		case "NOTE":
			v.Notes = strings.Split(unescapeVCard(value), "\n")
		case "URL":
			address, err := ParseShortAddress(value)
			if err != nil {
				return VCard{}, ErrVCard
			}
			v.Address = address
		}
	}
	// Whatever was added, repeated, left out or written in another way makes a difference here.
	if v.Text() != text {
		return VCard{}, ErrVCard
	}
	return v, nil
}

// String hides the patient from logs. Text gives it all.
func (v VCard) String() string { return "[no-signal contact]" }

// Format prints String for every verb, also for %#v and %x.
func (v VCard) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, v.String()) }

// LogValue is String.
func (v VCard) LogValue() slog.Value { return slog.StringValue(v.String()) }

// parameter is the type as it stands in the property.
func (t PhoneType) parameter() string {
	switch t {
	case PhoneCell, PhoneHome, PhoneWork:
		return ";TYPE=" + string(t)
	}
	return ""
}

// dialled is the number as a telephone dials it, a plus and digits, when it is one: from three digits, as of emergency
// services, to the fifteen of ITU-T E.164, with the marks between them that E.123 and habit know.
func (p Phone) dialled() (number string, ok bool) {
	written := strings.Map(latin, oneLine(p.Number))
	var b strings.Builder
	for i, r := range written {
		switch {
		case r >= '0' && r <= '9', r == '+' && i == 0:
			b.WriteRune(r)
		case strings.ContainsRune(" -./()", r) || unicode.Is(unicode.Pd, r):
		default:
			return "", false
		}
	}
	number = b.String()
	digits := len(strings.TrimPrefix(number, "+"))
	// In "+44 (0)20" the zero is only for those who leave out what stands before it.
	return number, digits >= 3 && digits <= 15 && !strings.Contains(strings.ReplaceAll(written, " ", ""), "(0)")
}

// oneLine makes one line of text: spaces for control characters and the separators of lines, none at either end, none twice.
// Invisible characters go, among them those that change the direction of what follows; the two that join and part letters
// in Persian and Hindi stay.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r) && r != '\u200C' && r != '\u200D':
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.Join(strings.Fields(text), " ")
}

// escapeVCard and unescapeVCard are RFC 2426, section 4: text-value.
func escapeVCard(text string) string {
	return strings.NewReplacer(`\`, `\\`, ",", `\,`, ";", `\;`, "\n", `\n`).Replace(text)
}

func unescapeVCard(text string) string {
	return strings.NewReplacer(`\\`, `\`, `\,`, ",", `\;`, ";", `\n`, "\n").Replace(text)
}
