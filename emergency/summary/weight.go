package summary

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/locket-health/locket/emergency/section"
)

// Weight is the weight of a child, the one that doses are counted by, as it was written and when.
type Weight struct {
	Value string // Latin digits with a decimal point: "14.2"
	Unit  string // as written: "kg", "g", "lb"
	On    Date   // the day of weighing, "" where not known
}

// weighed reads a number with the sign of a unit behind it. It has the zeros that a JSON number may have.
var weighed = regexp.MustCompile(`^(0|[1-9][0-9]{0,5})(?:[.,]([0-9]{1,3}))?\s?([A-Za-z]{1,3})$`)

// massUnits has the UCUM codes of the units in which people are weighed, by how they are written.
var massUnits = map[string]string{"kg": "kg", "g": "g", "lb": "[lb_av]", "lbs": "[lb_av]"}

// Weight returns the weight that an item of the section child states: its detail is a number and a unit, and no code of its source says that it is
// something else. It is not known of any other item.
func (i Item) Weight() (w Weight, known bool) {
	parts := weighed.FindStringSubmatch(strings.TrimSpace(i.Detail))
	if i.Section != section.Child || parts == nil || massUnits[parts[3]] == "" {
		return Weight{}, false
	}
	if slices.ContainsFunc(i.Codings, func(c Coding) bool { return c.Part == "" && c.Code != loincBodyWeight }) {
		return Weight{}, false
	}
	w = Weight{Value: parts[1], Unit: parts[3], On: i.Date}
	if parts[2] != "" {
		w.Value += "." + parts[2]
	}
	return w, true
}

// quantity is the weight as a FHIR Quantity.
func (w Weight) quantity() object {
	return object{"value": json.Number(w.Value), "unit": w.Unit, "system": systemUCUM, "code": massUnits[w.Unit]}
}
