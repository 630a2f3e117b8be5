package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"math/big"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/datadir"
)

const (
	checkEvery   = 24 * time.Hour
	checkSpread  = 2 * time.Hour // so that it is another time of the day each day
	checkPatient = 3             // times as long as a piece of the check takes, the rest of the house comes first
)

// checkLog goes through the whole log at once and then about once a day, until ctx ends. What it finds is on /readyz and in the metrics too.
func checkLog(ctx context.Context, house *datadir.House, logger *slog.Logger) error {
	for {
		began := time.Now()
		report, err := house.SelfCheck(ctx, time.Now, checkPatient)
		var damage *datadir.DamageError
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &damage):
			logger.Error("the log does not hold: look at locket audit fsck; openings go on", "err", err)
		case err != nil:
			logger.Warn("the log was not checked", "err", err)
		default:
			logger.Info("the log was checked and holds", "entries", report.Size, "took", time.Since(began).Round(time.Millisecond))
		}
		spread, err := rand.Int(rand.Reader, big.NewInt(int64(checkSpread)))
		if err != nil {
			return err
		}
		select {
		case <-time.After(checkEvery - checkSpread/2 + time.Duration(spread.Int64())):
		case <-ctx.Done():
			return nil
		}
	}
}

// unpublishedAdvice is what to do about a log that is not published.
func unpublishedAdvice(err error) string {
	switch {
	case errors.Is(err, audit.ErrAlarm):
		return "locket audit witness, to see who contradicts it; then locket audit epoch, or locket audit witness --resume if the witness is wrong"
	case errors.Is(err, audit.ErrClock):
		return "set the clock right"
	default:
		return "locket audit fsck, to see what is damaged"
	}
}
