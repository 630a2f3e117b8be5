package emergency

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// ownShown is how many openings a page of somebody's own history shows.
const ownShown = 50

// OwnHistory is what somebody has opened with a badge of theirs.
type OwnHistory struct {
	Openings []OpeningView // newest first
	More     bool          // there are older ones
}

// OpeningPlace is where an opening stands in a list, newest first: several may begin in one millisecond, and they stand in the order of their ids.
type OpeningPlace struct {
	From  time.Time // whole milliseconds
	Grant GrantID   // "" for the first of that moment
}

// comesAfter reports whether an opening stands after a place in a list.
func (o OpeningView) comesAfter(place OpeningPlace) bool {
	return o.From.Before(place.From) || o.From.Equal(place.From) && place.Grant != "" && o.Grant > place.Grant
}

// OwnOpenings lists what the caller has opened with a badge of theirs after a place in the list, the zero place for the newest, with whether the patients' keepers
// found it right and what was answered. A keeper's own words are not among it: see reviewIn. The patients are pseudonyms. Badges that were taken away since do not
// matter: what somebody did stays theirs to see.
func (s *Service) OwnOpenings(ctx context.Context, c Caller, after OpeningPlace) (OwnHistory, error) {
	var own OwnHistory
	if err := signedIn(c); err != nil {
		return own, err
	}
	err := s.Store.View(ctx, func(r Reader) error {
		members, err := r.Memberships(c.Account)
		if err != nil {
			return err
		}
		for _, member := range members {
			older, err := s.openings(r, GrantFilter{Organization: member.Organization, Member: c.Account, Until: after.From, Limit: ownShown + 1})
			if err != nil {
				return err
			}
			own.Openings = append(own.Openings, older...)
			if after.Grant == "" {
				continue
			}
			besides, err := s.openings(r, GrantFilter{Organization: member.Organization, Member: c.Account, Since: after.From, Until: after.From.Add(time.Millisecond)})
			if err != nil {
				return err
			}
			own.Openings = append(own.Openings, slices.DeleteFunc(besides, func(o OpeningView) bool { return !o.comesAfter(after) })...)
		}
		slices.SortFunc(own.Openings, func(a, b OpeningView) int { return cmp.Or(b.From.Compare(a.From), cmp.Compare(a.Grant, b.Grant)) })
		if own.More = len(own.Openings) > ownShown; own.More {
			own.Openings = own.Openings[:ownShown]
		}
		for i := range own.Openings {
			if own.Openings[i].Review, err = s.reviewIn(r, c, own.Openings[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return own, err
}
