package emergency

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/vault"
)

// ContactID names a contact of a patient, in rules too.
type ContactID string

// Contact is somebody whom a patient has named: told at once of every opening, asked to agree or to say no, and shown nothing unless a rule says so.
type Contact struct {
	ID            ContactID
	Patient       PatientID
	Account       AccountID // who they sign in as, "" when they prove themselves by a code
	SealedDetails []byte
	SealedCode    []byte // opens with their code, through argon2id; nil until they confirmed
	CreatedAt     time.Time
	ConfirmedAt   time.Time // zero until then they may do nothing
	StoppedAt     time.Time // they, or a keeper, ended it
}

// active reports whether the contact may do anything.
func (c Contact) active() bool { return !c.ConfirmedAt.IsZero() && c.StoppedAt.IsZero() }

// proof is what stands behind a contact who acts.
func (c Contact) proof(by Caller) audit.Verification {
	if c.Account != "" && c.Account == by.Account {
		return audit.VerifiedPasskey
	}
	return audit.VerifiedCode
}

// contactDetails is what Contact.SealedDetails holds.
type contactDetails struct {
	Name  string `json:"name"`            // what the patient calls them
	Mail  string `json:"mail,omitempty"`  // where they are told
	Phone string `json:"phone,omitempty"` // where a gateway behind the webhook reaches them
	Lang  string `json:"lang,omitempty"`
	Own   bool   `json:"own,omitempty"` // the patient's or a keeper's own address
}

func (s *Service) openContact(c Contact) (contactDetails, error) {
	var details contactDetails
	plain, err := s.unseal("contact", "details", string(c.ID), c.SealedDetails)
	if err != nil || plain == nil {
		return details, err
	}
	return details, json.Unmarshal(plain, &details)
}

func (s *Service) sealContact(id ContactID, details contactDetails) ([]byte, error) {
	plain, err := json.Marshal(details)
	if err != nil {
		return nil, err
	}
	return s.seal("contact", "details", string(id), plain)
}

const (
	maxContacts    = 20 // of one patient, that have not been stopped
	maxContactRows = 100
	maxMail        = 254 // bytes (RFC 5321, section 4.5.3.1.3)
	minPhone       = 3   // digits: there are short numbers
	maxPhone       = 15  // digits (E.164)
	// contactLinkLife is how long the link works by which a contact asks from afar. Every notice brings another one.
	contactLinkLife = 3 * 365 * 24 * time.Hour
	// newsContact is what that link is about: no opening, the contact alone.
	newsContact = "contact"
)

// guessInvite bounds how often a contact is sent an invitation: it is mail to somebody who has not asked for any.
const guessInvite = "invite"

// NewContact is what a patient says about somebody whom they name.
type NewContact struct {
	Name  string
	Mail  string // "" for none
	Phone string // "" for none; for a gateway behind the webhook
	Lang  string // BCP 47, of what they are sent; "" for the caller's
	Own   bool   // the patient's, or a keeper's, own address
}

// ContactView is a contact as a keeper sees them.
type ContactView struct {
	ID          ContactID
	Name        string
	Mail        string
	Phone       string
	Lang        string
	Own         bool
	ByPasskey   bool // they prove themselves by a passkey, not by a code
	CreatedAt   time.Time
	ConfirmedAt time.Time // zero until then they may do nothing
	StoppedAt   time.Time
	InvitedTill time.Time // until when the last link to confirm works; zero when there is none
}

