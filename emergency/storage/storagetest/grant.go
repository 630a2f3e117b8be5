package storagetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/locket-health/locket/emergency"
)

func testGrants(t *testing.T, s Store) {
	p := patient(1).ID
	one, other := card(1, p), card(7, p)
	over, running, elsewhere, foreign := grant(1, one), grant(300, one), grant(301, other), grant(302, card(2, patient(2).ID))
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error {
		return errors.Join(tx.PutCard(other), tx.PutGrant(over), tx.PutGrant(running), tx.PutGrant(elsewhere), tx.PutGrant(foreign))
	})
	get := func(g emergency.Grant) func(r emergency.Reader) (emergency.Grant, error) {
		return func(r emergency.Reader) (emergency.Grant, error) { return r.Grant(g.Token) }
	}
	shows(t, s, running, get(running))

	puts(t, s, func(tx emergency.Tx) error { return tx.EndCardGrants(one.ID, "", later(310)) })
	running.EndedAt = later(310)
	shows(t, s, running, get(running))
	shows(t, s, over, get(over)) // was over before: its end is not rewritten
	shows(t, s, elsewhere, get(elsewhere))

	puts(t, s, func(tx emergency.Tx) error { return tx.EndGrants(p, later(320)) })
	elsewhere.EndedAt = later(320)
	shows(t, s, running, get(running))
	shows(t, s, elsewhere, get(elsewhere))
	shows(t, s, foreign, get(foreign))

	twin := grant(303, one)
	twin.Token = foreign.Token
	refused(t, s, emergency.ErrConflict, func(tx emergency.Tx) error { return tx.PutGrant(twin) })
	stolen := grant(302, one)
	refused(t, s, emergency.ErrInvalid, func(tx emergency.Tx) error { return tx.PutGrant(stolen) })
}

// grants are the four kinds of one patient, and one of another patient.
func grants() (bystander, badged, crews, contacts, foreign emergency.Grant) {
	one := card(1, patient(1).ID)
	bystander, badged, crews, contacts = grant(10, one), grant(20, one), grant(30, one), grant(40, emergency.Card{Patient: one.Patient})
	foreign = grant(50, card(2, patient(2).ID))
	house := organization(1).ID
	badged.Organization, badged.Member, badged.SealedStated = house, account(1).ID, []byte("stated")
	crews.Organization, crews.Member, crews.Drill = house, account(2).ID, true
	contacts.Contact = contact(1, one.Patient).ID
	foreign.Organization = organization(2).ID // whose member is known to another house alone
	return bystander, badged, crews, contacts, foreign
}

func testGrantKinds(t *testing.T, s Store) {
	bystander, badged, crews, contacts, foreign := grants()
	every := []*emergency.Grant{&bystander, &badged, &crews, &contacts, &foreign}
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error {
		for _, g := range every {
			if err := tx.PutGrant(*g); err != nil {
				return err
			}
		}
		return nil
	})
	all := func(t *testing.T) {
		t.Helper()
		for _, g := range every {
			shows(t, s, *g, func(r emergency.Reader) (emergency.Grant, error) { return r.GrantByID(g.ID) })
			shows(t, s, *g, func(r emergency.Reader) (emergency.Grant, error) { return r.Grant(g.Token) })
		}
	}
	all(t)
	missing(t, s, func(r emergency.Reader) (any, error) { return r.GrantByID("none") })

	end := func(name string, end func(tx emergency.Tx) error, at int, ended ...*emergency.Grant) {
		t.Run(name, func(t *testing.T) {
			puts(t, s, end)
			for _, g := range ended {
				g.EndedAt = later(at)
			}
			all(t)
		})
	}
	by := contacts.Contact
	end("of nobody", func(tx emergency.Tx) error {
		return errors.Join(tx.EndContactGrants("", "", later(60)), tx.EndMemberGrants("", "", later(60)), tx.EndContactGrants("another", "", later(60)))
	}, 60)
	end("of a contact's other step", func(tx emergency.Tx) error { return tx.EndContactGrants(by, "sensitive", later(60)) }, 60)
	end("of a contact's step", func(tx emergency.Tx) error { return tx.EndContactGrants(by, contacts.Step, later(61)) }, 61, &contacts)
	end("of a contact, which has ended", func(tx emergency.Tx) error { return tx.EndContactGrants(by, "", later(62)) }, 62)
	end("of a member", func(tx emergency.Tx) error { return tx.EndMemberGrants(badged.Organization, badged.Member, later(63)) }, 63, &badged)
	end("of an organization", func(tx emergency.Tx) error { return tx.EndMemberGrants(badged.Organization, "", later(64)) }, 64, &crews)
	end("of a card's other step", func(tx emergency.Tx) error { return tx.EndCardGrants(bystander.Card, "sensitive", later(65)) }, 65)
	end("of a card's step", func(tx emergency.Tx) error { return tx.EndCardGrants(bystander.Card, bystander.Step, later(66)) }, 66, &bystander)
	end("after its time", func(tx emergency.Tx) error { return tx.EndGrants(foreign.Patient, foreign.Until) }, 67)

	moved := contacts
	moved.Card = bystander.Card
	refused(t, s, emergency.ErrInvalid, func(tx emergency.Tx) error { return tx.PutGrant(moved) })
	all(t)
}

