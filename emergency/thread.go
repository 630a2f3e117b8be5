package emergency

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
)

// Message is a line of what a responder and the family tell one another while a grant runs.
type Message struct {
	Grant  GrantID
	Number int    // counts from 1
	Sender string // SenderResponder, SenderKeeper, SenderContact
	Sealed []byte
	At     time.Time
}

// Who can send a message.
const (
	SenderResponder = "responder"
	SenderKeeper    = "keeper"
	SenderContact   = "contact"
)

// What a message is. The family writes texts; the rest is a responder's to say, once asked and never required.
const (
	MessageText     = "text"
	MessageCallBack = "callback" // the number under which the responder can be reached
	MessageHospital = "hospital" // where the patient is taken
	MessageLocation = "location" // where the responder is
	MessageNote     = "note"     // for the handover
)

var messageKinds = []string{MessageText, MessageCallBack, MessageHospital, MessageLocation, MessageNote}

const (
	maxMessage  = 1000 // characters of one message
	maxMessages = 200  // in one thread, so that nobody fills a house from outside
	// quietFor is how long after a message from one side the next one of that side sends no notice: whoever has been told reads the page.
	quietFor = 10 * time.Minute
)

// NewMessage is what somebody sends.
type NewMessage struct {
	Kind     string // one of the Message constants; "" is MessageText
	Text     string // at most 1,000 characters
	Lat, Lon float64
}

// MessageView is a message as both sides read it.
type MessageView struct {
	Number   int
	Sender   string
	Name     string // of the sender: as a responder stated it, as the patient calls a contact, as a keeper calls themselves
	Kind     string
	Text     string
	Lat, Lon float64 // of a MessageLocation, in degrees to four decimals (some ten metres)
	At       time.Time
}

// ThreadView is what was written in a grant, and how long it goes on.
type ThreadView struct {
	Messages   []MessageView
	Until, Now time.Time
	Ended      bool
}

// messageBody is what Message.Sealed holds.
type messageBody struct {
	Name string  `json:"name,omitempty"`
	Kind string  `json:"kind"`
	Text string  `json:"text,omitempty"`
	Lat  float64 `json:"lat,omitempty"`
	Lon  float64 `json:"lon,omitempty"`
}

// clean trims and bounds a message, and refuses what is none.
func (m *NewMessage) clean() error {
	if m.Kind == "" {
		m.Kind = MessageText
	}
	if !slices.Contains(messageKinds, m.Kind) {
		return ErrInvalid.with("field", "kind")
	}
	m.Text = strings.TrimSpace(m.Text)
	unwanted := func(r rune) bool { return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError }
	if m.Text == "" && m.Kind != MessageLocation || utf8.RuneCountInString(m.Text) > maxMessage || strings.ContainsFunc(m.Text, unwanted) {
		return ErrInvalid.with("field", "text")
	}
	if m.Kind != MessageLocation {
		m.Lat, m.Lon = 0, 0
		return nil
	}
	if !(math.Abs(m.Lat) <= 90 && math.Abs(m.Lon) <= 180) { // refuses what is no number, too
		return ErrInvalid.with("field", "lat")
	}
	m.Lat, m.Lon = math.Round(m.Lat*1e4)/1e4, math.Round(m.Lon*1e4)/1e4
	return nil
}

// Thread returns what was written after a message, to the responder whose grant runs.
func (s *Service) Thread(ctx context.Context, _ Caller, grant string, after int) (ThreadView, error) {
	var view ThreadView
	err := s.Store.View(ctx, func(r Reader) error {
		row, err := s.runningGrant(r, grant)
		if err != nil {
			return err
		}
		view, err = s.thread(r, row, after)
		return err
	})
	return view, err
}