// clean trims and bounds what was typed, and refuses what is no address.
func (n *NewContact) clean() (err error) {
	if n.Name, err = cleanName("name", n.Name); err != nil {
		return err
	}
	n.Mail = strings.TrimSpace(n.Mail)
	if n.Mail != "" && !isMail(n.Mail) {
		return ErrInvalid.with("field", "mail")
	}
	n.Phone = strings.TrimSpace(n.Phone)
	if n.Phone != "" {
		digits := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", "/", "", ".", "").Replace(n.Phone)
		plain := strings.TrimPrefix(digits, "+")
		if len(plain) < minPhone || len(plain) > maxPhone || strings.Trim(plain, "0123456789") != "" {
			return ErrInvalid.with("field", "phone")
		}
		n.Phone = digits
	}
	if len(n.Lang) > 35 || strings.Trim(n.Lang, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		return ErrInvalid.with("field", "lang")
	}
	return nil
}

func notPrintable(r rune) bool { return r <= ' ' || r >= 0x7f }

// AddContact names somebody, who is sent a link and may do nothing before they have confirmed by it. It needs a fresh passkey: contacts learn of openings and
// can end waits.
func (s *Service) AddContact(ctx context.Context, c Caller, id PatientID, added NewContact) (ContactID, Invited, error) {
	if err := added.clean(); err != nil {
		return "", Invited{}, err
	}
	if added.Lang == "" {
		added.Lang = c.Lang
	}
	raw, err := newID(s.Rand)
	if err != nil {
		return "", Invited{}, err
	}
	if _, err := s.kept(ctx, c, id); err != nil {
		return "", Invited{}, err
	}
	if err := s.guess(ctx, c, guessInvite, ""); err != nil {
		return "", Invited{}, err
	}
	contact := Contact{ID: ContactID(raw), Patient: id, CreatedAt: s.now()}
	details := contactDetails(added)
	if contact.SealedDetails, err = s.sealContact(contact.ID, details); err != nil {
		return "", Invited{}, err
	}
	var made Invited
	err = s.Store.Update(ctx, func(tx Tx) error {
		patient, err := s.keptFresh(tx, c, id)
		if err != nil {
			return err
		}
		rows, err := tx.Contacts(id)
		if err != nil {
			return err
		}
		living := 0
		for _, row := range rows {
			if row.StoppedAt.IsZero() {
				living++
			}
		}
		if living >= maxContacts || len(rows) >= maxContactRows {
			return ErrTooLarge.with("limit", maxContacts)
		}
		if err := tx.PutContact(contact); err != nil {
			return err
		}
		made, err = s.inviteContact(tx, c, patient, contact, details)
		return err
	})
	return contact.ID, made, err
}

// keptFresh is keptIn for an act that a stolen, unlocked browser must not be able to do.
func (s *Service) keptFresh(r Reader, c Caller, id PatientID) (Patient, error) {
	patient, err := s.keptIn(r, c, id)
	if err == nil && !c.Operator && !c.fresh(s.now()) {
		err = ErrFreshPasskey
	}
	return patient, err
}

// InviteContact sends a contact who has not confirmed yet another link, and ends the one before.
func (s *Service) InviteContact(ctx context.Context, c Caller, id PatientID, contact ContactID) (Invited, error) {
	if _, err := s.kept(ctx, c, id); err != nil {
		return Invited{}, err
	}
	if err := s.guess(ctx, c, guessInvite, string(contact)); err != nil {
		return Invited{}, err
	}
	var made Invited
	err := s.Store.Update(ctx, func(tx Tx) error {
		patient, err := s.keptFresh(tx, c, id)
		if err != nil {
			return err
		}
		row, err := contactOf(tx, id, contact)
		if err != nil {
			return err
		}
		if !row.ConfirmedAt.IsZero() || !row.StoppedAt.IsZero() {
			return ErrNotFound
		}
		details, err := s.openContact(row)
		if err != nil {
			return err
		}
		made, err = s.inviteContact(tx, c, patient, row, details)
		return err
	})
	return made, err
}

// contactOf reads a contact of a patient. One of another patient is not there.
func contactOf(r Reader, id PatientID, contact ContactID) (Contact, error) {
	row, err := r.Contact(contact)
	if err == nil && row.Patient != id {
		err = ErrNotFound
	}
	return row, err
}

