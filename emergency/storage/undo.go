package storage

import "errors"

var errUndo = errors.New("storage: what a change had added was not there to be taken away")

// undo is how a change that shares its transaction can be undone alone. A savepoint would do for everything, but it keeps a copy of each page that is touched after
// it, and costs as much as a row. So what only adds a row is undone by taking that row away, and the savepoint is set before the first statement that does
// anything else.
type undo struct {
	shared bool    // a change is under way that may have to be undone alone
	point  bool    // its savepoint is set
	added  []added // rows that it added before
}

// added is a row that was added, by the statement that takes it away.
type added struct {
	away statement
	key  []any
}

// The commands that put a change into a savepoint.
const (
	pointSet      = "SAVEPOINT change"
	pointReturn   = "ROLLBACK TO change"
	pointReleased = "RELEASE change"
)

// enter begins a change that may have to be undone alone.
func (t *transaction) enter() {
	t.undo = undo{shared: true, added: t.undo.added[:0]}
}

// leave ends the change, which is kept, or undone because it failed. Whatever goes wrong is kept in t.err.
func (t *transaction) leave(failed bool) {
	u := t.undo
	t.undo = undo{added: u.added}
	if u.point {
		if failed {
			_ = t.control(pointReturn)
		}
		_ = t.control(pointReleased)
	}
	if !failed {
		return
	}
	for i := len(u.added) - 1; i >= 0; i-- {
		if n, err := t.exec(u.added[i].away, u.added[i].key...); t.err == nil && (err != nil || n != 1) {
			t.err = errUndo
		}
	}
}

// guard makes sure that a change can be undone before a statement changes more than it adds.
func (t *transaction) guard() {
	if t.undo.shared && !t.undo.point {
		t.undo.point = t.control(pointSet) == nil
	}
}

// add runs a statement that adds one row, which away takes away by its key, or none. It returns whether it added one.
func (t *transaction) add(away statement, key []any, query statement, args ...any) (bool, error) {
	n, err := t.run(query, args...)
	if n == 1 && t.undo.shared && !t.undo.point {
		t.undo.added = append(t.undo.added, added{away, key})
	}
	return n == 1, err
}
