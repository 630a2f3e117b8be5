package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/carrier"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/emergency/notify"
	"github.com/locket-health/locket/emergency/passkey"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/web"
	"github.com/locket-health/locket/emergency/witness"
	"github.com/locket-health/locket/static"
)

// Config is how a server is set up. Each field is a flag and an environment variable; README.md has the table.
type Config struct {
	Data            string        // the data directory
	Keys            string        // where the keys are, if not in Data/keys: a systemd credential folder, for example
	URL             string        // scheme and host under which browsers reach the server; default: as the data directory was made for
	Listen          string        // address and port for everybody
	PrivateListen   string        // address and port for metrics; "" is none
	HighWater       string        // file with the newest checkpoint of the log; "" is the one that the data directory names
	CheckpointEvery time.Duration // how often the log is published
	Witnesses       string        // file with the witnesses that are asked to cosign it; "" is none
	WitnessEvery    time.Duration // how often they are asked
	Unchecked       bool          // the log is not checked beside the work; for a benchmark alone, without a flag
	LogLife         time.Duration // after which the words of the log are erased; 0 keeps them for good
	CardLife        time.Duration // how long a new card is valid
	ReviewDays      int           // in which an organization has to answer a patient who says that an opening was not right
	HandoverAge     int           // from which age on a child's record is theirs to decide about, in years
	TrustedProxies  string        // networks whose X-Forwarded-For is believed, separated by commas
	LogFormat       string        // text or json
	PasskeyMetadata string        // file with the list of security keys of the FIDO Alliance; "" is none
	Notices         noticeConfig  // by which ways people are told
}

// garbagePercent is how much the heap may grow before garbage is collected, in percent of what lives.
const garbagePercent = 300

// commitPatience is how long anybody waits for the log on a disk that is slow, and twice as long as on one that hangs: less than the server takes to give up an
// answer.
const commitPatience = 5 * time.Second

// defaultCheckpointEvery is long enough that publications do not tell when somebody was treated, and short enough for a patient who waits for a proof.
const defaultCheckpointEvery = time.Minute

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
	f.declare("high-water", "FILE")
	f.StringVar(&c.HighWater, "high-water", "", "the log's newest checkpoint, kept on another volume; default as in keys init, or in the data directory")
	f.declare("checkpoint-every", "TIME")
	f.DurationVar(&c.CheckpointEvery, "checkpoint-every", defaultCheckpointEvery, "how often the log is published")
	f.declare("witnesses", "FILE")
	f.StringVar(&c.Witnesses, "witnesses", "", "who is asked to cosign the log: a line for each, with verifier key and address")
	f.declare("witness-every", "TIME")
	f.DurationVar(&c.WitnessEvery, "witness-every", witness.Every, "how often the witnesses are asked")
	f.declare("log-life", "TIME")
	f.DurationVar(&c.LogLife, "log-life", 0, "how long the words of the log are kept, at least 26280h (3 years); for good if 0")
	f.declare("card-life", "TIME")
	f.DurationVar(&c.CardLife, "card-life", 3*365*24*time.Hour, "how long a new card is valid")
	f.declare("handover-age", "YEARS")
	f.IntVar(&c.HandoverAge, "handover-age", 16, "from which age on a child decides about the own record")
	f.declare("review-days", "DAYS")
	f.IntVar(&c.ReviewDays, "review-days", 14, "in which an organization has to answer a patient who says that an opening was not right")
	f.declare("trusted-proxies", "NETWORKS")
	f.StringVar(&c.TrustedProxies, "trusted-proxies", "", "networks whose X-Forwarded-For is believed, with commas between")
	f.declare("passkey-metadata", "FILE")
	f.StringVar(&c.PasskeyMetadata, "passkey-metadata", "", "list of security keys (MDS3 BLOB), for organizations that take no other passkeys")
	f.declare("log-format", "text|json")
	f.StringVar(&c.LogFormat, "log-format", "text", "how the server's own log is written")
	c.Notices.bind(f)
	return &c
}

