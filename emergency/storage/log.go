package storage

import (
	"bytes"
	"context"
	"database/sql"
	"errors"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// entriesTogether is how many entries are inserted by one statement.
const entriesTogether = 16

const entryColumns = `idx, leaf, subject, seq, type, at, sealed, erased_at`

var (
	stateGet  = portable(`SELECT epoch, first, size, edge FROM log_state WHERE one = 1`)
	stateSwap = portable(`UPDATE log_state SET size = $1, edge = $2 WHERE one = 1 AND epoch = $3 AND size = $4`)

	entryInsert      = portable(`INSERT INTO audit_entry (` + entryColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)
	entriesInsert    = entryInsert.repeated(entriesTogether)
	entryLeaf        = portable(`SELECT leaf FROM audit_entry WHERE idx = $1`)
	entriesBetween   = portable(`SELECT ` + entryColumns + ` FROM audit_entry WHERE idx >= $1 AND idx < $2 ORDER BY idx`)
	entriesOfSubject = portable(`SELECT ` + entryColumns + ` FROM subject_entry WHERE subject = $1 AND seq > $2 ORDER BY seq LIMIT $3`)
	entriesTail      = portable(`SELECT subject, seq, leaf FROM audit_entry WHERE idx >= $1 AND subject IS NOT NULL ORDER BY idx`)
	entryHead        = portable(`SELECT seq, leaf FROM subject_entry WHERE subject = $1 ORDER BY seq DESC LIMIT 1`)
	entryIndexed     = portable(`SELECT s.seq, e.leaf FROM subject_index s CROSS JOIN audit_entry e ON e.idx = s.idx WHERE s.subject = $1 ORDER BY s.seq DESC LIMIT 1`)
	entriesUnseen    = portable(`SELECT type, count(*) FROM subject_entry WHERE subject = $1 AND seq > $2 GROUP BY type`)

	// All hashes of an append in one statement: they come end to end, and the numbers without a gap, those of an epoch after all those of the epochs before.
	hashesInsert = portable(`INSERT INTO tlog_hash (id, h)
		WITH RECURSIVE step (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM step WHERE i + 1 < $1)
		SELECT (SELECT first_hash FROM log_state WHERE one = 1) + $2 + i, substr($3, i * 32 + 1, 32) FROM step`)
	hashAt = portable(`SELECT h FROM tlog_hash WHERE id = $1`)
	// And all that are read together in one row, end to end: a row for each costs more than hashing does.
	hashesBetween = portable(`SELECT count(*), COALESCE(sum(length(h) <> 32), 0), CAST(COALESCE(group_concat(h, '' ORDER BY id), '') AS BLOB)
		FROM tlog_hash WHERE id >= $1 AND id < $2`)

	checkpointLatest = portable(`SELECT epoch, size, note, published_at FROM checkpoint_history WHERE epoch = $1 ORDER BY size DESC LIMIT 1`)
	checkpointInsert = portable(`INSERT INTO checkpoint_history (epoch, size, note, published_at) VALUES ($1, $2, $3, $4)`)

	tallies = portable(`SELECT name, n FROM tally UNION ALL SELECT 'grants', COALESCE(max(number), 0) FROM access_grant`)
)

// logTx is audit.Tx in the writer's transaction, and what of audit.Reader concerns one snapshot.
type logTx struct{ t *transaction }

var _ audit.Tx = logTx{}

// LogState implements audit.Tx. It is read anew in every transaction: other programs append to the same log.
func (l logTx) LogState(context.Context) (audit.State, error) {
	var state audit.State
	var edge []byte
	if err := l.t.one(stateGet, nil, &state.Epoch, &state.First, &state.Size, &edge); err != nil {
		return audit.State{}, err
	}
	hashes, err := splitHashes(edge)
	state.Edge = hashes
	return state, err
}

// LogHead implements audit.Tx.
func (l logTx) LogHead(_ context.Context, subject string) (audit.Head, error) {
	query := entryHead
	if l.t.lag != nil {
		if head, ok := l.t.lag.heads[subject]; ok {
			return head, nil
		}
		query = entryIndexed
	}
	var head audit.Head
	var leaf audit.Commitment
	err := l.t.one(query, []any{subject}, &head.Seq, fixed(leaf[:]))
	if errors.Is(err, emergency.ErrNotFound) {
		return audit.Head{}, nil
	}
	head.Leaf = leaf.LeafHash()
	return head, err
}

// headsFrom returns the last entry of each subject that has one from a row on.
func headsFrom(t *transaction, row int64) (map[string]audit.Head, error) {
	heads := make(map[string]audit.Head)
	err := t.many(entriesTail, []any{row}, func(rows *sql.Rows) error {
		var subject string
		var head audit.Head
		var leaf audit.Commitment
		if err := rows.Scan(&subject, &head.Seq, fixed(leaf[:])); err != nil {
			return err
		}
		head.Leaf = leaf.LeafHash()
		heads[subject] = head
		return nil
	})
	return heads, err
}

// InsertEntries implements audit.Tx.
func (l logTx) InsertEntries(_ context.Context, entries []audit.Entry) error {
	var args []any
	for rest := entries; len(rest) > 0; {
		query, n := entryInsert, 1
		if len(rest) >= entriesTogether {
			query, n = entriesInsert, entriesTogether
		}
		args = args[:0]
		for i := range n {
			e := &rest[i]
			var subject, seq any
			if e.Subject != "" {
				subject, seq = e.Subject, int64(e.Seq)
			}
			args = append(args, e.Row, e.Leaf[:], subject, seq, string(e.Type), millis(e.At), e.Sealed, millis(e.ErasedAt))
		}
		if _, err := l.t.exec(query, args...); err != nil {
			return err
		}
		rest = rest[n:]
	}
	l.t.lag.grow(entries)
	return nil
}

// InsertHashes implements audit.Tx.
func (l logTx) InsertHashes(_ context.Context, firstID int64, hashes []tlog.Hash) error {
	if len(hashes) == 0 {
		return nil
	}
	_, err := l.t.exec(hashesInsert, len(hashes), firstID, joinHashes(hashes))
	return err
}

// SwapState implements audit.Tx.
func (l logTx) SwapState(_ context.Context, oldSize int64, state audit.State) error {
	return l.t.write(audit.ErrConflict, stateSwap, state.Size, joinHashes(state.Edge), state.Epoch, oldSize)
}

// leafAt returns the leaf hash of the entry in a row.
func (l logTx) leafAt(row int64) (tlog.Hash, error) {
	var leaf audit.Commitment
	err := l.t.one(entryLeaf, []any{row}, fixed(leaf[:]))
	return leaf.LeafHash(), err
}

// hashes returns those that are stored from one number to below another.
func (l logTx) hashes(from, to int64) ([]tlog.Hash, error) {
	if from+1 == to { // as in proofs, and in tiles of higher levels
		var h tlog.Hash
		err := l.t.one(hashAt, []any{from}, fixed(h[:]))
		if errors.Is(err, emergency.ErrNotFound) {
			return nil, audit.ErrNotFound
		}
		return []tlog.Hash{h}, err
	}
	var count, odd int
	var joined []byte
	if err := l.t.one(hashesBetween, []any{from, to}, &count, &odd, &joined); err != nil {
		return nil, err
	}
	if odd > 0 || len(joined) != count*tlog.HashSize {
		return nil, errColumn
	}
	return splitHashes(joined)
}

func (l logTx) checkpoint(epoch int) (audit.Signed, error) {
	var signed audit.Signed
	err := l.t.one(checkpointLatest, []any{epoch}, &signed.Epoch, &signed.Size, &signed.Note, when{&signed.At})
	if errors.Is(err, emergency.ErrNotFound) {
		return audit.Signed{}, nil
	}
	return signed, err
}

// entries reads rows and gives each its place in its epoch.
func (l logTx) entries(among extents, query statement, args ...any) ([]audit.Entry, error) {
	var list []audit.Entry
	err := l.t.many(query, args, func(rows *sql.Rows) error {
		var e audit.Entry
		var subject sql.NullString
		var seq sql.NullInt64
		if err := rows.Scan(&e.Row, fixed(e.Leaf[:]), &subject, &seq, &e.Type, when{&e.At}, &e.Sealed, when{&e.ErasedAt}); err != nil {
			return err
		}
		e.Subject, e.Seq = subject.String, uint64(seq.Int64)
		in := among.of(e.Row)
		e.Epoch, e.Index = in.number, e.Row-in.first
		list = append(list, e)
		return nil
	})
	return list, err
}

// SubjectEntries implements audit.Reader.
func (s *Store) SubjectEntries(ctx context.Context, subject string, afterSeq uint64, limit int) (list []audit.Entry, err error) {
	err = s.read(ctx, func(t *transaction) error {
		among, err := logTx{t}.extents()
		if err != nil {
			return err
		}
		list, err = logTx{t}.entries(among, entriesOfSubject, subject, int64(afterSeq), limit)
		return err
	})
	return list, err
}

// SaveCheckpoint implements audit.Store.
func (s *Store) SaveCheckpoint(ctx context.Context, signed audit.Signed) error {
	return s.update(ctx, func(t *tx) error {
		state, err := logTx{t.t}.LogState(ctx)
		if err != nil {
			return err
		}
		last, err := logTx{t.t}.checkpoint(state.Epoch)
		switch {
		case err != nil:
			return err
		case signed.Epoch != state.Epoch:
			return audit.ErrConflict
		case last.Note != nil && last.Size == signed.Size && bytes.Equal(last.Note, signed.Note):
			return nil
		case last.Note != nil && last.Size >= signed.Size:
			return audit.ErrConflict
		}
		_, err = t.t.exec(checkpointInsert, signed.Epoch, signed.Size, signed.Note, millis(signed.At))
		return err
	})
}

// LastEntry implements emergency.Reader.
func (r reader) LastEntry(subject string) (uint64, error) {
	head, err := logTx(r).LogHead(context.Background(), subject)
	return head.Seq, err
}

// Unseen implements emergency.Reader.
func (r reader) Unseen(patient emergency.PatientID, after uint64, types []audit.Type) (int, error) {
	wanted := make(map[audit.Type]bool, len(types))
	for _, t := range types {
		wanted[t] = true
	}
	sum := 0
	err := r.t.many(entriesUnseen, []any{string(patient), int64(after)}, func(rows *sql.Rows) error {
		var kind audit.Type
		var n int
		if err := rows.Scan(&kind, &n); err != nil {
			return err
		}
		if wanted[kind] {
			sum += n
		}
		return nil
	})
	return sum, err
}

// Counts implements emergency.Reader.
func (r reader) Counts() (map[string]int64, error) {
	counts := make(map[string]int64)
	err := r.t.many(tallies, nil, func(rows *sql.Rows) error {
		var name string
		var n int64
		if err := rows.Scan(&name, &n); err != nil {
			return err
		}
		counts[name] = n
		return nil
	})
	return counts, err
}

func joinHashes(hashes []tlog.Hash) []byte {
	joined := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		joined = append(joined, h[:]...)
	}
	return joined
}

func splitHashes(joined []byte) ([]tlog.Hash, error) {
	if len(joined)%tlog.HashSize != 0 {
		return nil, errColumn
	}
	hashes := make([]tlog.Hash, 0, len(joined)/tlog.HashSize)
	for ; len(joined) > 0; joined = joined[tlog.HashSize:] {
		hashes = append(hashes, tlog.Hash(joined[:tlog.HashSize]))
	}
	return hashes, nil
}
