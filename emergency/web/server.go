package web

import (
	"context"
	"errors"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/locket-health/locket/static"
)

// Time-outs of a connection. A responder on a bad line needs a few seconds; a connection that takes longer holds a place that somebody else needs.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second // headers and body; uploads get uploadTimeout
	writeTimeout  = 10 * time.Second // from the end of the headers to the end of the answer; downloads get downloadTimeout
	idleTimeout   = 75 * time.Second
	drainTimeout  = 10 * time.Second

	uploadTimeout   = 2 * time.Minute
	downloadTimeout = 10 * time.Minute

	maxHeaderBytes = 16 << 10
)

// Server answers HTTP.
type Server struct {
	Config
	accepted     *accepted
	pages        *template.Template
	readers      fixedPages
	scanners     fixedPages
	badges       fixedPages
	worker       []byte
	limits       limiters
	places       places
	streams      *streams
	metrics      *metrics
	readerPolicy string
	scanPolicy   string
	public       http.Handler
}

// limiters are the limits by what they guard.
type limiters struct{ everybody, log, entrance, shortCode, open *limit }

// New checks the configuration, parses the templates and makes the reader and the scanner page of every language.
func New(config Config) (*Server, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{Config: config, accepted: &accepted{catalog: config.Catalog}, worker: config.Assets.ServiceWorker(), places: newPlaces(config.MaxInFlight),
		streams: newStreams()}
	l, off := config.Limits, config.Limits.Off
	s.limits = limiters{
		everybody: newLimit("everybody", l.Everybody, off, config.Logger),
		log:       newLimit("log", l.Log, off, config.Logger),
		entrance:  newLimit("entrance", l.Entrance, off, config.Logger),
		shortCode: newLimit("short code", l.ShortCode, off, config.Logger),
		open:      newLimit("open", l.Open, off, config.Logger),
	}
	if s.metrics, err = newMetrics(config.Registry, config.Log); err != nil {
		return nil, err
	}
	if s.pages, err = parsePages(config.Assets); err != nil {
		return nil, err
	}
	s.readers = s.fixedPages(static.ReaderTemplate, func(p static.ReaderPage) any { return p })
	s.scanners = s.fixedPages(static.ScanTemplate, func(p static.ReaderPage) any { return static.ScanPage(p) })
	s.badges = s.fixedPages(static.BadgeTemplate, func(p static.ReaderPage) any { return static.BadgePage(p) })
	s.readerPolicy, s.scanPolicy = readerPolicy(), static.ScanPolicy()
	s.public = s.wrap(s.router())
	return s, nil
}

// Handler is everything that the world may ask.
func (s *Server) Handler() http.Handler { return s.public }

// Private is what only the operator's network may ask: metrics, and the two health checks again.
func (s *Server) Private() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.Registry, promhttp.HandlerOpts{}))
	mux.Handle("GET /healthz", s.public)
	mux.Handle("GET /readyz", s.public)
	return mux
}

// Run serves Handler on a listener until ctx ends, then lets the requests under way finish, at most drainTimeout. It returns nil after an orderly end.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	defer context.AfterFunc(ctx, s.streams.end)()
	return run(ctx, listener, s.Handler(), s.MaxConnections, s.Logger)
}

// RunPrivate serves Private likewise.
func (s *Server) RunPrivate(ctx context.Context, listener net.Listener) error {
	return run(ctx, listener, s.Private(), 64, s.Logger)
}

func run(ctx context.Context, listener net.Listener, handler http.Handler, connections int, logger *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(quiet{logger.Handler()}, slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		err := server.Shutdown(drain)
		if err != nil {
			err = errors.Join(err, server.Close())
		}
		stopped <- err
	})
	err := server.Serve(capped(listener, connections))
	if !errors.Is(err, http.ErrServerClosed) {
		stop()
		return err
	}
	return <-stopped
}

// quiet drops what net/http says about single connections: it names whole client addresses.
type quiet struct{ slog.Handler }

func (q quiet) Handle(ctx context.Context, record slog.Record) error {
	said := slog.NewRecord(record.Time, record.Level, "a connection ended badly", 0)
	return q.Handler.Handle(ctx, said)
}
