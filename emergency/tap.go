package emergency

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/sun"
)

// An NTAG 424 DNA says at each tap something that no copy of it can say again. A tap that proves it lets rules in that ask for the card itself; one that
// does not is told, logged and noticed. It never hides anything: the front is read all the same.

// tapLife is how long after a tap its browser counts as standing beside the card, and how long showing the page again is no new tap.
const tapLife = 10 * time.Minute

// IssuedTag is what an NTAG 424 DNA is written with.
type IssuedTag struct {
	Template sun.Template
	Keys     sun.Slots
}

// Tapped is what became of a tap. Mark belongs in a cookie of the browser that tapped: it proves the tap for a while, to this server alone.
type Tapped struct {
	Verdict sun.Verdict // "" for a card without such a tag
	Mark    string
}

// draftTag computes what the tag of a card is written with. Its fragment is the short code: the file has no room for a front.
func (s *Service) draftTag(issued *Issued) error {
	if issued.ShortCode == "" {
		return nil // it is drawn when the card is issued
	}
	template, err := sun.NewTemplate(issued.Address.Base, issued.ID, string(issued.ShortCode))
	if errors.Is(err, cards.ErrNoFit) {
		return ErrNoFit.because(err)
	}
	issued.Tag = &IssuedTag{Template: template, Keys: s.tagKeys(issued.ID)}
	return err
}

// tagKeys are the keys of a card's tag. They follow from the data key and the card, so nothing is stored that could be stolen.
func (s *Service) tagKeys(card cards.ID) sun.Slots {
	master := s.Data.KeyedHash("tag", []byte("master"))
	return sun.KeysFor(sun.Key(master[:16]), card)
}

// Tap is Scan for a tap of an NTAG 424 DNA: picc and mac are what the tag has put into its address, mark what this browser got for its last tap. The
// counter moves in the transaction of the entry, so that no tap counts twice. The reader's page is served whatever it returns, and whoever guesses gets a
// mark like everybody else's. A tap that proves nothing takes away nothing: the browser of a live tap goes on standing beside the card for its time.
func (s *Service) Tap(ctx context.Context, c Caller, id cards.ID, picc, mac, mark string) (Tapped, error) {
	now := s.now()
	made := tap{card: id, until: now.Add(tapLife)}
	before, known := s.openTap(mark, id, now)
	if known {
		made.counter, made.beside = before.counter, before.beside
	}
	verdict, counter, err := s.tap(ctx, c, id, picc, mac, before, now)
	if err != nil {
		verdict = "" // nothing of it is written down
	}
	made.verdict = verdict
	if verdict == sun.Live {
		made.counter, made.beside = counter, made.until
	}
	sealed, sealErr := s.sealTap(made)
	return Tapped{verdict, sealed}, errors.Join(err, sealErr)
}

