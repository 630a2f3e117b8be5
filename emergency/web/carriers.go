package web

import (
	"slices"

	"github.com/locket-health/locket/emergency"
)

// carrierGroups are the carriers in the order in which they are offered, by what they are bought as.
var carrierGroups = []struct {
	name     string
	carriers []string
}{
	{"paper", []string{emergency.CarrierWallet, emergency.CarrierSheet, emergency.CarrierSticker, emergency.CarrierBracelet}},
	{"phone", []string{emergency.CarrierWallpaper, emergency.CarrierVCard}},
	{"tag", []string{emergency.CarrierNTAG215, emergency.CarrierNTAG216, emergency.CarrierNTAG213, emergency.CarrierNTAG424}},
	{"hospital", []string{emergency.CarrierSHC, emergency.CarrierSHL}},
}

// needsNetwork reports whether a carrier is read with a network only: it has no room for a front, or what it gives is at the server.
func needsNetwork(carrier string) bool {
	return slices.Contains([]string{emergency.CarrierBracelet, emergency.CarrierNTAG213, emergency.CarrierNTAG424, emergency.CarrierSHL}, carrier)
}

// staysBehind names what is said of the part of the record that a carrier does not show.
func staysBehind(carrier string) string {
	switch carrier {
	case emergency.CarrierVCard, emergency.CarrierSHC, emergency.CarrierSHL:
		return carrier
	}
	return "rules"
}

// chooseCarrier asks what carries the card: the one question before all others, because it decides what there is room for and who can read it.
func (s *Server) chooseCarrier(x *exchange) error {
	p, _, err := x.patientPage("cards", "console.carriers.title")
	if err != nil {
		return err
	}
	p.Back += "/cards"
	var groups []field
	for _, group := range carrierGroups {
		asked := field{ID: "carrier-" + group.name, Name: "carrier", Kind: "radio", Label: x.T("console.carriers." + group.name)}
		for _, carrier := range group.carriers {
			asked.Options = append(asked.Options, option{Value: carrier, Label: x.coded("carrier", carrier), Hint: x.aboutCarrier(carrier),
				Chosen: carrier == emergency.CarrierWallet})
		}
		groups = append(groups, asked)
	}
	p.D = groups
	return x.show("card_carrier", p)
}

// aboutCarrier says what a carrier is for, what it needs, and what stays behind.
func (x *exchange) aboutCarrier(carrier string) string {
	needs := "console.carriers.offline"
	if needsNetwork(carrier) {
		needs = "console.carriers.online"
	}
	return x.chain("console.sentences", x.T("console.carrier."+carrier), x.T(needs), x.T("console.carriers.behind."+staysBehind(carrier)))
}
