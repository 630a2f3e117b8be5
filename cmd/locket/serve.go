package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/locket-health/locket/emergency/carrier"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/web"
	"github.com/locket-health/locket/static"
)

// Config is how a server is set up. Each field is a flag and an environment variable; README.md has the table.
type Config struct {
	Data            string        // the data directory
	Keys            string        // where the keys are, if not in Data/keys: a systemd credential folder, for example
	URL             string        // scheme and host under which browsers reach the server; default: as the data directory was made for
	Listen          string        // address and port for everybody
	PrivateListen   string        // address and port for metrics; "" is none
	CheckpointEvery time.Duration // how often the log is published
	CardLife        time.Duration // how long a new card is valid
	TrustedProxies  string        // networks whose X-Forwarded-For is believed, separated by commas
	LogFormat       string        // text or json
}

// garbagePercent is how much the heap may grow before garbage is collected, in percent of what lives.
const garbagePercent = 300

const defaultCheckpointEvery = 10 * time.Second

func bindConfig(f *flags) *Config {
	var c Config
	f.declare("data", "DIR")
	f.StringVar(&c.Data, "data", "", "the data directory")
	f.declare("keys", "DIR")
	f.StringVar(&c.Keys, "keys", "", "where the keys are, if not in DIR/keys of the data directory")
	f.declare("url", "URL")
	f.StringVar(&c.URL, "url", "", "scheme and host under which browsers reach the server, if not as in keys init")
	f.declare("listen", "HOST:PORT")
	f.StringVar(&c.Listen, "listen", "127.0.0.1:8080", "where to listen for everybody")
	f.declare("private-listen", "HOST:PORT")
	f.StringVar(&c.PrivateListen, "private-listen", "", "where to listen for metrics; nowhere if empty")
	f.declare("checkpoint-every", "TIME")
	f.DurationVar(&c.CheckpointEvery, "checkpoint-every", defaultCheckpointEvery, "how often the log is published")
	f.declare("card-life", "TIME")
	f.DurationVar(&c.CardLife, "card-life", 3*365*24*time.Hour, "how long a new card is valid")
	f.declare("trusted-proxies", "NETWORKS")
	f.StringVar(&c.TrustedProxies, "trusted-proxies", "", "networks whose X-Forwarded-For is believed, with commas between")
	f.declare("log-format", "text|json")
	f.StringVar(&c.LogFormat, "log-format", "text", "how the server's own log is written")
	return &c
}

// Validate says what cannot be, before anything is opened.
func (c Config) Validate() error {
	var problems []error
	if c.CheckpointEvery < 100*time.Millisecond || c.CheckpointEvery > time.Hour {
		problems = append(problems, usageError{"--checkpoint-every is a time between 100ms and 1h"})
	}
	if c.CardLife < 24*time.Hour || c.CardLife > 20*365*24*time.Hour {
		problems = append(problems, usageError{"--card-life is a time between 24h and 175200h"})
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		problems = append(problems, usageError{"--log-format is text or json"})
	}
	if _, err := c.proxies(); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func (c Config) proxies() ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for text := range strings.SplitSeq(c.TrustedProxies, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, usageError{fmt.Sprintf("--trusted-proxies: %q is no network such as 10.0.0.0/8", text)}
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}

func (c Config) logger(env environment) *slog.Logger {
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(env.stderr, nil))
	}
	return slog.New(slog.NewTextHandler(env.stderr, nil))
}

func serveCommand() command {
	return command{
		name: "serve", synopsis: "--data DIR [flags]",
		summary: "run the server on a data directory",
		about: `Serves cards' reader pages, the console and the public log. The data directory and its keys are made by locket keys init, never
by this command. Behind a proxy that ends TLS, name the proxy's network with --trusted-proxies. SIGTERM lets requests under
way finish and stops.`,
		examples: []string{"locket serve --data /var/lib/locket", "locket serve --data ./data --listen 127.0.0.1:8080 --private-listen 127.0.0.1:9090"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			config := bindConfig(f)
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", config.Data), config.Validate()); err != nil {
					return err
				}
				return serve(ctx, env, *config)
			}
		},
	}
}