// FollowThread returns what is sent to whenever Thread may answer something else, and what ends that.
func (s *Service) FollowThread(ctx context.Context, _ Caller, grant string) (<-chan struct{}, func(), error) {
	var row Grant
	err := s.Store.View(ctx, func(r Reader) (err error) {
		row, err = s.runningGrant(r, grant)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	woken, stop := s.followGrant(row)
	return woken, stop, nil
}

// FollowGrant is FollowThread for a keeper.
func (s *Service) FollowGrant(ctx context.Context, c Caller, id PatientID, grant GrantID) (<-chan struct{}, func(), error) {
	var row Grant
	err := s.Store.View(ctx, func(r Reader) (err error) {
		row, err = s.keptGrant(r, c, id, grant)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	woken, stop := s.followGrant(row)
	return woken, stop, nil
}

func (s *Service) followGrant(row Grant) (<-chan struct{}, func()) {
	return s.watchers.watch(grantKey(row.ID), patientKey(row.Patient))
}

// Send adds what a responder writes to the thread of a running grant, and returns its number.
func (s *Service) Send(ctx context.Context, c Caller, grant string, message NewMessage) (int, error) {
	if err := message.clean(); err != nil {
		return 0, err
	}
	var number int
	err := s.Store.Update(ctx, func(tx Tx) error {
		row, err := s.runningGrant(tx, grant)
		if err != nil {
			return err
		}
		event, err := s.grantEvent(c, row, audit.MessageSent)
		if err != nil {
			return err
		}
		number, err = s.addMessage(tx, row, SenderResponder, event.Actor.Name, message, event, row.Contact)
		return err
	})
	return number, err
}

// SendAsKeeper adds what a keeper answers to a responder.
func (s *Service) SendAsKeeper(ctx context.Context, c Caller, id PatientID, grant GrantID, text string) error {
	message := NewMessage{Text: text}
	if err := message.clean(); err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		row, err := s.keptGrant(tx, c, id, grant)
		if err != nil {
			return err
		}
		if !row.running(s.now()) {
			return errOver()
		}
		account, err := tx.Account(c.Account)
		if err != nil {
			return err
		}
		own, err := s.openProfile(account)
		if err != nil {
			return err
		}
		_, err = s.addMessage(tx, row, SenderKeeper, own.Name, message, s.event(c, audit.MessageSent, string(id)), "")
		return err
	})
}

// addMessage writes a message with its entry, which says who wrote and never what, and with the notices of it. except is the contact who wrote.
func (s *Service) addMessage(tx Tx, row Grant, sender, name string, message NewMessage, event audit.Event, except ContactID) (int, error) {
	before, err := tx.Messages(row.ID, 0)
	if err != nil {
		return 0, err
	}
	if len(before) >= maxMessages {
		return 0, ErrTooLarge.with("limit", maxMessages)
	}
	now := s.now()
	plain, err := json.Marshal(messageBody{Name: name, Kind: message.Kind, Text: message.Text, Lat: message.Lat, Lon: message.Lon})
	if err != nil {
		return 0, err
	}
	next := 1
	if len(before) > 0 {
		next = before[len(before)-1].Number + 1
	}
	sealed, err := s.seal("message", "body", messageRow(row.ID, next), plain)
	if err != nil {
		return 0, err
	}
	number, err := tx.AddMessage(Message{Grant: row.ID, Sender: sender, Sealed: sealed, At: now})
	if err != nil {
		return 0, err
	}
	if number != next {
		return 0, errOtherRow
	}
	event.Grant = string(row.ID)
	if row.Card != (cards.ID{}) {
		event.Card = row.Card.String()
	}
	if event.Details == nil {
		event.Details = map[string]string{}
	}
	event.Details["sender"], event.Details["kind"] = sender, message.Kind
	if except != "" {
		event.Details["contact"] = string(except)
	}
	tx.Append(event)
	for _, earlier := range slices.Backward(before) {
		if earlier.Sender == sender && now.Sub(earlier.At) < quietFor {
			return number, nil
		}
	}
	return number, s.tell(tx, news{Kind: NewsMessage, Patient: row.Patient, Grant: row.ID, Step: row.Step, Drill: row.Drill, Except: except})
}

func messageRow(grant GrantID, number int) string { return string(grant) + "/" + strconv.Itoa(number) }

// thread reads what was written in a grant.
func (s *Service) thread(r Reader, row Grant, after int) (ThreadView, error) {
	now := s.now()
	view := ThreadView{Messages: []MessageView{}, Until: row.Until, Now: now, Ended: !row.running(now)}
	if !row.EndedAt.IsZero() && row.EndedAt.Before(row.Until) {
		view.Until = row.EndedAt
	}
	messages, err := r.Messages(row.ID, after)
	if err != nil {
		return view, err
	}
	for _, message := range messages {
		body, err := s.openMessage(message)
		if err != nil {
			return view, err
		}
		if body.Kind == "" {
			continue // erased
		}
		view.Messages = append(view.Messages, MessageView{Number: message.Number, Sender: message.Sender, Name: body.Name, Kind: body.Kind,
			Text: body.Text, Lat: body.Lat, Lon: body.Lon, At: message.At})
	}
	return view, nil
}

// openMessage reads what was written. An erased message has no kind.
func (s *Service) openMessage(message Message) (messageBody, error) {
	var body messageBody
	plain, err := s.unseal("message", "body", messageRow(message.Grant, message.Number), message.Sealed)
	if err != nil || plain == nil {
		return body, err
	}
	return body, json.Unmarshal(plain, &body)
}
