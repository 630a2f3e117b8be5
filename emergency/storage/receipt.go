package storage

import (
	"time"

	"github.com/locket-health/locket/emergency"
)

var (
	receiptPut    = portable(`INSERT INTO receipt (hash, ends_at) VALUES ($1, $2) ON CONFLICT (ends_at, hash) DO NOTHING`)
	receiptsSwept = portable(`DELETE FROM receipt WHERE ends_at < $1`)
)

// PutReceipt implements emergency.Tx.
func (t *tx) PutReceipt(receipt emergency.Token, endsAt time.Time) error {
	return t.t.write(emergency.ErrConflict, receiptPut, receipt[:], millis(endsAt))
}