func serve(ctx context.Context, env environment, c Config) error {
	settings, err := datadir.ReadSettings(c.Data)
	if err != nil {
		return noDirectory(err, c.Data)
	}
	unlock, err := datadir.Lock(c.Data)
	if err != nil {
		return &failure{"another server runs on this data directory", err, "stop it first, or give this one a directory of its own"}
	}
	defer unlock()
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return &failure{"cannot listen on " + c.Listen, err, "another address with --listen"}
	}
	defer listener.Close()
	if c.URL == "" && settings.URL == datadir.DefaultURL {
		c.URL = localURL(listener) // nobody has named a host: it is this machine, on the port that was asked for
	}
	logger := c.logger(env)
	house, err := datadir.Open(ctx, datadir.Options{Dir: c.Data, Keys: c.Keys, URL: c.URL, CardLife: c.CardLife, Logger: logger, Reserve: datadir.DefaultReserve})
	if err != nil {
		return noDirectory(err, c.Data)
	}
	logger.Info("locket serves", "url", house.Settings.URL, "listen", listener.Addr().String(), "version", version())
	return errors.Join(serveHouse(ctx, house, listener, c, web.Config{Logger: logger}), house.Close(context.WithoutCancel(ctx)))
}

// localURL is the address of a server on this machine, by the name that passkeys accept.
func localURL(listener net.Listener) string {
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return (&url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", port)}).String()
}

// serveHouse runs the server and what goes on beside it until ctx ends. custom says what is special about the server.
func serveHouse(ctx context.Context, house *datadir.House, listener net.Listener, c Config, custom web.Config) error {
	if os.Getenv("GOGC") == "" {
		// The house lives in some 20 MB. Collecting garbage less often makes an opening a tenth cheaper and keeps the house below 150 MB (locket bench --only memory).
		debug.SetGCPercent(garbagePercent)
	}
	proxies, err := c.proxies()
	if err != nil {
		return err
	}
	custom.TrustedProxies = proxies
	server, err := newServer(house, custom)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return server.Run(ctx, listener) })
	group.Go(func() error {
		select {
		case <-house.Store.Failed():
			return &failure{"the disk did not keep what was written, so nothing more is", nil, "look at the disk; what was acknowledged before is there when the server starts again"}
		case <-ctx.Done():
			return nil
		}
	})
	if c.PrivateListen != "" {
		private, err := net.Listen("tcp", c.PrivateListen)
		if err != nil {
			return &failure{"cannot listen on " + c.PrivateListen, err, "another address with --private-listen"}
		}
		group.Go(func() error { return server.RunPrivate(ctx, private) })
	}
	group.Go(func() error {
		every(ctx, c.CheckpointEvery, func() {
			if _, err := house.Log.Publish(ctx); err != nil && ctx.Err() == nil {
				custom.Logger.Error("the log was not published", "err", err)
			}
		})
		return nil
	})
	group.Go(func() error {
		every(ctx, time.Minute, func() {
			if _, err := house.Service.Sweep(ctx); err != nil && ctx.Err() == nil {
				custom.Logger.Error("what has ended was not swept out", "err", err)
			}
		})
		return nil
	})
	return group.Wait()
}

// newServer puts a server before a house. custom says what is special about it; everything else is filled in.
func newServer(house *datadir.House, custom web.Config) (*web.Server, error) {
	catalog, err := locale.Load(static.Locales())
	if err != nil {
		return nil, err
	}
	keys, err := house.Trusted.MarshalJWKS()
	if err != nil {
		return nil, err
	}
	assets, err := web.NewAssets(house.Terms, summary.Dictionary())
	if err != nil {
		return nil, err
	}
	words := carrier.Words{Catalog: catalog, Terms: house.Terms, Demo: custom.Demo}
	custom.Service, custom.Catalog, custom.Terms, custom.Log, custom.Keys = house.Service, catalog, house.Terms, house.Log, keys
	custom.URL, custom.Assets, custom.Face, custom.Ready = house.Settings.URL, assets, words.Face, house.Ready
	return web.New(custom)
}

// every calls act once, and then again after each interval, until ctx ends.
func every(ctx context.Context, interval time.Duration, act func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		act()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
