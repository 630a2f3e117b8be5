package auditevent

import (
	"strconv"
	"strings"
	"time"

	"github.com/locket-health/locket/audit"
)

// Columns head an accounting of disclosures (45 CFR 164.528: when, who received it and their address if known, what, and why). Patients stand in it by number,
// and whoever received something as they were verified or, mostly, as they said.
var Columns = []string{"date", "patient", "received_by", "verified", "role", "organization", "call_back", "network", "disclosed", "items", "purpose", "purpose_text",
	"until", "test", "entry"}

// Accounting returns the line of an entry in an accounting of disclosures; false for an entry that discloses nothing to anybody else. What is printed on a
// card is shown to whoever holds it, by the card: no line is for that. Of a disclosure whose content was erased the day is left.
func (h House) Accounting(e Entry) ([]string, bool) {
	v := e.Event
	erased := !e.ErasedAt.IsZero()
	if v.Type != audit.GlassOpened && v.Type != audit.GlassReopened || v.Outcome != audit.Granted && !erased {
		return nil, false
	}
	if erased {
		line := make([]string, len(Columns))
		line[0], line[1], line[2], line[len(line)-1] = v.At.UTC().Format(time.RFC3339), Cell(v.Subject), whoErased, e.Name()
		return line, true
	}
	until := ""
	if !v.Until.IsZero() {
		until = v.Until.UTC().Format(time.RFC3339)
	}
	purpose := v.Reason
	if step := v.Details["step"]; step == stepLink || step == stepHandover {
		purpose = step
	}
	items := strconv.Itoa(v.Items)
	if len(v.Sections) == 0 {
		items = number(v.Items) // what was shown is not said, and nothing is not what it was
	}
	test := h.Test || v.Details["drill"] != ""
	line := []string{v.At.UTC().Format(time.RFC3339), v.Subject, h.user(v).Who.Display, string(v.Actor.Verified), v.Actor.Role, v.Actor.Organization, v.Actor.CallBack,
		v.Actor.Network, strings.Join(v.Sections, " "), items, purpose, v.ReasonText, until, strconv.FormatBool(test), e.Name()}
	for i := range line {
		line[i] = Cell(line[i])
	}
	return line, true
}

// Cell keeps a spreadsheet from running what somebody typed (OWASP, "CSV Injection").
func Cell(text string) string {
	if strings.TrimLeft(text, "=+-@\t\r\n \u00a0＝＋－＠") != text {
		return "'" + text
	}
	return text
}
