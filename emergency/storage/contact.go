package storage

import (
	"time"

	"github.com/locket-health/locket/emergency"
)

const contactColumns = `id, patient, account, sealed_details, sealed_code, created_at, confirmed_at, stopped_at`

var (
	contactPut = portable(`INSERT INTO contact (` + contactColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET account = excluded.account, sealed_details = excluded.sealed_details, sealed_code = excluded.sealed_code,
			confirmed_at = excluded.confirmed_at, stopped_at = excluded.stopped_at
		WHERE contact.patient = excluded.patient`)
	contactByID      = portable(`SELECT ` + contactColumns + ` FROM contact WHERE id = $1`)
	contactsOfOne    = portable(`SELECT ` + contactColumns + ` FROM contact WHERE patient = $1 ORDER BY created_at, id`)
	contactsByPerson = portable(`SELECT ` + contactColumns + ` FROM contact WHERE account = $1 AND account <> '' AND confirmed_at <> 0 AND stopped_at = 0
		ORDER BY created_at, id`)
	// Nobody is named any more, and whoever it was may do nothing. The row stays, because grants say which contact they were for.
	contactsForget = portable(`UPDATE contact SET sealed_details = NULL, sealed_code = NULL, account = '',
			stopped_at = CASE stopped_at WHEN 0 THEN 1 ELSE stopped_at END
		WHERE patient = $1`)
	grantsEndContact = portable(`UPDATE access_grant SET ended_at = $1
		WHERE contact = $2 AND contact <> '' AND until_at > $3 AND ended_at = 0`)
	grantsEndOfContact = portable(`UPDATE access_grant SET ended_at = $1
		WHERE contact = $2 AND contact <> '' AND until_at > $3 AND ended_at = 0 AND step = $4`)
)

func contactTargets(c *emergency.Contact) []any {
	return []any{&c.ID, &c.Patient, &c.Account, &c.SealedDetails, &c.SealedCode, when{&c.CreatedAt}, when{&c.ConfirmedAt}, when{&c.StoppedAt}}
}

// PutContact implements emergency.Tx. The id of another patient's contact is ErrInvalid.
func (t *tx) PutContact(c emergency.Contact) error {
	return t.t.write(emergency.ErrInvalid, contactPut, c.ID, c.Patient, c.Account, c.SealedDetails, c.SealedCode,
		millis(c.CreatedAt), millis(c.ConfirmedAt), millis(c.StoppedAt))
}

// EndContactGrants implements emergency.Tx.
func (t *tx) EndContactGrants(contact emergency.ContactID, step string, at time.Time) error {
	if step == "" {
		_, err := t.t.exec(grantsEndContact, millis(at), contact, millis(at))
		return err
	}
	_, err := t.t.exec(grantsEndOfContact, millis(at), contact, millis(at), step)
	return err
}

// Contact implements emergency.Reader.
func (r reader) Contact(id emergency.ContactID) (emergency.Contact, error) {
	var c emergency.Contact
	err := r.t.one(contactByID, []any{id}, contactTargets(&c)...)
	return c, err
}

// Contacts implements emergency.Reader.
func (r reader) Contacts(patient emergency.PatientID) ([]emergency.Contact, error) {
	return all(r, contactsOfOne, contactTargets, patient)
}

// ContactsOf implements emergency.Reader.
func (r reader) ContactsOf(account emergency.AccountID) ([]emergency.Contact, error) {
	return all(r, contactsByPerson, contactTargets, account)
}
