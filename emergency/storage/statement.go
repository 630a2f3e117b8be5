package storage

import (
	"strconv"
	"strings"
)

// statement is a SQL text in the form that SQLite reads.
type statement string

// reads reports whether a statement changes nothing.
func (s statement) reads() bool { return strings.HasPrefix(string(s), "SELECT ") }

// repeated returns an INSERT of one row as one of n rows: running a statement costs about as much as adding a row.
func (s statement) repeated(n int) statement {
	head, row, _ := strings.Cut(string(s), " VALUES ")
	width := strings.Count(row, "?")
	rows := make([]string, 0, n*width)
	for i := range n {
		places := make([]string, width)
		for j := range places {
			places[j] = "+?" + strconv.Itoa(i*width+j+1)
		}
		rows = append(rows, "("+strings.Join(places, ", ")+")")
	}
	return statement(head + " VALUES " + strings.Join(rows, ", "))
}

// portable takes SQL in the $n form of PostgreSQL, so that it is written once for every database. SQLite gets ?n instead, because it numbers $n by first
// appearance, whatever n is, and answers with wrong rows when that is out of order. The unary plus, which changes no value, keeps SQLite (3.54)
// from planning a statement anew whenever its parameters change, in the hope of learning from them: that costs 4 to 50 microseconds a call.
func portable(text string) statement { return statement(strings.ReplaceAll(text, "$", "+?")) }
