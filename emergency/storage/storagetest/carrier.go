package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
)

func testRevocations(t *testing.T, s Store) {
	one, two := card(1, patient(1).ID), card(2, patient(2).ID)
	list := func(n, limit int) func(r emergency.Reader) ([]emergency.Revocation, error) {
		return func(r emergency.Reader) ([]emergency.Revocation, error) { return r.Revocations(n, limit) }
	}
	puts(t, s, household(1), household(2))
	shows(t, s, nil, list(0, 10))
	one.RevokedAt, two.RevokedAt = later(9), later(5)
	lines := []emergency.Revocation{
		{Card: one.ID, Carrier: one.Carrier, Key: one.Key, At: later(9)}, {Card: two.ID, Carrier: two.Carrier, Key: two.Key, At: later(5)},
	}
	puts(t, s, func(tx emergency.Tx) error { return errors.Join(tx.PutCard(one), tx.PutRevocation(one.ID)) })
	undone := errors.New("undone")
	refused(t, s, undone, func(tx emergency.Tx) error { return errors.Join(tx.PutRevocation(two.ID), undone) })
	shows(t, s, lines[:1], list(0, 10))
	puts(t, s, func(tx emergency.Tx) error {
		return errors.Join(tx.PutRevocation(one.ID), tx.PutCard(two), tx.PutRevocation(two.ID), tx.PutRevocation(one.ID))
	})
	shows(t, s, lines, list(0, 10))
	shows(t, s, lines[:1], list(0, 1))
	shows(t, s, lines[1:], list(1, 10))
	shows(t, s, nil, list(2, 10))
}

func testLinks(t *testing.T, s Store) {
	c := card(1, patient(1).ID)
	link := emergency.Link{Card: c.ID, Finder: hash("address"), Sealed: []byte("sealed"), Sections: section.Critical, Attempts: 3}
	byFinder := func(r emergency.Reader) (emergency.Link, error) { return r.Link(hash("address")) }
	byCard := func(r emergency.Reader) (emergency.Link, error) { return r.LinkOf(c.ID) }
	puts(t, s, household(1), household(2))
	missing(t, s, func(r emergency.Reader) (any, error) { return byFinder(r) })
	missing(t, s, func(r emergency.Reader) (any, error) { return byCard(r) })
	puts(t, s, func(tx emergency.Tx) error { return tx.PutLink(link) })
	shows(t, s, link, byFinder)
	shows(t, s, link, byCard)
	link.Attempts, link.Sealed = 0, nil
	puts(t, s, func(tx emergency.Tx) error { return tx.PutLink(link) })
	shows(t, s, link, byFinder)
	moved := link
	moved.Finder = hash("another address")
	refused(t, s, emergency.ErrInvalid, func(tx emergency.Tx) error { return tx.PutLink(moved) })
}

func testTags(t *testing.T, s Store) {
	c := card(1, patient(1).ID)
	tag := emergency.Tag{Card: c.ID, Counter: -1}
	get := func(r emergency.Reader) (emergency.Tag, error) { return r.Tag(c.ID) }
	puts(t, s, household(1))
	missing(t, s, func(r emergency.Reader) (any, error) { return get(r) })
	puts(t, s, func(tx emergency.Tx) error { return tx.PutTag(tag) })
	shows(t, s, tag, get)
	tag.UID, tag.Counter, tag.SeenAt = hash("chip"), 1<<24-1, later(3)
	puts(t, s, func(tx emergency.Tx) error { return tx.PutTag(tag) })
	shows(t, s, tag, get)
}

func testReceipts(t *testing.T, s Store) {
	puts(t, s, func(tx emergency.Tx) error { return tx.PutReceipt(hash("receipt"), later(10)) })
	refused(t, s, emergency.ErrConflict, func(tx emergency.Tx) error { return tx.PutReceipt(hash("receipt"), later(10)) })
	puts(t, s, func(tx emergency.Tx) error { return tx.PutReceipt(hash("another"), later(20)) })
	var swept int
	update(t, s, func(tx emergency.Tx) (err error) {
		swept, err = tx.Sweep(later(15))
		return err
	})
	if swept != 1 {
		t.Errorf("swept %d receipts, want the one that has ended", swept)
	}
	puts(t, s, func(tx emergency.Tx) error { return tx.PutReceipt(hash("receipt"), later(30)) })
}

func testIssuerKeys(t *testing.T, s Store) {
	key := func(thumbprint emergency.Token, issuer string, added int) emergency.IssuerKey {
		return emergency.IssuerKey{Thumbprint: thumbprint, Issuer: issuer, Name: "Clinic", URL: "https://" + issuer, Point: []byte("point"), AddedAt: later(added)}
	}
	b, a2, a1 := key(hash("b"), "b.example", 1), key(hash("a2"), "a.example", 3), key(hash("a1"), "a.example", 2)
	list := func(r emergency.Reader) ([]emergency.IssuerKey, error) { return r.IssuerKeys() }
	shows(t, s, nil, list)
	puts(t, s, func(tx emergency.Tx) error {
		return errors.Join(tx.PutIssuerKey(b), tx.PutIssuerKey(a2), tx.PutIssuerKey(a1))
	})
	shows(t, s, []emergency.IssuerKey{a1, a2, b}, list)
	a1.NotAfter, a1.CompromisedSince, a1.Name = later(4), later(5), "Clinic of A"
	puts(t, s, func(tx emergency.Tx) error { return tx.PutIssuerKey(a1) })
	shows(t, s, []emergency.IssuerKey{a1, a2, b}, list)
	stolen := a1
	stolen.Issuer = "b.example"
	refused(t, s, emergency.ErrConflict, func(tx emergency.Tx) error { return tx.PutIssuerKey(stolen) })
	puts(t, s, func(tx emergency.Tx) error { return tx.DeleteIssuerKeys("a.example") })
	shows(t, s, []emergency.IssuerKey{b}, list)
}

// testEndedKeys: whatever is put later, a key that has ended has ended, at the earliest time that was ever said.
func testEndedKeys(t *testing.T, s Store) {
	never := time.Time{}
	for i, c := range []struct {
		name            string
		kept, put, want time.Time
	}{
		{"neither", never, never, never},
		{"first said", never, later(5), later(5)},
		{"not said again", later(5), never, later(5)},
		{"said to be later", later(5), later(6), later(5)},
		{"said to be earlier", later(5), later(4), later(4)},
		{"said again", later(5), later(5), later(5)},
	} {
		key := emergency.IssuerKey{
			Thumbprint: hash("ended %d", i), Issuer: "a.example", Name: c.name, URL: "https://a.example", Point: []byte("point"), AddedAt: later(i),
		}
		for _, column := range []struct {
			name string
			of   func(*emergency.IssuerKey) *time.Time
		}{
			{"not after", func(k *emergency.IssuerKey) *time.Time { return &k.NotAfter }},
			{"compromised since", func(k *emergency.IssuerKey) *time.Time { return &k.CompromisedSince }},
		} {
			t.Run(c.name+", "+column.name, func(t *testing.T) {
				kept, put, want := key, key, key
				*column.of(&kept), *column.of(&put), *column.of(&want) = c.kept, c.put, c.want
				puts(t, s, func(tx emergency.Tx) error { return tx.DeleteIssuerKeys("a.example") },
					func(tx emergency.Tx) error { return tx.PutIssuerKey(kept) }, func(tx emergency.Tx) error { return tx.PutIssuerKey(put) })
				shows(t, s, []emergency.IssuerKey{want}, func(r emergency.Reader) ([]emergency.IssuerKey, error) { return r.IssuerKeys() })
			})
		}
	}
}
