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

// OwnOpenings lists what the caller has opened with a badge of theirs before a time, the zero time for the newest, with whether the patients' keepers found it right
// and what was answered. A keeper's own words are not among it: see reviewIn. The patients are pseudonyms. Badges that were taken away since do not matter: what somebody did stays theirs to see.
func (s *Service) OwnOpenings(ctx context.Context, c Caller, before time.Time) (OwnHistory, error) {
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
			openings, err := s.openings(r, GrantFilter{Organization: member.Organization, Member: c.Account, Until: before, Limit: ownShown + 1})
			if err != nil {
				return err
			}
			own.Openings = append(own.Openings, openings...)
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
