package storage

import "github.com/locket-health/locket/emergency"

// reader is emergency.Reader on one transaction.
type reader struct{ t *transaction }

var _ emergency.Reader = reader{}
