package storage

import (
	"database/sql"

	"github.com/locket-health/locket/emergency"
)

// reader is emergency.Reader on one transaction.
type reader struct{ t *transaction }

var _ emergency.Reader = reader{}

// all reads every row of a query into the targets of a new value.
func all[T any](r reader, query statement, targets func(*T) []any, args ...any) ([]T, error) {
	var list []T
	err := r.t.many(query, args, func(rows *sql.Rows) error {
		var each T
		if err := rows.Scan(targets(&each)...); err != nil {
			return err
		}
		list = append(list, each)
		return nil
	})
	return list, err
}
