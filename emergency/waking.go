package emergency

import (
	"context"
	"time"

	"github.com/locket-health/locket/cards"
)

// What pages and the sender of notices watch, as keys of watchers.
const outboxKey = "outbox"

func requestKey(id RequestID) string { return "request " + string(id) }
func grantKey(id GrantID) string     { return "grant " + string(id) }
func patientKey(id PatientID) string { return "patient " + string(id) }

// waking is a store that lists what a change has taken away for good and wakes whoever watches what it has touched, once the change is durable and not before.
type waking struct {
	Store
	watchers *watchers
	list     func(context.Context, ...Gone) bool
}

// Update implements Store.
func (w waking) Update(ctx context.Context, change func(Tx) error) error {
	var touched touching
	err := w.Store.Update(ctx, func(tx Tx) error {
		touched = touching{Tx: tx}
		return change(&touched)
	})
	if err == nil {
		if len(touched.gone) > 0 {
			w.list(ctx, touched.gone...)
		}
		w.watchers.wake(touched.keys...)
	}
	return err
}

// touching notes what a transaction touches.
type touching struct {
	Tx
	keys []string
	gone []Gone
}

func (t *touching) PutNotice(n Notice) error {
	if n.State == NoticeWaiting && n.Attempts == 0 { // new, or to be tried anew: whoever has tried it knows when it is due
		t.keys = append(t.keys, outboxKey)
	}
	return t.Tx.PutNotice(n)
}

func (t *touching) PutRequest(r Request) error {
	t.keys = append(t.keys, requestKey(r.ID), patientKey(r.Patient))
	return t.Tx.PutRequest(r)
}

func (t *touching) PutApproval(a Approval) error {
	t.keys = append(t.keys, requestKey(a.Request))
	return t.Tx.PutApproval(a)
}

func (t *touching) AddMessage(m Message) (int, error) {
	t.keys = append(t.keys, grantKey(m.Grant))
	return t.Tx.AddMessage(m)
}

func (t *touching) PutGrant(g Grant) error {
	t.keys = append(t.keys, grantKey(g.ID), patientKey(g.Patient))
	return t.Tx.PutGrant(g)
}

func (t *touching) EndGrants(patient PatientID, at time.Time) error {
	t.keys = append(t.keys, patientKey(patient))
	return t.Tx.EndGrants(patient, at)
}

func (t *touching) EndCardGrants(card cards.ID, step string, at time.Time) error {
	if patient, err := t.PatientOf(card); err == nil {
		t.keys = append(t.keys, patientKey(patient))
	}
	return t.Tx.EndCardGrants(card, step, at)
}

func (t *touching) EndContactGrants(contact ContactID, step string, at time.Time) error {
	if row, err := t.Contact(contact); err == nil {
		t.keys = append(t.keys, patientKey(row.Patient))
	}
	return t.Tx.EndContactGrants(contact, step, at)
}

func (t *touching) EndMemberGrants(organization OrganizationID, member AccountID, at time.Time) error {
	grants, err := t.Grants(GrantFilter{Organization: organization, Limit: mostWoken})
	if err != nil {
		return err
	}
	for _, grant := range grants {
		if (member == "" || grant.Member == member) && grant.running(at) {
			t.keys = append(t.keys, grantKey(grant.ID))
		}
	}
	return t.Tx.EndMemberGrants(organization, member, at)
}

// mostWoken bounds how many pages of an organization are woken at once. The others learn it when they ask.
const mostWoken = 10_000

func (t *touching) PutRules(r Rules) error {
	t.keys = append(t.keys, patientKey(r.Patient))
	return t.Tx.PutRules(r)
}

func (t *touching) PutContact(c Contact) error {
	t.keys = append(t.keys, patientKey(c.Patient))
	return t.Tx.PutContact(c)
}
