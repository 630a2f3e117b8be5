package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/carrier"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/emergency/terms"
	"github.com/locket-health/locket/static"
)

// Config is what a Server is made of. Every field without a stated default is needed.
type Config struct {
	Service Service
	Assets  *static.Assets // NewAssets
	Catalog *locale.Catalog
	Terms   *terms.Catalogue
	Log     Log
	URL     string // scheme and host under which browsers reach this server: "https://locket.example"

	Words carrier.Words // puts cards and records into words
	// Ready reports what keeps the server from doing its work, nil if nothing does. It is asked by /readyz beside the log.
	Ready func(ctx context.Context) error

	Policy Policy // what is said about how long the log keeps what it holds

	Demo           bool                 // marks every page
	TrustedProxies []netip.Prefix       // whose X-Forwarded-For is believed; default nobody's
	Limits         Limits               // zero rates are sensible ones
	MaxInFlight    int                  // requests worked on at once, beyond which new ones are refused; default 2,048
	MaxConnections int                  // connections held open at once; default 8,192
	Registry       *prometheus.Registry // default a new one
	Logger         *slog.Logger         // default slog.Default
	Now            func() time.Time     // default time.Now
}

// Policy is the retention policy of the log, beside the minimum index that the log itself knows.
type Policy struct {
	Life time.Duration // after which the words of an entry are erased; 0 is never
}

// Log is what the server publishes of the audit log.
type Log interface {
	Epoch(ctx context.Context, number int) (*audit.Published, error)
	Epochs(ctx context.Context) ([]audit.Epoch, error)
	Checkpoint(ctx context.Context) (audit.Signed, error)
	Condition(ctx context.Context) (audit.Condition, error)
	ProveConsistency(ctx context.Context, oldSize int64) (audit.Consistency, error)
	VKey() string
	VKeys() []string
}

func (c Config) withDefaults() (Config, error) {
	for name, missing := range map[string]bool{
		"service": c.Service == nil, "assets": c.Assets == nil, "catalog": c.Catalog == nil, "terms": c.Terms == nil, "log": c.Log == nil,
		"words": c.Words.Catalog == nil, "readiness check": c.Ready == nil,
	} {
		if missing {
			return c, fmt.Errorf("web: the server cannot run without its %s", name)
		}
	}
	base, err := url.Parse(c.URL)
	if err != nil || base.Host == "" || base.Path != "" || base.Scheme != "https" && base.Scheme != "http" {
		return c, errors.New("web: the address of the server must be scheme and host, such as https://locket.example")
	}
	if c.MaxInFlight == 0 {
		c.MaxInFlight = 2048
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = 8192
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Limits = c.Limits.withDefaults()
	return c, nil
}

// host is the host part of the base address, as it stands in cards.
func (c Config) host() string {
	_, host, _ := strings.Cut(c.URL, "://")
	return host
}

func (c Config) secure() bool { return strings.HasPrefix(c.URL, "https://") }
