package emergency

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// NoticeID names a notice.
type NoticeID string

// Notice is a message that waits to be sent. It is written in the transaction of what it tells of, so that neither is without the other.
type Notice struct {
	ID        NoticeID
	Patient   PatientID // "" for one to an organization
	Contact   ContactID // "" for one to a keeper or an organization
	Sealed    []byte    // to whom, by which way, what
	State     string    // NoticeWaiting, NoticeSent, NoticeDead
	Attempts  int
	CreatedAt time.Time
	DueAt     time.Time // of the next attempt
	EndedAt   time.Time // sent, or given up
}

// The states of a notice.
const (
	NoticeWaiting = "waiting"
	NoticeSent    = "sent"
	NoticeDead    = "dead" // given up: shown to the keepers and the operator
)

// What a notice tells of. Its words are those of the locale files, under "notice.<kind>"; nothing of a record is in any of them.
const (
	NewsOpened   = "opened"    // somebody has broken the glass
	NewsWaiting  = "waiting"   // somebody waits, and you can agree or say no
	NewsVetoed   = "vetoed"    // somebody said no
	NewsMessage  = "message"   // somebody has written into the thread of an opening
	NewsRules    = "rules"     // wider rules will be in force soon, unless somebody stops them
	NewsInvited  = "invited"   // somebody names you as a contact
	NewsDrill    = "drill_due" // it is time to rehearse
	NewsReview   = "review"    // a patient says that an opening was not right; to an organization's administrators
	NewsKeepers  = "keepers"   // who keeps the record is changing
	NewsRulesNow = "rules_now" // one of several keepers has put other rules into force
	NewsPasskeys = "passkeys"  // the ways to sign in to an account that keeps the record have changed
)

// news is what happened and whom it concerns.
type news struct {
	Kind    string
	Patient PatientID
	Grant   GrantID   // of an opening
	Request RequestID // of a wait
	Step    string
	Drill   bool
	OwnOnly bool            // to the keepers' own addresses alone
	Except  ContactID       // who did it, and knows
	Told    map[string]bool // addresses that are told already, for news that concerns several patients at once; nil otherwise
}

// letter is what Notice.Sealed holds: all that a sender needs.
type letter struct {
	Kind     string `json:"kind"`
	Mail     string `json:"mail,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Lang     string `json:"lang,omitempty"`
	Initials string `json:"initials,omitempty"` // of the patient: enough to know who, in a message that others may see
	Link     string `json:"link,omitempty"`     // where to read more; it expires
	Drill    bool   `json:"drill,omitempty"`

	Sent    []string `json:"sent,omitempty"`    // the ways by which it has gone out
	Refused []string `json:"refused,omitempty"` // the ways that will never take it
	Failed  string   `json:"failed,omitempty"`  // the class of what went wrong last
}

// eventLife is how long the link in a notice works.
const eventLife = 14 * 24 * time.Hour

// tell writes the notices of news, one for each contact who has confirmed and can be reached, in the transaction of what happened. Nothing mutes it.
func (s *Service) tell(tx Tx, n news) error {
	contacts, err := tx.Contacts(n.Patient)
	if err != nil {
		return err
	}
	for _, contact := range contacts {
		if !contact.active() || contact.ID == n.Except {
			continue
		}
		details, err := s.openContact(contact)
		if err != nil {
			return err
		}
		if n.OwnOnly && !details.Own || details.Mail == "" && details.Phone == "" {
			continue
		}
		if address := details.Mail + " " + details.Phone; n.Told[address] {
			continue
		} else if n.Told != nil {
			n.Told[address] = true
		}
		if err := s.post(tx, n, contact, details); err != nil {
			return err
		}
	}
	return nil
}

// tellOwners tells the own addresses of everybody whom an account keeps, each once, that the ways to sign in to it have changed: who did it may be a thief.
func (s *Service) tellOwners(tx Tx, account AccountID) error {
	patients, err := tx.Kept(account)
	if err != nil {
		return err
	}
	told := map[string]bool{}
	for _, patient := range patients {
		if err := s.tell(tx, news{Kind: NewsPasskeys, Patient: patient.ID, OwnOnly: true, Told: told}); err != nil {
			return err
		}
	}
	return nil
}

// post writes the notice of news to one contact, with a link of its own.
func (s *Service) post(tx Tx, n news, contact Contact, details contactDetails) error {
	secret, hash, err := s.newToken()
	if err != nil {
		return err
	}
	now := s.now()
	about, err := json.Marshal(eventRef{Kind: n.Kind, Grant: n.Grant, Request: n.Request})
	if err != nil {
		return err
	}
	invitation := Invitation{Token: hash, Purpose: InviteEvent, Target: string(contact.ID), CreatedAt: now, ExpiresAt: now.Add(eventLife)}
	if invitation.Sealed, err = s.seal("invitation", "body", hash.String(), about); err != nil {
		return err
	}
	if err := tx.PutInvitation(invitation); err != nil {
		return err
	}
	patient, err := tx.Patient(n.Patient)
	if err != nil {
		return err
	}
	name, err := s.unseal("patient", "name", string(patient.ID), patient.SealedName)
	if err != nil {
		return err
	}
	return s.putNotice(tx, n.Patient, contact.ID, letter{Kind: n.Kind, Mail: details.Mail, Phone: details.Phone, Lang: details.Lang,
		Initials: initials(string(name)), Link: s.URL + eventPath + "#" + secret, Drill: n.Drill})
}

// putNotice queues a letter.
func (s *Service) putNotice(tx Tx, patient PatientID, contact ContactID, l letter) error {
	id, err := newID(s.Rand)
	if err != nil {
		return err
	}
	now := s.now()
	notice := Notice{ID: NoticeID(id), Patient: patient, Contact: contact, State: NoticeWaiting, CreatedAt: now, DueAt: now}
	return s.putLetter(tx, &notice, l)
}

// eventPath is the page of a contact's link. The secret stands behind # and reaches the server in the body of a request alone.
const eventPath = "/event"

// eventRef is what the invitation in a notice leads to.
type eventRef struct {
	Kind    string    `json:"kind"`
	Grant   GrantID   `json:"grant,omitempty"`
	Request RequestID `json:"request,omitempty"`
}

// initials are the first letters of the words of a name.
func initials(name string) string {
	var letters []string
	for word := range strings.FieldsSeq(name) {
		first, _ := utf8.DecodeRuneInString(word)
		letters = append(letters, string(first)+".")
	}
	return strings.Join(letters, " ")
}
