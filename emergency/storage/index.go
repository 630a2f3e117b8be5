package storage

import (
	"cmp"
	"fmt"
	"time"

	"github.com/locket-health/locket/audit"
)

// The entries of a subject and the grants of a patient are found by indices whose keys come in no order. Written with each row they would dirty a page for
// almost every one, which costs several times what the row does. So while many changes share their commits these two are left behind, and catch up for thousands
// of rows at once, which share their pages. Whoever reads uses the views subject_entry and patient_grant: the index, and the few rows that it lacks one by one.
const (
	indexBusy  = 8      // changes in a commit; with fewer, the indices are written with them
	indexLag   = 65_536 // rows that an index may lack: some 20 ms for whoever walks them, and a fifth of a second to take them in
	indexStep  = 1024   // rows that it takes in at once while few write: some 5 ms
	indexQuiet = 50 * time.Millisecond
)

var (
	// Of each index where it is, and where its table ends.
	indexState = portable(`SELECT i.entries, l.first + l.size, i.grants, (SELECT COALESCE(max(number), 0) + 1 FROM access_grant)
		FROM index_state i JOIN log_state l ON l.one = i.one WHERE i.one = 1`)
	indexMove = portable(`UPDATE index_state SET entries = $1, grants = $2 WHERE one = 1`)

	// In the order of the index, so that each of its pages is looked for once.
	entriesIndex = portable(`INSERT INTO subject_index (subject, seq, idx)
		SELECT subject, seq, idx FROM audit_entry WHERE idx >= $1 AND idx < $2 AND subject IS NOT NULL ORDER BY subject, seq`)
	grantsIndex = portable(`INSERT INTO patient_index (patient, number)
		SELECT patient, number FROM access_grant WHERE number >= $1 AND number < $2 ORDER BY patient, number`)

	// Whether an index is beyond the end of its table, the rows that it should have and has not, and those that it should not have and has.
	entriesMisplaced = portable(`SELECT (SELECT count(*) FROM index_state i JOIN log_state l ON l.one = i.one WHERE i.one = 1 AND i.entries > l.first + l.size)
		+ (SELECT count(*) FROM audit_entry e WHERE e.subject IS NOT NULL AND e.idx < (SELECT entries FROM index_state WHERE one = 1)
			AND NOT EXISTS (SELECT 1 FROM subject_index s WHERE s.subject = e.subject AND s.seq = e.seq AND s.idx = e.idx))
		+ (SELECT count(*) FROM subject_index s LEFT JOIN audit_entry e ON e.idx = s.idx
			WHERE e.subject IS NOT s.subject OR e.seq IS NOT s.seq OR s.idx >= (SELECT entries FROM index_state WHERE one = 1))`)
	grantsMisplaced = portable(`SELECT (SELECT count(*) FROM index_state WHERE one = 1 AND grants > (SELECT COALESCE(max(number), 0) + 1 FROM access_grant))
		+ (SELECT count(*) FROM access_grant g WHERE g.number < (SELECT grants FROM index_state WHERE one = 1)
			AND NOT EXISTS (SELECT 1 FROM patient_index p WHERE p.patient = g.patient AND p.number = g.number))
		+ (SELECT count(*) FROM patient_index p LEFT JOIN access_grant g ON g.number = p.number
			WHERE g.patient IS NOT p.patient OR p.number >= (SELECT grants FROM index_state WHERE one = 1))`)
	grantsLost = portable(`SELECT count(*) FROM access_grant g WHERE NOT EXISTS (SELECT 1 FROM patient p WHERE p.id = g.patient)
		OR (g.card IS NOT NULL AND NOT EXISTS (SELECT 1 FROM card c WHERE c.id = g.card))`)
)

// behind is which rows an index lacks: from the one that follows its last to below another.
type behind struct{ from, to int64 }

func (b behind) lag() int64 { return b.to - b.from }

