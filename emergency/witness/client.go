package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/locket-health/locket/audit"
)

const (
	// Every is how often a witness is asked, unless it is said otherwise.
	Every = time.Minute

	patience = 10 * time.Second // for one answer
	tries    = 3                // requests in one turn: the size that a witness knows may have to be learned first
)

// Log is what the client needs of the log.
type Log interface {
	WitnessRequest(ctx context.Context, w audit.Witness, known int64) (audit.WitnessRequest, audit.Testimony, error)
	Refuse(alarm *audit.AlarmError)
}

// Config is what a Client is made of.
type Config struct {
	Log       Log
	Store     audit.WitnessStore
	Witnesses []Witness
	Every     time.Duration    // how often each is asked; default Every
	Now       func() time.Time // default time.Now
	Logger    *slog.Logger     // default slog.Default
}

// Client asks witnesses.
type Client struct {
	Config
	http *http.Client
}

// New returns a client.
func New(config Config) *Client {
	if config.Every == 0 {
		config.Every = Every
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	return &Client{config, &http.Client{
		Timeout: patience,
		// A witness is where the operator says, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Run asks each witness at once and then again and again, each on its own, until ctx ends.
func (c *Client) Run(ctx context.Context) error {
	var group sync.WaitGroup
	for _, w := range c.Witnesses {
		group.Go(func() { c.keepAsking(ctx, w) })
	}
	group.Wait()
	return nil
}

func (c *Client) keepAsking(ctx context.Context, w Witness) {
	ticker := time.NewTicker(c.Every)
	defer ticker.Stop()
	said := ""
	for {
		_, err := c.ask(ctx, w)
		if ctx.Err() != nil {
			return
		}
		said = c.report(ctx, w, err, said)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// report logs what came of a turn, when it is not what came of the one before.
func (c *Client) report(ctx context.Context, w Witness, err error, before string) string {
	said := ""
	if err != nil {
		said = err.Error()
	}
	if said == before {
		return said
	}
	name := slog.String("witness", w.Key.Name())
	switch {
	case err == nil:
		c.Logger.LogAttrs(ctx, slog.LevelInfo, "a witness cosigns the log again", name)
	case errors.Is(err, audit.ErrAlarm):
		c.Logger.LogAttrs(ctx, slog.LevelError, "a witness contradicts the log: look at locket audit witness, then locket audit epoch or locket audit witness --resume", name, slog.Any("err", err))
	case errors.Is(err, audit.ErrNotFound):
		return before // nothing is published yet
	default:
		c.Logger.LogAttrs(ctx, slog.LevelWarn, "a witness did not cosign the log", name, slog.Any("err", err))
	}
	return said
}

// Outcome is what came of asking a witness.
type Outcome struct {
	Witness     audit.Witness
	Cosignature audit.Cosignature
	Err         error // audit.ErrAlarm when it contradicts the log, audit.ErrNotFound while nothing is published
}

// Ask asks every witness once, all at the same time.
func (c *Client) Ask(ctx context.Context) []Outcome {
	outcomes := make([]Outcome, len(c.Witnesses))
	var group sync.WaitGroup
	for i, w := range c.Witnesses {
		group.Go(func() {
			cosignature, err := c.ask(ctx, w)
			outcomes[i] = Outcome{w.Key, cosignature, err}
		})
	}
	group.Wait()
	return outcomes
}

// ask shows the published checkpoint to a witness and keeps what it says.
func (c *Client) ask(ctx context.Context, w Witness) (audit.Cosignature, error) {
	request, said, err := c.Log.WitnessRequest(ctx, w.Key, -1)
	if err != nil {
		return audit.Cosignature{}, err
	}
	for range tries {
		cosignature, err := c.submit(ctx, w, request)
		if ctx.Err() != nil {
			return audit.Cosignature{}, ctx.Err()
		}
		said.AskedAt = c.now()
		var conflict *audit.WitnessConflict
		switch {
		case err == nil:
			// A clock that is ahead must not make the cosignature look younger than it is.
			cosignature.Epoch = request.Signed.Epoch
			said.Size, said.SignedAt = cosignature.Size, earlier(cosignature.At, said.AskedAt)
			return cosignature, c.Store.Testify(ctx, said, &cosignature, nil)
		case !errors.As(err, &conflict):
			return audit.Cosignature{}, c.keep(ctx, said, err)
		}
		fresh, _, failed := c.Log.WitnessRequest(ctx, w.Key, conflict.Known)
		switch {
		case failed != nil:
			return audit.Cosignature{}, failed
		case conflict.Known > fresh.Signed.Size && fresh.Signed.Epoch == request.Signed.Epoch:
			// It is not that somebody else has published meanwhile.
			return audit.Cosignature{}, c.keep(ctx, said, &audit.AlarmError{Alarm: audit.AlarmAhead, Who: w.Key.Name(), Size: conflict.Known})
		case conflict.Known == request.Old:
			return audit.Cosignature{}, c.keep(ctx, said, fmt.Errorf("%w: it contradicts itself about the size that it knows", audit.ErrWitness))
		}
		request = fresh
	}
	return audit.Cosignature{}, c.keep(ctx, said, fmt.Errorf("%w: it names another size each time", audit.ErrWitness))
}

// keep writes down that a witness was asked and gave nothing, and the alarm when that is why.
func (c *Client) keep(ctx context.Context, said audit.Testimony, why error) error {
	var alarm *audit.AlarmError
	var event *audit.Event
	if errors.As(why, &alarm) {
		c.Log.Refuse(alarm) // first: it must hold even if the store keeps nothing any more
		said.Raise(alarm.Alarm)
		entry := alarm.Event(said.AskedAt)
		event = &entry
	}
	if err := c.Store.Testify(ctx, said, nil, event); err != nil {
		return errors.Join(why, err)
	}
	return why
}

// submit sends a request and reads the answer.
func (c *Client) submit(ctx context.Context, w Witness, r audit.WitnessRequest) (audit.Cosignature, error) {
	body, err := r.MarshalText()
	if err != nil {
		return audit.Cosignature{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL+"/add-checkpoint", bytes.NewReader(body))
	if err != nil {
		return audit.Cosignature{}, err
	}
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	request.Header.Set("User-Agent", "Locket")
	response, err := c.http.Do(request)
	if err != nil {
		return audit.Cosignature{}, fmt.Errorf("%w: %s", audit.ErrWitness, unreachable(err))
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, audit.MaxWitnessAnswer+1))
	if err != nil {
		return audit.Cosignature{}, fmt.Errorf("%w: %s", audit.ErrWitness, unreachable(err))
	}
	return w.Key.Answer(r, response.StatusCode, response.Header.Get("Content-Type"), answer)
}

// unreachable says why there is no answer, without an address.
func unreachable(err error) string {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "it did not answer in time"
	}
	var name *net.DNSError
	if errors.As(err, &name) {
		return "its name is not known"
	}
	var inner *net.OpError
	if errors.As(err, &inner) {
		return "it cannot be reached: " + inner.Err.Error()
	}
	var whole *url.Error
	if errors.As(err, &whole) {
		return "it cannot be asked: " + whole.Err.Error()
	}
	return "its answer broke off"
}

func (c *Client) now() time.Time { return c.Now().UTC().Truncate(time.Millisecond) }

func earlier(a, b time.Time) time.Time {
	if a.After(b) {
		return b
	}
	return a
}
