package storage

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

// keptMark is a high-water mark in memory.
type keptMark struct{ note []byte }

func (k *keptMark) Load(context.Context) ([]byte, error) { return k.note, nil }

func (k *keptMark) Swap(_ context.Context, old, note []byte) error {
	if !bytes.Equal(old, k.note) {
		return audit.ErrConflict
	}
	k.note = note
	return nil
}

// erase erases entries of the first epoch, with the entries that say so.
func erase(t *testing.T, s *Store, l *audit.Log, indices ...int64) {
	t.Helper()
	at := audittest.Epoch().AddDate(1, 0, 0)
	if err := s.update(t.Context(), func(tx *tx) error {
		for _, index := range indices {
			found, err := l.Erasable(t.Context(), 1, index)
			if err != nil {
				return err
			}
			said := found.Erased
			said.Ground = audit.OnRequest
			tx.Append(audit.Event{Type: audit.EntryErased, At: at, Subject: found.Entry.Subject, Actor: audit.Actor{Kind: audit.ByServer}, Details: said.Details()})
			if err := tx.EraseEntry(found.Entry.Row, at); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// cosign keeps what a witness says of a checkpoint.
func cosign(t *testing.T, s *Store, signed audit.Signed) {
	t.Helper()
	key := audittest.EpochKey(9)
	w, err := audit.NewWitness("witness.example/w1", key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	at := audittest.Epoch().Add(time.Minute)
	text, _, _ := bytes.Cut(signed.Note, []byte("\n\n"))
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s\n", at.Unix(), text)
	vkey := w.String()
	id, err := strconv.ParseUint(vkey[len("witness.example/w1+"):len("witness.example/w1+")+8], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	raw := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, uint32(id)), uint64(at.Unix()))
	raw = append(raw, ed25519.Sign(key, []byte(message))...)
	line := fmt.Appendf(nil, "— witness.example/w1 %s\n", base64.StdEncoding.EncodeToString(raw))
	said := audit.Testimony{Witness: vkey, Epoch: signed.Epoch, Size: signed.Size, SignedAt: at, AskedAt: at}
	if err := s.Testify(t.Context(), said, &audit.Cosignature{Witness: vkey, Epoch: signed.Epoch, Size: signed.Size, At: at, Line: line}, nil); err != nil {
		t.Fatal(err)
	}
}

// eventful is a small log in which everything has happened: two epochs, erasures, pruned rows, cosignatures.
func eventful(t *testing.T) (*Store, audit.FsckConfig) {
	t.Helper()
	s := openTest(t, Config{})
	putCard(t, s)
	for n := range 3 {
		if err := s.update(t.Context(), func(tx *tx) error { return tx.PutGrant(numbered(n)) }); err != nil {
			t.Fatal(err)
		}
	}
	mark := &keptMark{}
	first := audittest.NewLog(t, s)
	publish := func(l *audit.Log) audit.Signed {
		t.Helper()
		signed, err := l.Publish(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		mark.note = signed.Note
		return signed
	}
	audittest.Add(t, logStore{s}, audittest.Events(0, 11)...)
	cosign(t, s, publish(first))
	erase(t, s, first, 1, 2, 8)
	publish(first)
	pruning := audit.Pruning{Row: 5, Epoch: 1, Index: 5}
	if err := s.update(t.Context(), func(tx *tx) error {
		tx.Append(audit.Event{Type: audit.LogPruned, At: audittest.Epoch(), Actor: audit.Actor{Kind: audit.ByOperator}, Details: pruning.Details()})
		if err := tx.RaiseMinimum(5); err != nil {
			return err
		}
		n, err := tx.PruneEntries(0, 5)
		if err == nil && n != 2 {
			err = fmt.Errorf("%d rows are gone", n)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	cosign(t, s, publish(first))
	if err := s.PutLogKey(t.Context(), LogKey{Epoch: 1, VKey: audittest.EpochVKey(t, 1), Added: audittest.Epoch()}); err != nil {
		t.Fatal(err)
	}
	if err := s.BeginEpoch(t.Context(), audittest.Recovery(t, s, 2)); err != nil {
		t.Fatal(err)
	}
	second := audittest.NewEpochLog(t, s, 2, nil)
	audittest.Add(t, logStore{s}, audittest.Events(11, 18)...)
	cosign(t, s, publish(second))
	return s, audit.FsckConfig{Archive: s, Keys: second.Keys(), Opener: audittest.Sealer(), Mark: mark}
}

func TestFsck(t *testing.T) {
	s, config := eventful(t)
	var parts []string
	config.Progress = func(part string, _, _ int64) {
		if !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	report, err := audit.Fsck(t.Context(), config)
	if err != nil || len(report.Findings) != 0 {
		t.Fatalf("Fsck = %v, %v", report.Findings, err)
	}
	if report.Size != 11+3+1+1+7 || report.Erased != 1 || report.Pruned != 2 || report.Checkpoints != 4 || report.Cosignatures != 3 || !report.Marked || report.Epochs != 2 {
		t.Errorf("report = %+v", report)
	}
	if len(parts) != 6 {
		t.Errorf("progress was made in %v", parts)
	}

	// A log that goes back behind its mark, or is another one, is found by the mark alone.
	mark := config.Mark.(*keptMark)
	audittest.Add(t, logStore{s}, audittest.Events(18, 20)...)
	ahead, err := audittest.NewEpochLog(t, s, 2, nil).Publish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old, behind := eventful(t)
	behind.Mark = &keptMark{ahead.Note}
	for name, note := range map[string][]byte{"a mark above": ahead.Note, "a mark that is none": []byte("mark"), "a mark by another key": bytes.Replace(mark.note, []byte("locket.example/audit/log/2\n"), []byte("locket.example/audit/log/3\n"), 1)} {
		behind.Mark = &keptMark{note}
		report, err := audit.Fsck(t.Context(), behind)
		if err != nil || len(report.Findings) != 1 || report.Findings[0].Part != audit.PartMark {
			t.Errorf("%s: Fsck = %v, %v", name, report.Findings, err)
		}
	}

	// A checkpoint that the log's own key has signed of other entries: kept as published, and as the mark.
	other := audittest.NewMemory()
	audittest.Add(t, other, audittest.Events(40, 45)...)
	fork, err := audittest.NewLog(t, other).Publish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := old.update(t.Context(), func(tx *tx) error {
		_, err := tx.t.exec(checkpointInsert, 1, fork.Size, fork.Note, millis(fork.At))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	behind.Mark = &keptMark{fork.Note}
	if report, err := audit.Fsck(t.Context(), behind); err != nil || len(report.Findings) != 2 || report.Findings[0].Part != audit.PartCheckpoints || report.Findings[1].Part != audit.PartMark {
		t.Errorf("a fork: Fsck = %v, %v", report.Findings, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := audit.Fsck(ended, config); !errors.Is(err, context.Canceled) {
		t.Errorf("a check that was cut short: %v", err)
	}
}

// unsigned are the columns that nothing proves: when something was published, asked or added, and what only says what to do next.
var unsigned = map[string]bool{
	"checkpoint_history.published_at": true, "log_key.added_at": true, "log_key.retired_at": true,
	"log_witness.asked_at": true, "log_witness.signed_at": true, "log_witness.size": true, "log_witness.alarm": true,
}

// Whatever is changed in a table of the log, in whatever column, is found.
func TestFsckFindsEveryChange(t *testing.T) {
	const tries = 3 // of each column: enough to meet every kind of row
	s, config := eventful(t)
	db := s.writer.db
	s.writer.conn.Close() // the pool has one connection, and it is ours now
	s.writer.conn = nil
	triggers := names(t, db, `SELECT name FROM sqlite_schema WHERE type = 'trigger' AND (tbl_name GLOB 'log_*' OR tbl_name IN ('audit_entry', 'tlog_hash', 'checkpoint_history', 'subject_index'))`)
	for _, trigger := range triggers {
		mustExec(t, db, "DROP TRIGGER "+trigger)
	}
	rng := rand.New(rand.NewPCG(5, 2026))
	changes := 0
	for _, table := range []string{"audit_entry", "tlog_hash", "log_state", "log_epoch", "log_key", "checkpoint_history", "log_cosignature", "log_witness", "index_state", "subject_index", "patient_index"} {
		keys := names(t, db, `SELECT name FROM pragma_table_info('`+table+`') WHERE pk > 0 ORDER BY pk`)
		where := ""
		for i, key := range keys {
			if i > 0 {
				where += " AND "
			}
			where += fmt.Sprintf("%s = ?%d", key, i+1)
		}
		for _, column := range names(t, db, `SELECT name FROM pragma_table_info('`+table+`')`) {
			if unsigned[table+"."+column] {
				continue
			}
			for range tries {
				row := make([]any, len(keys)+1)
				targets := make([]any, len(row))
				for i := range row {
					targets[i] = &row[i]
				}
				selected := column
				for _, key := range keys {
					selected += ", " + key
				}
				var n int
				mustScan(t, db.QueryRow(`SELECT count(*) FROM `+table), &n)
				mustScan(t, db.QueryRow(fmt.Sprintf(`SELECT %s FROM %s LIMIT 1 OFFSET %d`, selected, table, rng.IntN(n))), targets...)
				old, key := row[0], row[1:]
				changed := flipped(rng, old)
				if changed == nil {
					continue // there is nothing in it
				}
				set := fmt.Sprintf(`UPDATE %s SET %s = ?%d WHERE %s`, table, column, len(keys)+1, where)
				if _, err := db.Exec(set, append(slices.Clone(key), changed)...); err != nil {
					continue // the database does not let it be
				}
				report, err := audit.Fsck(t.Context(), config)
				if err != nil || len(report.Findings) == 0 {
					t.Errorf("%s.%s of %v: %v was changed to %v, and nothing is found (%v)", table, column, key, old, changed, err)
				}
				changes++
				at := slices.Clone(key)
				if i := slices.Index(keys, column); i >= 0 {
					at[i] = changed
				}
				mustExec(t, db, set, append(at, old)...)
			}
		}
	}
	if changes < 80 {
		t.Errorf("only %d changes were tried", changes)
	}
	if report, err := audit.Fsck(t.Context(), config); err != nil || len(report.Findings) != 0 {
		t.Errorf("once all is as it was: %v, %v", report.Findings, err)
	}
}

// flipped changes one bit of a value.
func flipped(rng *rand.Rand, value any) any {
	switch v := value.(type) {
	case int64:
		return v ^ 1<<rng.IntN(20)
	case []byte:
		if len(v) == 0 {
			return nil
		}
		v = slices.Clone(v)
		v[rng.IntN(len(v))] ^= 1 << rng.IntN(8)
		return v
	case string:
		if v == "" {
			return nil
		}
		b := []byte(v)
		b[rng.IntN(len(b))] ^= 1 << rng.IntN(5)
		return string(b)
	default:
		return nil
	}
}

func names(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		list = append(list, name)
	}
	return list
}

func mustExec(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func mustScan(t *testing.T, row *sql.Row, targets ...any) {
	t.Helper()
	if err := row.Scan(targets...); err != nil {
		t.Fatal(err)
	}
}
