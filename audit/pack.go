package audit

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
)

// A payload is sealed in a shorter form that gives back its very bytes: half of what an entry would take on the disk are words that stand in every other. A
// payload begins with a brace and holds no control characters, so those say what is short:
//
//	01                  first: this form; a payload that begins with a brace is the payload itself, as logs before this form kept it
//	02 b1..b16          16 bytes whose base64url stands here, with a quotation mark: identifiers
//	03 b1..b32          the same of 32 bytes: hashes
//	04 b1..b6           a big-endian number of 13 decimal digits: times
//	05..1f              the phrases 0 to 26
//	00 n                the phrase 27 + n
//	20..ff              themselves
//
// The list of phrases is part of the form: it only ever grows at its end.
const (
	packedForm = 0x01
	packedID   = 0x02
	packedHash = 0x03
	packedTime = 0x04
	firstShort = 0x05
	shorts     = 0x20 - firstShort
	packedLong = 0x00

	idText     = 22
	hashText   = 43
	timeText   = 13
	timeBytes  = 6
	phraseHash = 4 // bytes of a phrase that find it; none is shorter
)

// phrases each begin with a brace, a comma or a quotation mark: nowhere else one is looked for.
var phrases = [...]string{
	`{"actor":{"kind":"responder"`, `{"actor":{"kind":"`, `,"name":"`, `,"network":"`, `,"organization":"`, `,"role":"`, `,"verified":"claimed"},"at":`,
	`,"verified":"`, `,"at":`, `,"card":"`, `,"details":{"`, `,"grant":"`, `,"items":`, `,"outcome":"granted"`, `,"outcome":"done"`, `,"outcome":"`,
	`,"prev":"`, `,"reason":"`, `,"rules_version":`, `,"sections":[`, `,"seq":`, `,"subject":"`, `,"type":"`, `,"until":`, `,"v":1}`, `,"type":"card.scanned"`,
	`,"reason_text":"`,

	`,"type":"glass.opened"`, `,"type":"glass.reopened"`, `,"type":"glass.refused"`, `,"type":"grant.ended"`, `,"type":"card.issued"`,
	`,"type":"card.read_offline"`, `,"type":"card.revoked"`, `,"type":"request.waiting"`, `,"type":"message.sent"`, `,"type":"review.given"`,
	`,"type":"rules.changed"`, `,"type":"record.changed"`, `,"type":"record.imported"`, `,"type":"patient.created"`, `,"type":"account.signed_in"`,
	`,"type":"data.exported"`, `,"type":"notice.failed"`, `,"type":"entry.erased"`, `{"actor":{"kind":"server"},"at":`, `{"actor":{"kind":"operator"},"at":`,
	`{"actor":{"kind":"account"`, `{"actor":{"kind":"patient"`, `{"actor":{"kind":"contact"`, `{"actor":{"call_back":"`, `,"kind":"responder"`,
	`,"verified":"passkey"},"at":`, `,"verified":"badge"},"at":`, `,"verified":"code"},"at":`, `,"verified":"card"},"at":`, `,"role":"bystander"`,
	`,"role":"paramedic"`, `,"role":"doctor"`, `,"role":"nurse"`, `,"role":"police"`, `,"role":"firefighter"`, `,"role":"shelter"`, `,"role":"family"`,
	`,"reason":"unconscious"`, `,"reason":"patient_consents"`, `,"reason":"guardian_absent"`, `,"reason":"threat_to_life"`, `,"reason":"public_health"`,
	`,"reason":"evacuation"`, `,"reason":"other"`, `,"outcome":"refused"`, `,"outcome":"wait"`, `,"outcome":"begun"`, `,"outcome":"failed"`,
	`,"details":{"step":"critical"`, `,"details":{"step":"sensitive"`, `,"step":"critical"`, `,"step":"sensitive"`, `,"details":{"contact":"`,
	`,"details":{"organization":"`, `,"organization_kind":"`, `"identity"`, `"directives"`, `"allergies"`, `"conditions"`, `"baseline"`, `"medications"`,
	`"devices"`, `"pregnancy"`, `"child"`, `"needs"`, `"contacts"`, `"immunizations"`, `"procedures"`, `"results"`, `"vitals"`, `"insurance"`, `"documents"`,
	`"blood_group"`, `"mental_health"`, `"sexual_health"`, `"substance_use"`, `"other_sensitive"`, `"private_notes"`,
	`,"sections":["identity","directives","allergies","conditions","baseline","medications","devices"`,
	`,"sections":["identity","allergies","conditions","medications"`,
}

// phraseBook finds phrases by their first bytes; longer ones come first.
var phraseBook = func() (book [1 << 8][]int) {
	for i, phrase := range phrases {
		at := &book[phraseKey([]byte(phrase))]
		place := len(*at)
		for place > 0 && len(phrases[(*at)[place-1]]) < len(phrase) {
			place--
		}
		*at = append(*at, 0)
		copy((*at)[place+1:], (*at)[place:])
		(*at)[place] = i
	}
	return book
}()

