package storage

import (
	"context"
	"errors"
	"slices"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

var (
	testimonyPut = portable(`INSERT INTO log_witness (witness, epoch, size, signed_at, asked_at, alarm) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (witness, epoch) DO UPDATE SET size = excluded.size, signed_at = excluded.signed_at, asked_at = excluded.asked_at, alarm = excluded.alarm`)
	testimonyKept = portable(`SELECT size, signed_at, alarm FROM log_witness WHERE witness = $1 AND epoch = $2`)
	testimonyFree = portable(`UPDATE log_witness SET alarm = '' WHERE epoch = $1`)
	testimonies   = portable(`SELECT witness, epoch, size, signed_at, asked_at, alarm FROM log_witness WHERE epoch = $1 ORDER BY witness`)

	// A witness that signs the same size again has seen it later: the newest of its lines is kept.
	cosignaturePut = portable(`INSERT INTO log_cosignature (epoch, size, witness, line, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (epoch, size, witness) DO UPDATE SET line = excluded.line, at = excluded.at`)
	cosignatures = portable(`SELECT witness, epoch, size, at, line FROM log_cosignature WHERE epoch = $1 AND size = $2 ORDER BY witness`)
)

// Testify implements audit.WitnessStore.
func (s *Store) Testify(ctx context.Context, said audit.Testimony, cosignature *audit.Cosignature, event *audit.Event) error {
	return s.update(ctx, func(t *tx) error {
		var before audit.Testimony
		if err := t.t.one(testimonyKept, []any{said.Witness, said.Epoch}, &before.Size, when{&before.SignedAt}, &before.Alarm); err != nil && !errors.Is(err, emergency.ErrNotFound) {
			return err
		}
		said := said.After(before)
		if _, err := t.t.exec(testimonyPut, said.Witness, said.Epoch, said.Size, millis(said.SignedAt), millis(said.AskedAt), string(said.Alarm)); err != nil {
			return err
		}
		if event != nil && before.Alarm != said.Alarm {
			t.Append(*event)
		}
		if cosignature == nil {
			return nil
		}
		_, err := t.t.exec(cosignaturePut, cosignature.Epoch, cosignature.Size, cosignature.Witness, cosignature.Line, millis(cosignature.At))
		return err
	})
}

// Retract implements audit.WitnessStore.
func (s *Store) Retract(ctx context.Context, epoch int, event audit.Event) (taken []audit.Testimony, err error) {
	err = s.update(ctx, func(t *tx) error {
		list, err := testimoniesOf(t.reader, epoch)
		if err != nil {
			return err
		}
		taken = slices.DeleteFunc(list, func(said audit.Testimony) bool { return said.Alarm == "" })
		if len(taken) == 0 {
			return nil
		}
		t.Append(event)
		_, err = t.t.exec(testimonyFree, epoch)
		return err
	})
	return taken, err
}

// Testimonies implements audit.WitnessStore.
func (s *Store) Testimonies(ctx context.Context, epoch int) (list []audit.Testimony, err error) {
	err = s.read(ctx, func(t *transaction) error {
		list, err = testimoniesOf(reader{t}, epoch)
		return err
	})
	return list, err
}

func testimoniesOf(r reader, epoch int) ([]audit.Testimony, error) {
	return all(r, testimonies, func(v *audit.Testimony) []any {
		return []any{&v.Witness, &v.Epoch, &v.Size, when{&v.SignedAt}, when{&v.AskedAt}, &v.Alarm}
	}, epoch)
}

// Cosignatures implements audit.Reader for the present epoch.
func (s *Store) Cosignatures(ctx context.Context, size int64) ([]audit.Cosignature, error) {
	return epochReader{s, present}.Cosignatures(ctx, size)
}

// Cosignatures implements audit.Reader.
func (r epochReader) Cosignatures(ctx context.Context, size int64) (list []audit.Cosignature, err error) {
	err = r.in(ctx, func(l logTx, e extent) error {
		list, err = all(reader(l), cosignatures, func(v *audit.Cosignature) []any {
			return []any{&v.Witness, &v.Epoch, &v.Size, when{&v.At}, &v.Line}
		}, e.number, size)
		return err
	})
	return list, err
}
