package emergency

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// GuessTally is how often a kind of code was tried from one network within one window of guesses. Right ones are taken back.
type GuessTally struct {
	Kind    string
	Began   time.Time // the window
	Network Token     // keyed hash; zero for those networks together that there was no room for
	Sealed  []byte    // the network
	Tries   int
}

// GrantTally is how often a member's badge broke the glass on one day of UTC, drills not counted.
type GrantTally struct {
	Organization OrganizationID
	Member       AccountID // "" for members of another house
	Day          time.Time
	Openings     int
	Patients     int // different ones
}

// AbuseView is where guesses and openings come from at an unusual rate. Of networks it knows the truncated address, of patients their number.
type AbuseView struct {
	At                                 time.Time
	Guesses                            []Spike
	ByOrganization, ByBadge, ByNetwork []Spike // openings
	Partial                            bool    // there was more than was looked through
}

// Spike is how much came from one place.
type Spike struct {
	Kind         string // of code that was guessed, "" for openings
	Organization string
	Member       string
	Network      string // "" for all networks that are not counted apart
	Hour, Day    int    // within the last hour and the last day
	Patients     int    // different ones within the last hour
	Unusual      bool
}

// What counts as unusual within an hour, at least.
const (
	// A crew that is called to more than ten people in one hour works in a disaster or reads what is none of its business.
	unusualPatients = 10
	unusualGuesses  = 20
	// The hour stands out from the rest of the day by this factor.
	unusualFactor = 4
	// abuseRows bounds what is looked through for one view.
	abuseRows = 20_000
	// abuseShown is how many of each kind are shown.
	abuseShown = 20
)

// Abuse shows a privacy officer, or the operator at the command line, where guesses and openings come from.
func (s *Service) Abuse(ctx context.Context, c Caller) (AbuseView, error) {
	now := s.now()
	view := AbuseView{At: now}
	err := s.Store.View(ctx, func(r Reader) error {
		if !c.Operator {
			if err := officer(r, c); err != nil {
				return err
			}
		}
		tallies, err := r.GuessTallies(now.Add(-24*time.Hour), abuseRows)
		if err != nil {
			return err
		}
		openings, err := s.openings(r, GrantFilter{Since: now.Add(-24 * time.Hour), Limit: abuseRows})
		if err != nil {
			return err
		}
		view.Partial = len(tallies) == abuseRows || len(openings) == abuseRows
		view.ByOrganization = spikes(openings, now, func(o OpeningView) Spike { return Spike{Organization: o.Organization} })
		view.ByBadge = spikes(openings, now, func(o OpeningView) Spike { return Spike{Organization: o.Organization, Member: o.Member} })
		view.ByNetwork = spikes(openings, now, func(o OpeningView) Spike { return Spike{Network: o.Stated.Network} })
		view.Guesses, err = s.guessSpikes(tallies, now)
		return err
	})
	return view, err
}

// guessSpikes adds up guesses by kind and network.
func (s *Service) guessSpikes(tallies []GuessTally, now time.Time) ([]Spike, error) {
	sums := make(map[Spike]*Spike)
	for _, tally := range tallies {
		network, err := s.unseal("guess_tally", "network", tally.Network.String(), tally.Sealed)
		if err != nil {
			return nil, err
		}
		place := Spike{Kind: tally.Kind, Network: string(network)}
		sum := sums[place]
		if sum == nil {
			copied := place
			sum = &copied
			sums[place] = sum
		}
		sum.Day += tally.Tries
		if now.Sub(tally.Began) < time.Hour {
			sum.Hour += tally.Tries
		}
	}
	return topSpikes(sums, unusualGuesses), nil
}

// spikes adds up openings by what place makes of them. Those of places without a name are not counted.
func spikes(openings []OpeningView, now time.Time, place func(OpeningView) Spike) []Spike {
	sums := make(map[Spike]*Spike)
	patients := make(map[Spike]map[PatientID]bool)
	for _, o := range openings {
		at := place(o)
		if at == (Spike{}) || o.Drill {
			continue
		}
		sum := sums[at]
		if sum == nil {
			copied := at
			sum = &copied
			sums[at], patients[at] = sum, make(map[PatientID]bool)
		}
		sum.Day++
		if now.Sub(o.From) < time.Hour {
			sum.Hour++
			patients[at][o.Patient] = true
			sum.Patients = len(patients[at])
		}
	}
	return topSpikes(sums, unusualPatients)
}

// topSpikes lists the highest first and says which stand out: more than least within the hour, and far more than in the other hours of the day.
func topSpikes(sums map[Spike]*Spike, least int) []Spike {
	list := make([]Spike, 0, len(sums))
	for _, sum := range sums {
		before := float64(sum.Day-sum.Hour) / 23
		sum.Unusual = sum.Hour > least && float64(sum.Hour) > unusualFactor*before
		list = append(list, *sum)
	}
	slices.SortFunc(list, func(a, b Spike) int {
		return cmp.Or(cmp.Compare(b.Hour, a.Hour), cmp.Compare(b.Day, a.Day), cmp.Compare(a.Organization, b.Organization), cmp.Compare(a.Member, b.Member),
			cmp.Compare(a.Network, b.Network), cmp.Compare(a.Kind, b.Kind))
	})
	return list[:min(len(list), abuseShown)]
}
