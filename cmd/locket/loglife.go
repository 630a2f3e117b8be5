package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/locket-health/locket/emergency/datadir"
)

// eraseBatch is how many entries lose their words in one transaction: responders wait for it.
const eraseBatch = 50

// eraseByAge erases the words of entries that are older than life, at once and then every day, until ctx ends.
func eraseByAge(ctx context.Context, house *datadir.House, life time.Duration, logger *slog.Logger) error {
	every(ctx, 24*time.Hour, func() {
		erased, err := house.Service.EraseExpired(ctx, life, eraseBatch)
		switch {
		case err != nil && ctx.Err() == nil:
			logger.Error("words of the log that are too old were not erased", "err", err)
		case erased > 0:
			logger.Info("words of the log that are too old were erased", "entries", erased)
		}
	})
	return nil
}
