package web

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what an operator needs to sleep well. No label names a card, a patient or an account.
type metrics struct {
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	opens    *prometheus.CounterVec
	scans    *prometheus.CounterVec
}

func newMetrics(registry *prometheus.Registry, log Log) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "locket_http_requests_total", Help: "Requests answered, by route pattern, method and status.",
		}, []string{"route", "method", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "locket_http_request_seconds", Help: "Time to answer, by route pattern.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route"}),
		opens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "locket_opens_total", Help: "Attempts to break the glass, by outcome.",
		}, []string{"outcome"}),
		scans: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "locket_scans_total", Help: "Reader pages served, by what became of the scan's log entry: done (made, or not due), none (no card id), failed.",
		}, []string{"entry"}),
	}
	size := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "locket_log_published_entries", Help: "Entries covered by the last published checkpoint.",
	}, func() float64 { return float64(published(log).size) })
	at := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "locket_log_published_timestamp_seconds", Help: "When the last checkpoint was published.",
	}, func() float64 { return published(log).at })
	for _, each := range []prometheus.Collector{m.requests, m.took, m.opens, m.scans, size, at, newLogWatch(log)} {
		if err := registry.Register(each); err != nil {
			return nil, err
		}
	}
	return m, nil
}

type publication struct {
	size int64
	at   float64
}

func published(log Log) publication {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	checkpoint, err := log.Checkpoint(ctx)
	if err != nil || checkpoint.At.IsZero() {
		return publication{}
	}
	return publication{checkpoint.Size, float64(checkpoint.At.UnixMilli()) / 1000}
}

func (m *metrics) answered(route, verb string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(route, method(verb), strconv.Itoa(status)).Inc()
	m.took.WithLabelValues(route).Observe(took.Seconds())
}