func (s *Service) tap(ctx context.Context, c Caller, id cards.ID, picc, mac string, before tap, now time.Time) (verdict sun.Verdict, counter uint32, err error) {
	var patient PatientID
	err = s.Store.View(ctx, func(r Reader) (err error) {
		if patient, err = r.PatientOf(id); err != nil {
			return err
		}
		_, err = r.Tag(id)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return "", 0, s.Scan(ctx, c, id) // a card without such a tag, or none at all
	}
	if err != nil {
		return "", 0, err
	}
	keys := s.tagKeys(id)
	read, err := readTap(picc, mac, keys)
	proven := err == nil
	chip := Token(s.Data.KeyedHash("tag uid", read.UID[:]))
	err = s.Store.Update(ctx, func(tx Tx) error {
		tag, missing := tx.Tag(id)
		if missing != nil {
			return missing
		}
		verdict = sun.Judge(sun.Sighting{Taps: sun.Taps(tag.Counter), Counter: read.Counter, Proven: proven, Unsupported: errors.Is(err, sun.ErrLRP),
			SameTag: tag.UID.IsZero() || tag.UID == chip, SameBrowser: before.proves(now) && before.counter == read.Counter})
		drill, err := drillNow(tx, patient, now)
		if err != nil {
			return err
		}
		event := s.scanEvent(c, id, patient, drill)
		event.Details["tap"] = string(verdict)
		if verdict != sun.Live && verdict != sun.Reload {
			event.Type = audit.CardTapDoubted
		}
		kind := "scan"
		if verdict == sun.Live { // only the tag makes these: nobody uses them up for it
			kind = "tap"
		}
		if !s.entries.allow(kind, id, now, &event) { // and the counter stays where it is: a tap without its entry proves nothing
			if verdict == sun.Live {
				verdict = sun.Stale
			}
			return nil
		}
		tx.Append(event)
		if !proven || verdict == sun.Reload || !tag.UID.IsZero() && tag.UID != chip {
			return nil
		}
		tag.UID, tag.Counter, tag.SeenAt = chip, int64(sun.Taps(tag.Counter).With(read.Counter)), now
		return tx.PutTag(tag)
	})
	return verdict, read.Counter, err
}

// readTap reads what a tag has put into its address. The error is nil for a tap that is proven.
func readTap(picc, mac string, keys sun.Slots) (sun.Tap, error) {
	message, err := sun.Parse(picc, mac)
	if err != nil {
		return sun.Tap{}, err
	}
	read, err := message.Open(keys.MetaRead)
	if err == nil && !read.Verify(keys.FileRead, "") {
		err = errUnproven
	}
	return read, err
}

var errUnproven = errors.New("emergency: no tag of this card has made this message")

// tap is what a mark holds.
type tap struct {
	card    cards.ID
	verdict sun.Verdict // of the last tap: what its page shows until then
	until   time.Time
	counter uint32    // of the last live tap
	beside  time.Time // until when its browser stands beside the card; zero when there was none
}

// proves reports whether the browser with this mark stands beside the card.
func (t tap) proves(now time.Time) bool { return now.Before(t.beside) }

// verdicts are those of sun by the number that a mark holds.
var verdicts = [...]sun.Verdict{"", sun.Live, sun.Reload, sun.Stale, sun.Wrong, sun.Cloned, sun.Unsupported}

const tapSize = len(cards.ID{}) + 1 + 8 + 4 + 8

// sealTap makes a mark. All marks are of one length.
func (s *Service) sealTap(t tap) (string, error) {
	plain := make([]byte, 0, tapSize)
	plain = append(plain, t.card[:]...)
	for number, verdict := range verdicts {
		if verdict == t.verdict {
			plain = append(plain, byte(number))
		}
	}
	plain = binary.BigEndian.AppendUint64(plain, uint64(t.until.UnixMilli()))
	plain = binary.BigEndian.AppendUint32(plain, t.counter)
	plain = binary.BigEndian.AppendUint64(plain, uint64(t.beside.UnixMilli()))
	sealed, err := s.seal("tap", "mark", "", plain)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// maxMark bounds what a browser may send as a mark, in bytes.
const maxMark = 256

// openTap reads a mark for a card; ok is false, and the mark zero, for anything else, for another card and after its time.
func (s *Service) openTap(mark string, card cards.ID, now time.Time) (t tap, ok bool) {
	if mark == "" || len(mark) > maxMark {
		return tap{}, false
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(mark)
	if err != nil {
		return tap{}, false
	}
	plain, err := s.unseal("tap", "mark", "", sealed)
	if err != nil || len(plain) != tapSize || int(plain[16]) >= len(verdicts) {
		return tap{}, false
	}
	t = tap{card: cards.ID(plain[:16]), verdict: verdicts[plain[16]], until: time.UnixMilli(int64(binary.BigEndian.Uint64(plain[17:]))),
		counter: binary.BigEndian.Uint32(plain[25:]), beside: time.UnixMilli(int64(binary.BigEndian.Uint64(plain[29:])))}
	if t.card != card || !now.Before(t.until) {
		return tap{}, false
	}
	return t, true
}