// inviteContact makes the link by which a contact confirms, the only one that works, and sends it where there is an address.
func (s *Service) inviteContact(tx Tx, c Caller, patient Patient, contact Contact, details contactDetails) (Invited, error) {
	if err := tx.DeleteInvitations(InviteContact, string(contact.ID)); err != nil {
		return Invited{}, err
	}
	made, err := s.invite(tx, c, InviteContact, string(contact.ID), invited{Name: details.Name})
	if err != nil {
		return Invited{}, err
	}
	event := s.event(c, audit.ContactInvited, string(patient.ID))
	event.Details = map[string]string{"contact": string(contact.ID)}
	tx.Append(event)
	if details.Mail == "" && details.Phone == "" {
		return made, nil
	}
	about, err := s.initialsOf(patient)
	if err != nil {
		return Invited{}, err
	}
	return made, s.putNotice(tx, patient.ID, contact.ID, letter{Kind: NewsInvited, Mail: details.Mail, Phone: details.Phone, Lang: details.Lang,
		Initials: about, Link: made.Link})
}

// initialsOf are those of a patient's name: enough for who knows them, in what others may see.
func (s *Service) initialsOf(patient Patient) (string, error) {
	name, err := s.unseal("patient", "name", string(patient.ID), patient.SealedName)
	return initials(string(name)), err
}

// Contacts lists the contacts of a patient, those who were stopped too.
func (s *Service) Contacts(ctx context.Context, c Caller, id PatientID) ([]ContactView, error) {
	var views []ContactView
	err := s.Store.View(ctx, func(r Reader) error {
		if _, err := s.keptIn(r, c, id); err != nil {
			return err
		}
		rows, err := r.Contacts(id)
		if err != nil {
			return err
		}
		for _, row := range rows {
			details, err := s.openContact(row)
			if err != nil {
				return err
			}
			view := ContactView{ID: row.ID, Name: details.Name, Mail: details.Mail, Phone: details.Phone, Lang: details.Lang, Own: details.Own,
				ByPasskey: row.Account != "", CreatedAt: row.CreatedAt, ConfirmedAt: row.ConfirmedAt, StoppedAt: row.StoppedAt}
			open, err := r.Invitations(InviteContact, string(row.ID))
			if err != nil {
				return err
			}
			for _, invitation := range open {
				view.InvitedTill = invitation.ExpiresAt
			}
			views = append(views, view)
		}
		return nil
	})
	return views, err
}

// StopContact ends that somebody is a contact: what they do next fails, and what they opened is closed. It needs a fresh passkey, as it silences a witness.
func (s *Service) StopContact(ctx context.Context, c Caller, id PatientID, contact ContactID) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		if _, err := s.keptFresh(tx, c, id); err != nil {
			return err
		}
		row, err := contactOf(tx, id, contact)
		if err != nil {
			return err
		}
		return s.stopContact(tx, row, s.event(c, audit.ContactStopped, string(id)))
	})
}

// stopContact ends that somebody is a contact, with everything that they could do by it.
func (s *Service) stopContact(tx Tx, row Contact, event audit.Event) error {
	if !row.StoppedAt.IsZero() {
		return ErrNotFound
	}
	row.StoppedAt, row.SealedCode = s.now(), nil
	for _, purpose := range []string{InviteContact, InviteEvent} {
		if err := tx.DeleteInvitations(purpose, string(row.ID)); err != nil {
			return err
		}
	}
	if err := tx.EndContactGrants(row.ID, "", row.StoppedAt); err != nil {
		return err
	}
	event.Details = map[string]string{"contact": string(row.ID)}
	tx.Append(event)
	return tx.PutContact(row)
}