// due is how many rows the index, which may lack fewer than most, takes in together with a commit of so many changes.
func (b behind) due(changes int, most int64) int64 {
	switch {
	case b.lag() >= most:
		return b.lag()
	case changes < indexBusy:
		return min(b.lag(), indexStep)
	}
	return 0
}

// lag is what the indices lack, as the writer knows it.
type lag struct {
	entries, grants behind
	most            int64                 // rows that an index may lack, and subjects that are remembered; 0 is indexLag
	heads           map[string]audit.Head // the last entry of each subject that has one among them, and of others; nil before the first transaction and after one that failed
}

// align makes sure, at the begin of a transaction and before the indices catch up, that this is what the database says: other programs write to it too.
func (l *lag) align(t *transaction) error {
	now := lag{most: l.most}
	if err := t.one(indexState, nil, &now.entries.from, &now.entries.to, &now.grants.from, &now.grants.to); err != nil {
		return err
	}
	if now.entries.lag() < 0 || now.grants.lag() < 0 { // no program puts an index beyond the end of its table: what is appended next would never be in it
		now.entries.from, now.grants.from = min(now.entries.from, now.entries.to), min(now.grants.from, now.grants.to)
		if err := t.write(audit.ErrConflict, indexMove, now.entries.from, now.grants.from); err != nil {
			return err
		}
	}
	if now.heads = l.heads; now.heads == nil || now.entries.to != l.entries.to {
		var err error
		if now.heads, err = headsFrom(t, now.entries.from); err != nil {
			return err
		}
	}
	*l = now
	return nil
}

// forget is for when it is not known what became of a transaction.
func (l *lag) forget() { *l = lag{most: l.most} }

// any reports whether there is anything to catch up with.
func (l *lag) any() bool { return l.entries.lag()+l.grants.lag() > 0 }

// grow takes in entries that were appended.
func (l *lag) grow(entries []audit.Entry) {
	for _, e := range entries {
		if e.Subject != "" {
			l.heads[e.Subject] = audit.Head{Seq: e.Seq, Leaf: e.Leaf.LeafHash()}
		}
		l.entries.to = e.Row + 1
	}
}

// catchUp lets the indices take in what is due with a commit of so many changes.
func (l *lag) catchUp(t *transaction, changes int) error {
	if err := l.align(t); err != nil { // changes have added grants, or were undone
		return err
	}
	most := cmp.Or(l.most, indexLag)
	if err := l.index(t, l.entries.due(changes, most), l.grants.due(changes, most)); err != nil {
		return err
	}
	// Whoever was just opened is often opened again, so their last entries are remembered, of as many subjects. Only here nothing is undone any more unless all is.
	if l.entries.lag() == 0 && int64(len(l.heads)) > most {
		clear(l.heads)
	}
	return nil
}

// index adds so many rows to each index.
func (l *lag) index(t *transaction, entries, grants int64) error {
	if entries+grants == 0 {
		return nil
	}
	for _, each := range []struct {
		index *behind
		add   statement
		rows  int64
	}{{&l.entries, entriesIndex, entries}, {&l.grants, grantsIndex, grants}} {
		if each.rows == 0 {
			continue
		}
		from := each.index.from
		each.index.from += each.rows
		if _, err := t.exec(each.add, from, each.index.from); err != nil {
			return err
		}
	}
	return t.write(audit.ErrConflict, indexMove, l.entries.from, l.grants.from)
}

// misplaced says in a line each what is wrong with the indices that are tables, and with what grants refer to: the database does not know what should be there.
func misplaced(t *transaction) (found []string, err error) {
	for _, each := range []struct {
		query statement
		what  string
	}{
		{entriesMisplaced, "rows missing from or too many in index subject_index"}, {grantsMisplaced, "rows missing from or too many in index patient_index"},
		{grantsLost, "rows of access_grant whose patient or card is missing"},
	} {
		var n int64
		if err := t.one(each.query, nil, &n); err != nil {
			return found, err
		}
		if n > 0 {
			found = append(found, fmt.Sprintf("%d %s", n, each.what))
		}
	}
	return found, nil
}
