package web

import (
	"unicode/utf8"

	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/terms"
)

const (
	maxQuery  = 100 // bytes of what somebody types
	maxOffers = 12
)

// offer is a term that a person may mean.
type offer struct {
	Key     string `json:"key"`
	Label   string `json:"label"`
	Drafted bool   `json:"drafted"`
}

// terms offers terms while somebody types. The answer is about nobody, the question may be: it is not kept anywhere.
func (s *Server) terms(x *exchange) error {
	query := x.r.URL.Query()
	typed := query.Get("q")
	if len(typed) > maxQuery || !utf8.ValidString(typed) {
		return invalid("too_long", "q")
	}
	category := terms.Category(query.Get("section"))
	if where, ok := section.Parse(string(category)); ok {
		category = sectionForms[where].category
	}
	offers := []offer{}
	if typed != "" {
		for _, term := range s.Config.Terms.Search(x.lang.Code, typed, category, maxOffers) {
			label, provenance := s.Config.Terms.Label(term.Key, x.lang.Code)
			offers = append(offers, offer{term.Key, label, provenance == terms.Drafted})
		}
	}
	return x.json(offers)
}