// stopContactsOf ends that an account is anybody's contact: once it is deleted, nobody could prove to be that contact.
func (s *Service) stopContactsOf(tx Tx, c Caller) error {
	rows, err := tx.ContactsOf(c.Account)
	if err != nil {
		return err
	}
	for _, row := range rows {
		event := s.event(c, audit.ContactStopped, string(row.Patient))
		event.Actor.Kind = audit.ByContact
		if err := s.stopContact(tx, row, event); err != nil {
			return err
		}
	}
	return nil
}

// contactCode is a code that was drawn for a contact who confirms, sealed before the transaction: argon2id takes its time.
type contactCode struct {
	contact ContactID
	code    string
	sealed  []byte
}

// drawContactCode draws the code of the contact whose invitation it is, nil when it is the invitation of somebody else.
func (s *Service) drawContactCode(ctx context.Context, token string) (*contactCode, error) {
	var invitation Invitation
	err := s.Store.View(ctx, func(r Reader) (err error) {
		invitation, err = r.Invitation(hashToken(token))
		return err
	})
	if err != nil || invitation.Purpose != InviteContact {
		return nil, err
	}
	code, err := cards.NewShortCode(s.Rand)
	if err != nil {
		return nil, err
	}
	_, sealed, err := vault.SealCode(ctx, s.codes, string(code), s.Data.Pepper(), []byte(invitation.Target))
	return &contactCode{contact: ContactID(invitation.Target), code: code.String(), sealed: sealed}, err
}

// viewContactInvitation says whom an invitation names and, by initials alone, who has named them.
func (s *Service) viewContactInvitation(r Reader, contact ContactID) (about string, err error) {
	row, err := r.Contact(contact)
	if err != nil {
		return "", err
	}
	patient, err := r.Patient(row.Patient)
	if err != nil {
		return "", err
	}
	if !row.ConfirmedAt.IsZero() || !row.StoppedAt.IsZero() || !patient.DeletedAt.IsZero() {
		return "", ErrNotFound
	}
	return s.initialsOf(patient)
}

// acceptContact makes a contact of somebody who was invited: by the code that was drawn for them, or by the passkey that they have signed in with. The link that
// they get works for years: by it they can ask to see the record from afar, without anything having happened.
func (s *Service) acceptContact(tx Tx, c Caller, invitation Invitation, drawn *contactCode) (Accepted, error) {
	if _, err := s.viewContactInvitation(tx, ContactID(invitation.Target)); err != nil {
		return Accepted{}, err
	}
	row, err := tx.Contact(ContactID(invitation.Target))
	if err != nil {
		return Accepted{}, err
	}
	now := s.now()
	row.ConfirmedAt = now
	event := audit.Event{Type: audit.ContactConfirmed, At: s.clock(), Subject: string(row.Patient), Outcome: audit.Done,
		Actor: audit.Actor{Kind: audit.ByContact, Network: c.Network, Verified: audit.VerifiedCode}, Details: map[string]string{"contact": string(row.ID)}}
	var accepted Accepted
	switch {
	case drawn != nil && drawn.contact == row.ID:
		row.SealedCode, accepted.Code = drawn.sealed, drawn.code
	case c.SignedIn():
		row.Account, event.Actor.Verified = c.Account, audit.VerifiedPasskey
	default:
		return Accepted{}, ErrSignIn
	}
	secret, hash, err := s.newToken()
	if err != nil {
		return Accepted{}, err
	}
	about, err := json.Marshal(eventRef{Kind: newsContact})
	if err != nil {
		return Accepted{}, err
	}
	lasting := Invitation{Token: hash, Purpose: InviteEvent, Target: string(row.ID), CreatedAt: now, ExpiresAt: now.Add(contactLinkLife)}
	if lasting.Sealed, err = s.seal("invitation", "body", hash.String(), about); err != nil {
		return Accepted{}, err
	}
	if err := tx.PutInvitation(lasting); err != nil {
		return Accepted{}, err
	}
	accepted.Location = eventPath + "#" + secret
	tx.Append(event)
	return accepted, tx.PutContact(row)
}
