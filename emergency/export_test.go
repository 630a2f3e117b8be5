package emergency_test

import (
	"testing"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

// tagOf is what a reader shows to ask for a card's status.
func tagOf(t *testing.T, issued emergency.Issued) []byte {
	t.Helper()
	tag, err := cards.FrontTag(issued.Address.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	return tag[:]
}
