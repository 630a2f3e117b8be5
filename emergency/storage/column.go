package storage

import (
	"time"

	"github.com/locket-health/locket/emergency"
)

// millis is how a time is kept: Unix milliseconds; 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// when reads what millis wrote, in UTC.
type when struct{ at *time.Time }

func (w when) Scan(value any) error {
	ms, ok := value.(int64)
	if !ok {
		return errColumn
	}
	*w.at = time.Time{}
	if ms != 0 {
		*w.at = time.UnixMilli(ms).UTC()
	}
	return nil
}

// fixed reads a blob of exactly the size of its target; NULL leaves zeros.
type fixed []byte

func (f fixed) Scan(value any) error {
	blob, ok := value.([]byte)
	switch {
	case value == nil:
		clear(f)
	case !ok || len(blob) != len(f):
		return errColumn
	default:
		copy(f, blob)
	}
	return nil
}

// flag is how a truth is kept in databases that have and that have not a type for it.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// token is how the hash of a secret is kept: NULL for none.
func token(t emergency.Token) any {
	if t.IsZero() {
		return nil
	}
	return t[:]
}
