package storage

import "strings"

// statement is a SQL text in the form that SQLite reads.
type statement string

// portable takes SQL in the $n form of PostgreSQL. It is written once for every database: SQLite numbers $n by first appearance, whatever n is,
// and answers with wrong rows when that is out of order, so it gets ?n instead.
func portable(text string) statement { return statement(strings.ReplaceAll(text, "$", "?")) }
