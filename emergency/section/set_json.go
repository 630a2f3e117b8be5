package section

import (
	"encoding/json"
	"errors"
)

var errUnknown = errors.New("section: not a section that this version knows")

// MarshalJSON writes the set as its names in reading order, so that equal sets have equal bytes.
func (set Set) MarshalJSON() ([]byte, error) { return json.Marshal(set.Names()) }

// UnmarshalJSON reads a list of stable names. An unknown name is an error: a rule must never silently mean less or more.
func (set *Set) UnmarshalJSON(data []byte) error {
	var list []Section
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*set = SetOf(list...)
	return nil
}
