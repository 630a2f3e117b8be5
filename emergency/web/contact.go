package web

import "github.com/locket-health/locket/emergency"

// contact is what a telephone shows of a no-signal code.
type contact struct {
	Name   string
	Phones []string
	Notes  []string
	Left   []string // what has no room
	Lang   string   // of the notes
}

// contact reads the no-signal code of a card back in words. They are the record's language, as on everything that is printed.
func (x *exchange) contact(issued emergency.Issued) (*contact, error) {
	card, left, err := x.Words.NoSignal("", issued)
	if err != nil {
		return nil, err
	}
	shown := contact{Name: card.Name, Notes: card.Notes, Left: left, Lang: issued.Front.Lang}
	for _, phone := range card.Phones {
		shown.Phones = append(shown.Phones, phone.Number)
	}
	return &shown, nil
}