// Validate says what cannot be, before anything is opened.
func (c Config) Validate() error {
	var problems []error
	if c.CheckpointEvery < 100*time.Millisecond || c.CheckpointEvery > time.Hour {
		problems = append(problems, usageError{"--checkpoint-every is a time between 100ms and 1h"})
	}
	if c.WitnessEvery < time.Second || c.WitnessEvery > time.Hour {
		problems = append(problems, usageError{"--witness-every is a time between 1s and 1h"})
	}
	if c.LogLife != 0 && c.LogLife < emergency.MinLogLife {
		problems = append(problems, usageError{"--log-life is 0, or a time of at least 26280h (3 years)"})
	}
	if c.CardLife < 24*time.Hour || c.CardLife > 20*365*24*time.Hour {
		problems = append(problems, usageError{"--card-life is a time between 24h and 175200h"})
	}
	if c.HandoverAge < 0 || c.HandoverAge > 25 {
		problems = append(problems, usageError{"--handover-age is a number of years between 0 and 25"})
	}
	if c.ReviewDays < 1 || c.ReviewDays > 365 {
		problems = append(problems, usageError{"--review-days is a number of days between 1 and 365"})
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		problems = append(problems, usageError{"--log-format is text or json"})
	}
	if _, err := c.proxies(); err != nil {
		problems = append(problems, err)
	}
	problems = append(problems, c.Notices.validate())
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

// handoverAge is the age as the service takes it, for which nothing is the default.
func (c Config) handoverAge() int {
	if c.HandoverAge == 0 {
		return -1
	}
	return c.HandoverAge
}

// metadataAdvice is what to do about a list of security keys that is none.
const metadataAdvice = "download it again from https://mds3.fidoalliance.org/ and name it with --passkey-metadata"

// metadata reads the list of security keys, nil when there is none.
func (c Config) metadata() ([]byte, error) {
	if c.PasskeyMetadata == "" {
		return nil, nil
	}
	file, err := os.Open(c.PasskeyMetadata)
	if err != nil {
		return nil, &failure{"the list of security keys cannot be read", err, metadataAdvice}
	}
	defer file.Close()
	blob, err := io.ReadAll(io.LimitReader(file, passkey.MaxMetadata+1))
	return bytes.TrimSpace(blob), err
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
	senders, err := c.Notices.senders(env)
	if err != nil {
		return err
	}
	metadata, err := c.metadata()
	if err != nil {
		return err
	}
	house, err := datadir.Open(ctx, datadir.Options{Dir: c.Data, Keys: c.Keys, URL: c.URL, CardLife: c.CardLife, HandoverAge: c.handoverAge(), ReviewDays: c.ReviewDays, Ways: ways(senders), Metadata: metadata, Logger: logger, Reserve: datadir.DefaultReserve, HighWater: c.HighWater, Deadline: commitPatience})
	if err != nil {
		return noDirectory(err, c.Data)
	}
	if again, err := house.Service.Repeat(ctx, emergency.Caller{Operator: true}, false); err != nil {
		logger.Error("what an older database has brought back is not gone again: locket audit erase --again --yes", "err", err)
	} else if again.Any() {
		logger.Warn("an older database had brought back what was gone; it is gone again", "entries", again.Entries, "patients", again.Patients, "accounts", again.Accounts, "cards", again.Cards)
	}
	logger.Info("locket serves", "url", house.Settings.URL, "listen", listener.Addr().String(), "version", version())
	if !house.Service.CanTell() {
		logger.Warn("nobody is told of openings: neither a mail server nor a gateway is configured")
	}
	return errors.Join(serveHouse(ctx, house, listener, c, web.Config{Logger: logger}, senders), house.Close(context.WithoutCancel(ctx)))
}

// localURL is the address of a server on this machine, by the name that passkeys accept.
func localURL(listener net.Listener) string {
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return (&url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", port)}).String()
}

// serveHouse runs the server and what goes on beside it until ctx ends. custom says what is special about the server, senders how people are told.
func serveHouse(ctx context.Context, house *datadir.House, listener net.Listener, c Config, custom web.Config, senders []notify.Sender) error {
	if os.Getenv("GOGC") == "" {
		// The house lives in some 20 MB. Collecting garbage less often makes an opening a tenth cheaper, and costs memory (locket bench --only memory).
		debug.SetGCPercent(garbagePercent)
	}
	proxies, err := c.proxies()
	if err != nil {
		return err
	}
	witnesses, err := readWitnesses(c.Witnesses)
	if err != nil {
		return err
	}
	custom.TrustedProxies, custom.Registry = proxies, prometheus.NewRegistry()
	custom.Policy.Life = c.LogLife
	server, err := newServer(house, custom)
	if err != nil {
		return err
	}
	outbox, err := newOutbox(house, custom, senders)
	if err != nil {
		return err
	}
	debug.FreeOSMemory() // what reading words and templates took is not needed again
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
		said := ""
		every(ctx, c.CheckpointEvery, func() {
			_, err := house.Log.Publish(ctx)
			if err == nil || ctx.Err() != nil {
				said = ""
				return
			}
			if why := err.Error(); why != said { // once, and not every few seconds until somebody has looked
				said = why
				custom.Logger.Error("the log was not published", "err", err, "try", unpublishedAdvice(err))
			}
		})
		return nil
	})
	group.Go(func() error {
		return witness.New(witness.Config{Log: house.Log, Store: house.Store, Witnesses: witnesses, Every: c.WitnessEvery, Logger: custom.Logger}).Run(ctx)
	})
	if !c.Unchecked {
		group.Go(func() error { return checkLog(ctx, house, custom.Logger) })
	}
	group.Go(func() error {
		every(ctx, time.Minute, func() {
			if err := house.Service.ApplyPendingRules(ctx); err != nil && ctx.Err() == nil {
				custom.Logger.Error("rules whose delay has passed were not put into force", "err", err)
			}
			if _, err := house.Service.Sweep(ctx); err != nil && ctx.Err() == nil {
				custom.Logger.Error("what has ended was not swept out", "err", err)
			}
		})
		return nil
	})
	if c.LogLife > 0 {
		group.Go(func() error { return eraseByAge(ctx, house, c.LogLife, custom.Logger) })
	}
	group.Go(func() error { return outbox.Run(ctx) })
	group.Go(func() error {
		every(ctx, 24*time.Hour, func() {
			if _, err := house.Service.RemindDrills(ctx); err != nil && ctx.Err() == nil {
				custom.Logger.Error("nobody was reminded of drills", "err", err)
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
	assets, err := web.NewAssets(house.Terms, summary.Dictionary())
	if err != nil {
		return nil, err
	}
	words := carrier.Words{Catalog: catalog, Terms: house.Terms, Demo: custom.Demo}
	custom.Service, custom.Catalog, custom.Terms, custom.Log = house.Service, catalog, house.Terms, house.Log
	custom.URL, custom.Assets, custom.Words, custom.Ready = house.Settings.URL, assets, words, house.Ready
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
