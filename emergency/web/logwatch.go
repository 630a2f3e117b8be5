package web

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/locket-health/locket/audit"
)

// logWatch is the metrics of what those say who watch the log: witnesses, and its check of itself. A witness is named by its public name.
type logWatch struct {
	log                                    Log
	alarm, refusing, cosigned, ok, checked *prometheus.Desc
}

func newLogWatch(log Log) logWatch {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return logWatch{log,
		describe("locket_log_alarm", "1 while the log is contradicted for this cause.", "cause"),
		describe("locket_log_refusing", "1 while no checkpoint is signed because the log is contradicted."),
		describe("locket_log_witness_timestamp_seconds", "When a witness last cosigned the log; 0 if it never has.", "witness"),
		describe("locket_log_check_ok", "1 if the last check of the whole log found nothing, 0 if it found damage."),
		describe("locket_log_check_timestamp_seconds", "When the check of the whole log last found nothing; 0 if it never has."),
	}
}

// Describe implements prometheus.Collector.
func (w logWatch) Describe(out chan<- *prometheus.Desc) {
	for _, each := range []*prometheus.Desc{w.alarm, w.refusing, w.cosigned, w.ok, w.checked} {
		out <- each
	}
}

// Collect implements prometheus.Collector. Where the condition cannot be read there is no metric, which is an alarm too.
func (w logWatch) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c, err := w.log.Condition(ctx)
	if err != nil {
		return
	}
	gauge := func(of *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(of, prometheus.GaugeValue, value, labels...)
	}
	for _, cause := range audit.Alarms() {
		gauge(w.alarm, truth(slices.Contains(c.Alarms, cause)), string(cause))
	}
	gauge(w.refusing, truth(c.Refusing()))
	last := map[string]float64{} // a witness that has changed its key has two testimonies for a while
	for _, t := range c.Witnesses {
		last[t.Name()] = max(last[t.Name()], seconds(t.SignedAt))
	}
	for name, at := range last {
		gauge(w.cosigned, at, name)
	}
	if !c.Check.AskedAt.IsZero() {
		gauge(w.ok, truth(c.Check.Alarm == ""))
		gauge(w.checked, seconds(c.Check.SignedAt))
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// seconds is a time as metrics have it.
func seconds(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return float64(at.UnixMilli()) / 1000
}
