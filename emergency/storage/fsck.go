package storage

import (
	"context"

	"github.com/locket-health/locket/audit"
)

var _ audit.Archive = (*Store)(nil)

var (
	checkpointsAfter = portable(`SELECT epoch, size, note, published_at FROM checkpoint_history WHERE (epoch, size) > ($1, $2) ORDER BY epoch, size LIMIT $3`)
	cosignedAfter    = portable(`SELECT witness, epoch, size, at, line FROM log_cosignature WHERE (epoch, size, witness) > ($1, $2, $3)
		ORDER BY epoch, size, witness LIMIT $4`)
	testimoniesAll = portable(`SELECT witness, epoch, size, signed_at, asked_at, alarm FROM log_witness ORDER BY witness, epoch`)
)

// Checkpoints implements audit.Archive.
func (s *Store) Checkpoints(ctx context.Context, epoch int, size int64, limit int) (list []audit.Signed, err error) {
	err = s.read(ctx, func(t *transaction) error {
		list, err = all(reader{t}, checkpointsAfter, func(v *audit.Signed) []any { return []any{&v.Epoch, &v.Size, &v.Note, when{&v.At}} }, epoch, size, limit)
		return err
	})
	return list, err
}

// AllCosignatures implements audit.Archive.
func (s *Store) AllCosignatures(ctx context.Context, epoch int, size int64, witness string, limit int) (list []audit.Cosignature, err error) {
	err = s.read(ctx, func(t *transaction) error {
		list, err = all(reader{t}, cosignedAfter, func(v *audit.Cosignature) []any {
			return []any{&v.Witness, &v.Epoch, &v.Size, when{&v.At}, &v.Line}
		}, epoch, size, witness, limit)
		return err
	})
	return list, err
}

// AllTestimonies implements audit.Archive.
func (s *Store) AllTestimonies(ctx context.Context) (list []audit.Testimony, err error) {
	err = s.read(ctx, func(t *transaction) error {
		list, err = all(reader{t}, testimoniesAll, func(v *audit.Testimony) []any {
			return []any{&v.Witness, &v.Epoch, &v.Size, when{&v.SignedAt}, when{&v.AskedAt}, &v.Alarm}
		})
		return err
	})
	return list, err
}

// SigningKeys implements audit.Archive.
func (s *Store) SigningKeys(ctx context.Context) ([]audit.SigningKey, error) {
	rows, err := s.LogKeys(ctx)
	keys := make([]audit.SigningKey, 0, len(rows))
	for _, row := range rows {
		keys = append(keys, audit.SigningKey{Epoch: row.Epoch, VKey: row.VKey})
	}
	return keys, err
}