func testGrantFilter(t *testing.T, s Store) {
	bystander, badged, crews, contacts, foreign := grants()
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error {
		return errors.Join(tx.PutGrant(contacts), tx.PutGrant(bystander), tx.PutGrant(foreign), tx.PutGrant(crews), tx.PutGrant(badged))
	})
	p, house := bystander.Patient, badged.Organization
	for _, c := range []struct {
		name   string
		filter emergency.GrantFilter
		want   []emergency.Grant
	}{
		{"all, the newest first", emergency.GrantFilter{}, []emergency.Grant{foreign, contacts, crews, badged, bystander}},
		{"at most two", emergency.GrantFilter{Limit: 2}, []emergency.Grant{foreign, contacts}},
		{"since", emergency.GrantFilter{Since: later(40)}, []emergency.Grant{foreign, contacts}},
		{"until", emergency.GrantFilter{Until: later(20)}, []emergency.Grant{bystander}},
		{"since and until", emergency.GrantFilter{Since: later(20), Until: later(40)}, []emergency.Grant{crews, badged}},
		{"of nobody with a badge", emergency.GrantFilter{Unbadged: true}, []emergency.Grant{bystander}},
		{"of a patient", emergency.GrantFilter{Patient: p}, []emergency.Grant{contacts, crews, badged, bystander}},
		{"of a patient, at most one", emergency.GrantFilter{Patient: p, Limit: 1}, []emergency.Grant{contacts}},
		{"of a patient, without a badge", emergency.GrantFilter{Patient: p, Unbadged: true}, []emergency.Grant{bystander}},
		{"of an organization", emergency.GrantFilter{Organization: house}, []emergency.Grant{crews, badged}},
		{"of a member", emergency.GrantFilter{Organization: house, Member: badged.Member}, []emergency.Grant{badged}},
		{"of a member of another organization", emergency.GrantFilter{Organization: foreign.Organization, Member: badged.Member}, nil},
		{"of an organization until", emergency.GrantFilter{Organization: house, Until: later(30)}, []emergency.Grant{badged}},
		{"of a patient and an organization", emergency.GrantFilter{Patient: p, Organization: house, Since: later(25)}, []emergency.Grant{crews}},
		{"of a patient and another's organization", emergency.GrantFilter{Patient: p, Organization: foreign.Organization}, nil},
		{"of nobody", emergency.GrantFilter{Patient: "nobody"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			shows(t, s, c.want, func(r emergency.Reader) ([]emergency.Grant, error) { return r.Grants(c.filter) })
		})
	}
}

func testMessages(t *testing.T, s Store) {
	one, other := grant(1, card(1, patient(1).ID)), grant(2, card(1, patient(1).ID))
	puts(t, s, household(1), func(tx emergency.Tx) error { return errors.Join(tx.PutGrant(one), tx.PutGrant(other)) })
	var want []emergency.Message
	for i := 1; i <= 3; i++ {
		m := emergency.Message{Grant: one.ID, Sender: emergency.SenderResponder, Sealed: fmt.Appendf(nil, "message %d", i), At: later(9 - i)}
		update(t, s, func(tx emergency.Tx) (err error) {
			m.Number, err = tx.AddMessage(m)
			return err
		})
		if m.Number != i {
			t.Errorf("message %d got the number %d", i, m.Number)
		}
		want = append(want, m)
	}
	update(t, s, func(tx emergency.Tx) error {
		number, err := tx.AddMessage(emergency.Message{Grant: other.ID, Number: 7, Sender: emergency.SenderKeeper, At: later(1)})
		if number != 1 {
			t.Errorf("the first message of another grant got the number %d", number)
		}
		return err
	})
	list := func(after int) func(r emergency.Reader) ([]emergency.Message, error) {
		return func(r emergency.Reader) ([]emergency.Message, error) { return r.Messages(one.ID, after) }
	}
	shows(t, s, want, list(0))
	shows(t, s, want[2:], list(2))
	shows(t, s, nil, list(3))
}

func testHandovers(t *testing.T, s Store) {
	g, other := grant(1, card(1, patient(1).ID)), grant(2, card(1, patient(1).ID))
	h := handover(1, g)
	get := func(r emergency.Reader) (emergency.Handover, error) { return r.Handover(h.Finder) }
	puts(t, s, household(1), func(tx emergency.Tx) error { return errors.Join(tx.PutGrant(g), tx.PutGrant(other)) })
	missing(t, s, func(r emergency.Reader) (any, error) { return get(r) })
	puts(t, s, func(tx emergency.Tx) error { return tx.PutHandover(h) })
	shows(t, s, h, get)
	h.Attempts, h.Sealed = 0, nil
	puts(t, s, func(tx emergency.Tx) error { return tx.PutHandover(h) })
	shows(t, s, h, get)
	stolen := h
	stolen.Grant = other.ID
	refused(t, s, emergency.ErrInvalid, func(tx emergency.Tx) error { return tx.PutHandover(stolen) })
}
