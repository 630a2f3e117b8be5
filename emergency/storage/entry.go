package storage

import (
	"database/sql"
	"time"

	"github.com/locket-health/locket/audit"
)

// The rows of one subject are read by their own index, and ordered by their distance in time.
var entriesNear = portable(`SELECT seq FROM subject_entry WHERE subject = $1 AND type = $2 ORDER BY abs(at - $3), seq LIMIT $4`)

// EntriesNear implements emergency.Reader.
func (r reader) EntriesNear(subject string, kind audit.Type, at time.Time, limit int) ([]uint64, error) {
	var numbers []uint64
	err := r.t.many(entriesNear, []any{subject, string(kind), millis(at), limit}, func(rows *sql.Rows) error {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			return err
		}
		numbers = append(numbers, uint64(seq))
		return nil
	})
	return numbers, err
}
