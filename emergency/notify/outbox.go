package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/locket-health/locket/emergency"
)

// Service is what the outbox needs of the domain.
type Service interface {
	TakeLetters(ctx context.Context, limit int) ([]emergency.Letter, error)
	SettleLetter(ctx context.Context, letter emergency.Letter, deliveries []emergency.Delivery) (state string, err error)
	NextLetter(ctx context.Context) (time.Duration, error)
	WatchLetters() (<-chan struct{}, func())
}

// Config is what an Outbox is made of. Every field without a stated default is needed.
type Config struct {
	Service  Service
	Words    Words
	Senders  []Sender              // one for each way of the service's; default none, and letters wait
	Registry prometheus.Registerer // default a new one
	Logger   *slog.Logger          // default slog.Default
	Drain    time.Duration         // how long letters under way may still take when the server stops; default 5 s
}

// Outbox sends what the domain has written, as soon as it is durable, and tries again what fails.
type Outbox struct {
	Config
	senders map[string]Sender // by way
	notices *prometheus.CounterVec
}

const (
	// atOnce is how many letters are worked on at the same moment. All of them, by all their ways, are done before their leases end.
	atOnce = 4
	// idleLook is the longest time without a look: a command beside the server may have written a letter, and nobody wakes this process for it.
	idleLook = time.Minute
	// idleWayless is the same for a house that sends nothing: it only gives up what is too late.
	idleWayless = 24 * time.Hour
	// failedLook is how long the outbox rests when the store fails.
	failedLook = 15 * time.Second
)

// New checks the configuration.
func New(config Config) (*Outbox, error) {
	if config.Service == nil || config.Words.Catalog == nil {
		return nil, errors.New("notify: the outbox cannot run without its service and its words")
	}
	if config.Registry == nil {
		config.Registry = prometheus.NewRegistry()
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	if config.Drain == 0 {
		config.Drain = 5 * time.Second
	}
	o := &Outbox{Config: config, senders: map[string]Sender{}, notices: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "locket_notices_total", Help: "Attempts to send a notice, by kind and by what state they left it in: sent, waiting (to be tried again), dead.",
	}, []string{"kind", "state"})}
	for _, sender := range config.Senders {
		o.senders[sender.Way()] = sender
	}
	if err := config.Registry.Register(o.notices); err != nil {
		return nil, fmt.Errorf("notify: %w", err)
	}
	return o, nil
}

// Run sends until ctx ends: what was written wakes it, and the clock when something is to be tried again. What is under way then may still arrive; what
// does not is due again at once, for whoever comes next.
func (o *Outbox) Run(ctx context.Context) error {
	woken, stop := o.Service.WatchLetters()
	defer stop()
	if len(o.Senders) == 0 {
		woken = nil // there is nothing to do for what was written
	}
	for {
		rest := o.rest(ctx, o.Deliver(ctx))
		timer := time.NewTimer(rest)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-woken:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// rest is how long there is nothing to do, after a round that ended with err.
func (o *Outbox) rest(ctx context.Context, err error) time.Duration {
	longest := idleLook
	if len(o.Senders) == 0 {
		longest = idleWayless
	}
	var next time.Duration
	if err == nil {
		next, err = o.Service.NextLetter(ctx)
	}
	switch {
	case errors.Is(err, emergency.ErrNotFound):
		return longest
	case err != nil:
		if ctx.Err() == nil {
			o.Logger.Error("the outbox could not be worked on", "err", err)
		}
		return failedLook
	default:
		return min(next, longest)
	}
}

// Deliver sends everything that is due now.
func (o *Outbox) Deliver(ctx context.Context) error {
	for ctx.Err() == nil {
		if next, err := o.Service.NextLetter(ctx); errors.Is(err, emergency.ErrNotFound) || next > 0 {
			return nil
		}
		letters, err := o.Service.TakeLetters(context.WithoutCancel(ctx), atOnce) // what was taken must be known
		if err != nil {
			return err
		}
		if err := o.send(ctx, letters); err != nil {
			return err
		}
	}
	return nil
}

// send sends some letters at the same moment and settles each.
func (o *Outbox) send(ctx context.Context, letters []emergency.Letter) error {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(o.Drain, cancel) })
	defer stop()
	var group errgroup.Group
	for _, letter := range letters {
		group.Go(func() error {
			deliveries := o.deliver(sending, letter)
			state, err := o.Service.SettleLetter(context.WithoutCancel(ctx), letter, deliveries)
			if err != nil {
				return err // its lease ends, and it is sent once more: better twice than never
			}
			o.notices.WithLabelValues(letter.Kind, state).Inc()
			for _, d := range deliveries {
				if d.Failure != "" {
					o.Logger.Warn("a notice was not taken", "notice", letter.ID, "kind", letter.Kind, "way", d.Way, "why", d.Failure, "state", state)
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// deliver sends one letter by each of its ways. Nothing is said of a way that was broken off because the server stops.
func (o *Outbox) deliver(ctx context.Context, letter emergency.Letter) []emergency.Delivery {
	var deliveries []emergency.Delivery
	for _, each := range []struct{ way, to string }{{emergency.WayMail, letter.Mail}, {emergency.WayPhone, letter.Phone}} {
		if each.to == "" {
			continue
		}
		delivery := emergency.Delivery{Way: each.way}
		if err := o.deliverBy(ctx, o.senders[each.way], letter, each.to); err != nil {
			if ctx.Err() != nil {
				continue
			}
			delivery.Failure = failedBroken
			var failure *Failure
			if errors.As(err, &failure) {
				delivery.Failure, delivery.Refused = failure.Class, failure.Refused
				if failure.Detail != "" {
					o.Logger.Warn("a way to tell people is closed", "way", each.way, "why", failure.Detail)
				}
			}
		}
		deliveries = append(deliveries, delivery)
	}
	return deliveries
}

// deliverBy is one attempt of one sender.
func (o *Outbox) deliverBy(ctx context.Context, sender Sender, letter emergency.Letter, to string) error {
	if sender == nil {
		return &Failure{Class: failedWayless}
	}
	ctx, done := context.WithTimeout(ctx, sendPatience)
	defer done()
	return sender.Send(ctx, o.Words.message(letter, to))
}