// phraseKey hashes the bytes that find a phrase.
func phraseKey(b []byte) byte {
	return byte(binary.LittleEndian.Uint32(b[:phraseHash]) * 0x9e3779b1 >> 24)
}

// appendPacked appends the shorter form of a payload.
func appendPacked(b, payload []byte) []byte {
	b = append(b, packedForm)
	for i := 0; i < len(payload); {
		if i > 0 {
			var done int
			switch payload[i-1] {
			case '"':
				b, done = appendBytes(b, payload[i:])
			case ':':
				b, done = appendTime(b, payload[i:])
			}
			if done > 0 {
				i += done
				continue
			}
		}
		if c := payload[i]; c == '"' || c == ',' || c == '{' {
			if n, found := findPhrase(payload[i:]); found {
				if n < shorts {
					b = append(b, byte(firstShort+n))
				} else {
					b = append(b, packedLong, byte(n-shorts))
				}
				i += len(phrases[n])
				continue
			}
		}
		b = append(b, payload[i])
		i++
	}
	return b
}

func findPhrase(rest []byte) (number int, found bool) {
	if len(rest) < phraseHash {
		return 0, false
	}
	for _, n := range phraseBook[phraseKey(rest)] {
		if phrase := phrases[n]; len(rest) >= len(phrase) && string(rest[:len(phrase)]) == phrase {
			return n, true
		}
	}
	return 0, false
}

// strictBase64 reads one text for each value only.
var strictBase64 = base64.RawURLEncoding.Strict()

// appendBytes appends the identifier or hash that rest begins with, and returns how many characters that were, 0 if there is none.
func appendBytes(b, rest []byte) (longer []byte, done int) {
	if len(rest) > 0 && (rest[0] == ',' || rest[0] == ':') {
		return b, 0 // the mark was one at the end of a text
	}
	code, text := byte(packedID), idText
	if len(rest) <= text || rest[text] != '"' {
		code, text = packedHash, hashText
		if len(rest) <= text || rest[text] != '"' {
			return b, 0
		}
	}
	var raw [tlog.HashSize]byte
	n, err := strictBase64.Decode(raw[:], rest[:text])
	if err != nil || strictBase64.EncodedLen(n) != text {
		return b, 0
	}
	return append(append(b, code), raw[:n]...), text + 1
}

// appendTime appends the time that rest begins with, and returns how many characters that were, 0 if there is none.
func appendTime(b, rest []byte) (longer []byte, done int) {
	var ms uint64
	for done < len(rest) && done <= timeText && '0' <= rest[done] && rest[done] <= '9' {
		ms = 10*ms + uint64(rest[done]-'0')
		done++
	}
	if done != timeText || rest[0] == '0' {
		return b, 0
	}
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], ms)
	return append(append(b, packedTime), number[8-timeBytes:]...), done
}

// unpack returns the payload of a shorter form. It reports whether there is one, of at most MaxPayload bytes.
func unpack(packed []byte) (payload []byte, ok bool) {
	if len(packed) > 0 && packed[0] == '{' {
		return packed, len(packed) <= MaxPayload
	}
	if len(packed) == 0 || packed[0] != packedForm {
		return nil, false
	}
	payload = make([]byte, 0, 4*len(packed))
	for rest := packed[1:]; len(rest) > 0; {
		plain := 0
		for plain < len(rest) && rest[plain] >= ' ' {
			plain++
		}
		payload = append(payload, rest[:plain]...)
		if rest = rest[plain:]; len(payload) > MaxPayload {
			return nil, false
		}
		if len(rest) == 0 {
			break
		}
		code := rest[0]
		rest = rest[1:]
		var need int
		switch code {
		case packedLong:
			need = 1
		case packedID:
			need = 16
		case packedHash:
			need = tlog.HashSize
		case packedTime:
			need = timeBytes
		}
		if len(rest) < need {
			return nil, false
		}
		raw := rest[:need]
		rest = rest[need:]
		switch {
		case code == packedLong && shorts+int(raw[0]) < len(phrases):
			payload = append(payload, phrases[shorts+int(raw[0])]...)
		case code == packedID, code == packedHash:
			payload = append(base64.RawURLEncoding.AppendEncode(payload, raw), '"')
		case code == packedTime:
			var number [8]byte
			copy(number[8-timeBytes:], raw)
			payload = strconv.AppendUint(payload, binary.BigEndian.Uint64(number[:]), 10)
		case code >= firstShort:
			payload = append(payload, phrases[code-firstShort]...)
		default:
			return nil, false
		}
		if len(payload) > MaxPayload {
			return nil, false
		}
	}
	return payload, true
}
