package emergency

import (
	"context"
	"sync"
	"time"
)

// unusual notices, at the moment of an opening, a badge or a network that touches many patients within an hour. It slows and refuses nobody, and it is only a first
// sign: what counts is what an officer reads from the store.
type unusual struct {
	mu     sync.Mutex
	began  time.Time // of the present window
	seen   map[string]map[PatientID]bool
	warned map[string]bool
}

const (
	// unusualWindow is how long is counted; two of them can share an hour.
	unusualWindow = time.Hour
	// unusualPlaces bounds the memory: beyond it new places are not counted in this window.
	unusualPlaces = 10_000
)

// opened counts an opening of a patient from a place, and reports whether it is the one that makes the place unusual.
func (u *unusual) opened(place string, patient PatientID, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if age := now.Sub(u.began); u.seen == nil || age < 0 || age >= unusualWindow {
		u.began, u.seen, u.warned = now, make(map[string]map[PatientID]bool), make(map[string]bool)
	}
	patients := u.seen[place]
	if patients == nil {
		if len(u.seen) >= unusualPlaces {
			return false
		}
		patients = make(map[PatientID]bool)
		u.seen[place] = patients
	}
	if len(patients) <= unusualPatients {
		patients[patient] = true
	}
	if len(patients) <= unusualPatients || u.warned[place] {
		return false
	}
	u.warned[place] = true
	return true
}

// noteOpening warns the operator of an unusual rate as soon as it is one. The log names no patient, no person and no whole address.
func (s *Service) noteOpening(ctx context.Context, c Caller, grant Grant) {
	if grant.Drill {
		return
	}
	now := s.now()
	if grant.Organization != "" && s.unusual.opened("badge "+string(grant.Organization)+"/"+string(grant.Member), grant.Patient, now) {
		s.Logger.WarnContext(ctx, "unusually many patients opened by one badge within the hour", "organization", grant.Organization)
	}
	if c.Network != "" && s.unusual.opened("network "+c.Network, grant.Patient, now) {
		s.Logger.WarnContext(ctx, "unusually many patients opened from one network within the hour", "network", c.Network)
	}
}
