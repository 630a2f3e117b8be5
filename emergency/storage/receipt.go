package storage

import (
	"time"

	"github.com/locket-health/locket/emergency"
)

var (
	receiptPut    = portable(`INSERT INTO receipt (hash, ends_at) VALUES ($1, $2) ON CONFLICT (ends_at, hash) DO NOTHING`)
	receiptRemove = portable(`DELETE FROM receipt WHERE ends_at = $1 AND hash = $2`)
	receiptsSwept = portable(`DELETE FROM receipt WHERE ends_at < $1`)
)

// PutReceipt implements emergency.Tx.
func (t *tx) PutReceipt(receipt emergency.Token, endsAt time.Time) error {
	added, err := t.t.add(receiptRemove, []any{millis(endsAt), receipt[:]}, receiptPut, receipt[:], millis(endsAt))
	if err == nil && !added {
		return emergency.ErrConflict
	}
	return err
}
