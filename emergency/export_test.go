package emergency_test

import (
	"testing"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/summary"
)

// shown is the record that an opening has released.
func shown(t *testing.T, opened emergency.Opened) summary.Record {
	t.Helper()
	record, err := opened.Record.Record()
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// tagOf is what a reader shows to ask for a card's status.
func tagOf(t *testing.T, issued emergency.Issued) []byte {
	t.Helper()
	tag, err := cards.FrontTag(issued.Address.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	return tag[:]
}
