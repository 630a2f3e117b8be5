package emergency

import (
	"context"
	"time"
)

// reminderBatch is how many patients are reminded in one transaction.
const reminderBatch = 100

// drillAge is when a card should be rehearsed with again: six months before now.
func drillAge(now time.Time) time.Time { return now.AddDate(0, -6, 0) }

// drillDue reports whether it is time to rehearse with a patient's card.
func (p Patient) drillDue(now time.Time) bool {
	last := p.CreatedAt
	if p.DrilledAt.After(last) {
		last = p.DrilledAt
	}
	return last.Before(drillAge(now))
}

// RemindDrills tells the own addresses of every patient with a card whose last drill was six months ago, once until the next one or for six months, and
// returns how many were reminded. The server calls it once a day.
func (s *Service) RemindDrills(ctx context.Context) (int, error) {
	reminded := 0
	for {
		batch := 0
		err := s.Store.Update(ctx, func(tx Tx) error {
			batch = 0
			now := s.now()
			due, err := tx.DrillsDue(drillAge(now), reminderBatch)
			if err != nil {
				return err
			}
			for _, patient := range due {
				patient.RemindedAt = now
				if err := tx.PutPatient(patient); err != nil {
					return err
				}
				if err := s.tell(tx, news{Kind: NewsDrill, Patient: patient.ID, OwnOnly: true}); err != nil {
					return err
				}
			}
			batch = len(due)
			return nil
		})
		if err != nil || batch == 0 {
			return reminded, err
		}
		reminded += batch
	}
}
