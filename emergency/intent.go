package emergency

import (
	"context"
	"errors"
	"maps"
	"strconv"

	"github.com/locket-health/locket/audit"
)

// Intent is what has begun and can end half-way: a copy, a file, a change of keys. Its entries are durable before anything of it happens. The entries of how it
// ended name the place of the first in their details: its index and its epoch. Entries of old name the index alone, in the epoch that they are in themselves. An
// intent without an end was cut short, and the log shows that.
type Intent struct {
	events []audit.Event // one for each subject
	placed []*audit.Placed
}

// Intend writes down that an operator begins something outside the domain.
func (s *Service) Intend(ctx context.Context, c Caller, kind audit.Type, details map[string]string) (Intent, error) {
	if !c.Operator {
		return Intent{}, errNoOperator
	}
	event := s.event(c, kind, "")
	event.Details = details
	return s.intend(ctx, nil, event)
}

// intend writes down what begins, for each subject that it is about, if whoever begins it still may: what is checked before may have changed since. Nil asks
// nothing.
func (s *Service) intend(ctx context.Context, may func(Tx) error, events ...audit.Event) (Intent, error) {
	intent := Intent{events: events, placed: make([]*audit.Placed, len(events))}
	err := s.Store.Update(ctx, func(tx Tx) error {
		if may != nil {
			if err := may(tx); err != nil {
				return err
			}
		}
		for i, event := range events {
			event.Outcome = audit.Begun
			intent.placed[i] = tx.Append(event)
		}
		return nil
	})
	if err != nil {
		return Intent{}, noLogNoData(err)
	}
	return intent, nil
}

// Conclude writes down how an intent has ended, well when failure is nil, and returns failure, joined with why that could not be written. Whoever asked for it
// may have gone meanwhile.
func (s *Service) Conclude(ctx context.Context, intent Intent, failure error) error {
	err := s.Store.Update(context.WithoutCancel(ctx), func(tx Tx) error {
		for i, event := range intent.events {
			event.At, event.Outcome = s.clock(), audit.Done
			if failure != nil {
				event.Outcome = audit.Failed
			}
			event.Details = intent.named(i, event.Details)
			tx.Append(event)
		}
		return nil
	})
	return errors.Join(failure, err)
}

// named adds to the details of an entry which intent it ends.
func (i Intent) named(subject int, details map[string]string) map[string]string {
	named := maps.Clone(details)
	if subject >= len(i.placed) {
		return named // nothing was begun before
	}
	if named == nil {
		named = map[string]string{}
	}
	named["intent"], named["intent_epoch"] = strconv.FormatInt(i.placed[subject].Index, 10), strconv.Itoa(i.placed[subject].Epoch)
	return named
}
