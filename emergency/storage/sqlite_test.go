package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-sqlite3"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

// A store that could lose what it acknowledged does not start.
func TestOpenRefusesWhatIsNotDurable(t *testing.T) {
	for _, c := range []struct{ lower, setting string }{
		{"PRAGMA synchronous=NORMAL", "synchronous"},
		{"PRAGMA synchronous=OFF", "synchronous"},
		{"PRAGMA journal_mode=DELETE", "journal_mode"},
		{"PRAGMA journal_mode=MEMORY", "journal_mode"},
		{"PRAGMA foreign_keys=OFF", "foreign_keys"},
	} {
		t.Run(c.lower, func(t *testing.T) {
			config := Config{Path: filepath.Join(t.TempDir(), "locket.db"), Create: true, Sealer: audittest.Sealer()}
			s, err := open(t.Context(), config, connector{lower: c.lower})
			var refused *DurabilityError
			if !errors.As(err, &refused) || refused.Setting != c.setting {
				t.Errorf("got %v, want a refusal because of %s", err, c.setting)
			}
			if err == nil {
				s.Close()
			}
		})
	}
	t.Run("nothing lowered", func(t *testing.T) { openTest(t, Config{}) })
}

func TestOpenRefusesWhatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(t.Context(), Config{Path: filepath.Join(dir, "locket.db"), Sealer: audittest.Sealer()}); !errors.Is(err, ErrNoDatabase) {
		t.Errorf("got %v, want ErrNoDatabase", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("%d files were made", len(files))
	}
	if _, err := Open(t.Context(), Config{Path: filepath.Join(dir, "locket.db"), Create: true}); err == nil {
		t.Error("a store without a sealer was opened")
	}
}

func TestFilesAreForTheirOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "locket.db")
	s := openTest(t, Config{Path: path, Create: true})
	putCard(t, s)
	for name, want := range map[string]os.FileMode{filepath.Dir(path): 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s: mode %o, want %o", filepath.Base(name), got, want)
		}
	}
	t.Run("restored by hand", func(t *testing.T) {
		path := withCard(t)
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		openTest(t, Config{Path: path})
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
		}
	})
}

func TestReadOnly(t *testing.T) {
	path := withCard(t)
	s := openTest(t, Config{Path: path, ReadOnly: true})
	if err := open1(t.Context(), s, 1); !errors.Is(err, emergency.ErrLogUnavailable) {
		t.Errorf("Update: got %v, want ErrLogUnavailable", err)
	}
	if size := verifies(t, s); size != 0 {
		t.Errorf("the log has %d entries, want 0", size)
	}
}

// F13: an older program says so instead of guessing.
func TestOpenRefusesANewerSchema(t *testing.T) {
	path := withCard(t)
	execute(t, path, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (29990101000000, 1)`)
	for _, readOnly := range []bool{false, true} {
		_, err := Open(t.Context(), Config{Path: path, Sealer: audittest.Sealer(), ReadOnly: readOnly})
		var refused *SchemaError
		if !errors.As(err, &refused) || refused.Database != 29990101000000 {
			t.Errorf("read-only %v: got %v, want a *SchemaError", readOnly, err)
		}
		if err != nil && !strings.Contains(err.Error(), "newer program") {
			t.Errorf("the refusal does not say why: %v", err)
		}
	}
}

func execute(t *testing.T, path, command string) {
	t.Helper()
	db, err := sql.Open("sqlite3", fileName(path, "mode=rw"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(command); err != nil {
		t.Fatal(err)
	}
}

// watched calls before ahead of every statement that a migration runs.
type watched struct {
	*sqlite3.SQLiteConn
	before func()
}

func (w watched) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	w.before()
	return w.SQLiteConn.ExecContext(ctx, query, args)
}

// F13: the files as a kill before any statement of the migration, or in its commit, would leave them hold the old schema or the new one, and open.
func TestMigrationKilledAtEveryStatement(t *testing.T) {
	path := filepath.Join(t.TempDir(), "locket.db")
	var snapshots []string
	seen, last := 0, "" // most statements leave the files as they are until the commit
	snapshot := func() {
		seen++
		now := ""
		for _, part := range []string{"", "-wal"} {
			if content, err := os.ReadFile(path + part); err == nil {
				now += fmt.Sprintf("%x ", sha256.Sum256(content))
			}
		}
		if now == last {
			return
		}
		last = now
		dir := filepath.Join(t.TempDir(), strconv.Itoa(len(snapshots)))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"", "-wal"} {
			if _, err := os.Stat(path + part); err == nil {
				copyFile(t, path+part, filepath.Join(dir, "locket.db"+part))
			}
		}
		snapshots = append(snapshots, filepath.Join(dir, "locket.db"))
	}
	wrap := func(conn *sqlite3.SQLiteConn) driver.Conn { return watched{conn, snapshot} }
	s, err := open(t.Context(), Config{Path: path, Create: true, Sealer: audittest.Sealer()}, connector{wrap: wrap})
	if err != nil {
		t.Fatal(err)
	}
	snapshot()
	s.Close()
	if seen < 40 || len(snapshots) < 3 {
		t.Fatalf("%d statements and %d states of the files were seen: the migration was not watched", seen, len(snapshots))
	}
	// A kill in the middle of the commit leaves a part of the write-ahead log.
	whole := snapshots[len(snapshots)-1]
	wal, err := os.ReadFile(whole + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	for length := 0; length < len(wal); length += 10_000 {
		cut := filepath.Join(t.TempDir(), "locket.db")
		copyFile(t, whole, cut)
		if err := os.WriteFile(cut+"-wal", wal[:length], 0o600); err != nil {
			t.Fatal(err)
		}
		snapshots = append(snapshots, cut)
	}
	complete := parts(t, whole)
	if complete == 0 {
		t.Fatal("the last state has no schema")
	}
	between := betweenMigrations(t, complete)
	for i, killed := range snapshots {
		if got := parts(t, killed); got != 0 && !slices.Contains(between, got) {
			t.Errorf("state %d: %d tables and triggers, want none or those between two migrations, %v", i, got, between)
		}
		after, err := Open(t.Context(), Config{Path: killed, Sealer: audittest.Sealer()})
		if err != nil {
			t.Errorf("state %d does not open: %v", i, err)
			continue
		}
		putCard(t, after)
		after.Close()
	}
}

// betweenMigrations lists how many tables and triggers there are after each migration, all of them after the last one.
func betweenMigrations(t *testing.T, complete int) []int {
	t.Helper()
	files, err := filepath.Glob("migrations/sqlite/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no migrations", err)
	}
	counts := []int{complete}
	for i := len(files) - 1; i > 0; i-- {
		text, err := os.ReadFile(files[i])
		if err != nil {
			t.Fatal(err)
		}
		complete -= len(regexp.MustCompile(`(?m)^CREATE (TABLE|TRIGGER)`).FindAll(text, -1))
		complete += len(regexp.MustCompile(`(?m)^DROP (TABLE|TRIGGER)`).FindAll(text, -1))
		counts = append(counts, complete)
	}
	return counts
}

// upgraded is a database that a program of an older schema has filled by commands, opened by this one.
func upgraded(t *testing.T, version int64, commands ...string) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "locket.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	db := pool(connector{path: path}, writing, 1)
	older, err := schema(db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := older.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	for _, command := range commands {
		if _, err := db.Exec(command); err != nil {
			t.Fatalf("%s: %v", command, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return openTest(t, Config{Path: path})
}

// What an older program kept is there for this one: a wait goes on, and a grant is found by its token.
func TestUpgradeKeepsWaitsAndGrants(t *testing.T) {
	s := upgraded(t, 20261122070000,
		`INSERT INTO patient VALUES ('patient', NULL, 0, 5000, 0)`,
		`INSERT INTO account VALUES ('account', NULL, 5000, 0, NULL, 0, '')`,
		`INSERT INTO keeper VALUES ('account', 'patient')`,
		`INSERT INTO card VALUES (x'01000000000000000000000000000000', 'patient', 'wallet', zeroblob(8), 1, 9, 0, zeroblob(32), '', zeroblob(16), NULL, NULL)`,
		`INSERT INTO request VALUES (x'01000000000000000000000000000000', 'critical', 'patient', 1000, 2000, 0, 3000)`,
		`INSERT INTO access_grant VALUES ('grant', zeroblob(32), x'01000000000000000000000000000000', 'patient', 'critical', 6, 1000, 2000, 1500)`,
	)
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	key := emergency.RequestKey{Card: cards.ID{1}, Step: "critical"}
	wait := emergency.Request{RequestKey: key, Patient: "patient", AskedAt: at(1), OpensAt: at(2), EndsAt: at(3)}
	err := s.View(t.Context(), func(r emergency.Reader) error {
		got, err := r.Request(key)
		if wait.ID = got.ID; len(got.ID) != 22 || !cmp.Equal(got, wait) {
			t.Errorf("the wait: got %+v, want %+v with an id", got, wait)
		}
		grant, grantErr := r.Grant(emergency.Token{})
		if want := (emergency.Grant{ID: "grant", Card: key.Card, Patient: "patient", Step: "critical", Sections: 6, From: at(1), Until: at(2),
			EndedAt: at(1).Add(500 * time.Millisecond)}); !cmp.Equal(grant, want) {
			t.Errorf("the grant: got %+v, want %+v", grant, want)
		}
		keepers, keeperErr := r.KeepersOf("patient")
		if want := []emergency.Keeper{{Account: "account", Patient: "patient", Role: emergency.KeeperOther}}; !cmp.Equal(keepers, want) {
			t.Errorf("the keepers: got %+v, want %+v", keepers, want)
		}
		due, dueErr := r.DrillsDue(at(6), 10)
		if len(due) != 1 {
			t.Errorf("%d drills are due, want that of the patient, who never had one", len(due))
		}
		return errors.Join(err, grantErr, keeperErr, dueErr)
	})
	if err != nil {
		t.Error(err)
	}
	if err := open1(t.Context(), s, 1); err != nil { // the card is there for a new grant, and the sum still follows
		t.Error(err)
	}
	err = s.View(t.Context(), func(r emergency.Reader) error {
		counts, err := r.Counts()
		if counts["grants"] != 2 {
			t.Errorf("%d grants are counted, want 2", counts["grants"])
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// What hangs on a grant is there after the grants have moved, and so are the entries of each subject.
func TestUpgradeKeepsWhatHangsOnGrants(t *testing.T) {
	s := upgraded(t, 20261122150000,
		`INSERT INTO patient (id, seen_seq, created_at, deleted_at) VALUES ('patient', 0, 5000, 0)`,
		`INSERT INTO card VALUES (x'01000000000000000000000000000000', 'patient', 'wallet', zeroblob(8), 1, 9, 0, zeroblob(32), '', zeroblob(16), NULL, NULL)`,
		`INSERT INTO access_grant VALUES ('later', randomblob(32), NULL, 'patient', 'sensitive', 6, 3000, 4000, 0, 'contact', '', '', 0, NULL)`,
		`INSERT INTO access_grant VALUES ('grant', zeroblob(32), x'01000000000000000000000000000000', 'patient', 'critical', 6, 1000, 2000, 1500, '', 'house', 'member', 1, x'07')`,
		`INSERT INTO message VALUES ('grant', 1, 'patient', x'08', 1100)`,
		`INSERT INTO review VALUES ('grant', 'patient', 'house', 'expected', 'account', x'09', 1200, 0, 0, NULL)`,
		`INSERT INTO handover VALUES (zeroblob(32), 'grant', x'0b', 3, 1900)`,
		`INSERT INTO receipt VALUES (zeroblob(32), 7000)`,
		`INSERT INTO audit_entry VALUES (0, zeroblob(48), 'patient', 1, 'card.issued', 1000, x'0c', 0)`,
		`INSERT INTO audit_entry VALUES (1, zeroblob(48), NULL, NULL, 'log.checked', 1000, x'0c', 0)`,
		`INSERT INTO audit_entry VALUES (2, zeroblob(48), 'patient', 2, 'glass.opened', 1000, x'0c', 0)`,
		`UPDATE log_state SET size = 3`,
	)
	err := s.View(t.Context(), func(r emergency.Reader) error {
		grants, err := r.Grants(emergency.GrantFilter{Patient: "patient"})
		if len(grants) != 2 || grants[0].ID != "later" || grants[0].Contact != "contact" || grants[1].Card != (cards.ID{1}) || !grants[1].Drill || grants[1].Member != "member" ||
			!bytes.Equal(grants[1].SealedStated, []byte{7}) {
			t.Errorf("the grants are %+v", grants)
		}
		messages, messageErr := r.Messages("grant", 0)
		if len(messages) != 1 || !bytes.Equal(messages[0].Sealed, []byte{8}) {
			t.Errorf("the messages are %+v", messages)
		}
		counts, countErr := r.Counts()
		if counts["grants"] != 2 {
			t.Errorf("%d grants are counted, want 2", counts["grants"])
		}
		return errors.Join(err, messageErr, countErr)
	})
	if err != nil {
		t.Error(err)
	}
	entries, err := s.SubjectEntries(t.Context(), "patient", 0, 10)
	if err != nil || len(entries) != 2 || entries[1].Row != 2 || entries[1].Seq != 2 {
		t.Errorf("the entries are %+v, %v", entries, err)
	}
	err = s.Update(t.Context(), func(tx emergency.Tx) error {
		return tx.PutReceipt(emergency.Token{}, time.UnixMilli(7000))
	})
	if !errors.Is(err, emergency.ErrConflict) {
		t.Errorf("a report that was received before: %v", err)
	}
	for table, want := range map[string]int{"review": 1, "handover": 1} {
		var n int
		if err := s.readers.QueryRow("SELECT count(*) FROM " + table + " WHERE grant_id = 'grant'").Scan(&n); err != nil || n != want {
			t.Errorf("%s has %d rows of the grant, %v", table, n, err)
		}
	}
	if err := s.Check(t.Context(), true); err != nil {
		t.Error(err)
	}
	if err := s.Update(t.Context(), func(tx emergency.Tx) error { return tx.PutGrant(numbered(1)) }); err != nil {
		t.Errorf("a new grant: %v", err)
	}
}

// parts counts the tables and triggers of a database.
func parts(t *testing.T, path string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite3", fileName(path, "mode=rw"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.QueryRow(`SELECT count(*) FROM sqlite_schema WHERE type IN ('table', 'trigger') AND name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite%'`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The guards stop accidents with the database in hand.
func TestTheLogCannotBeEditedByAccident(t *testing.T) {
	s := openTest(t, Config{})
	putCard(t, s)
	for n := range 3 {
		if err := open1(t.Context(), s, n); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := audittest.NewLog(t, s).Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{
		`DELETE FROM audit_entry WHERE idx = 2`,
		`UPDATE audit_entry SET leaf = zeroblob(48) WHERE idx = 1`,
		`UPDATE audit_entry SET idx = 7 WHERE idx = 1`,
		`UPDATE audit_entry SET subject = 'somebody else' WHERE idx = 1`,
		`UPDATE audit_entry SET seq = 9 WHERE idx = 1`,
		`UPDATE audit_entry SET type = 'card.scanned' WHERE idx = 1`,
		`UPDATE audit_entry SET at = 0 WHERE idx = 1`,
		`UPDATE audit_entry SET sealed = x'00' WHERE idx = 1`,
		`DELETE FROM tlog_hash WHERE id = 0`,
		`UPDATE tlog_hash SET h = zeroblob(32) WHERE id = 0`,
		`UPDATE log_state SET size = 2`,
		`DELETE FROM log_state`,
		`DELETE FROM checkpoint_history`,
		`UPDATE checkpoint_history SET note = x'00'`,
	} {
		t.Run(command, func(t *testing.T) {
			if err := s.update(t.Context(), func(x *tx) error { _, err := x.t.exec(statement(command)); return err }); err == nil {
				t.Error("it was done")
			}
		})
	}
	t.Run("erasing the content of an entry is not an accident", func(t *testing.T) {
		erase := statement(`UPDATE audit_entry SET sealed = NULL, erased_at = 1 WHERE idx = 1`)
		if err := s.update(t.Context(), func(x *tx) error { _, err := x.t.exec(erase); return err }); err != nil {
			t.Error(err)
		}
	})
	if _, err := audit.VerifyStore(t.Context(), s, audittest.NewLog(t, s).Keys(), audittest.Sealer(), nil); err == nil || !strings.Contains(err.Error(), "no later entry") {
		t.Errorf("nobody has said that it was erased: %v", err)
	}
}

// statements returns every SQL text of the package, found in its source, by the name of its variable.
func statements(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	set, constants, found := gotoken.NewFileSet(), map[string]string{}, map[string]string{}
	var text func(ast.Expr) string
	text = func(e ast.Expr) string {
		switch e := e.(type) {
		case *ast.BasicLit:
			if e.Kind != gotoken.STRING {
				return ""
			}
			s, err := strconv.Unquote(e.Value)
			if err != nil {
				t.Fatal(err)
			}
			return s
		case *ast.Ident:
			return constants[e.Name]
		case *ast.BinaryExpr:
			return text(e.X) + text(e.Y)
		}
		return ""
	}
	var parsed []*ast.File
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	for _, pass := range []string{"constants", "statements"} {
		for _, file := range parsed {
			ast.Inspect(file, func(n ast.Node) bool {
				spec, ok := n.(*ast.ValueSpec)
				if !ok || len(spec.Values) != len(spec.Names) {
					return true
				}
				for i, value := range spec.Values {
					call, isCall := value.(*ast.CallExpr)
					if pass == "constants" && !isCall {
						constants[spec.Names[i].Name] = text(value)
					}
					if pass == "statements" && isCall {
						if f, ok := call.Fun.(*ast.Ident); ok && f.Name == "portable" {
							found[spec.Names[i].Name] = text(call.Args[0])
						}
					}
				}
				return true
			})
		}
	}
	if len(found) < 50 {
		t.Fatalf("%d statements found", len(found))
	}
	return found
}

// Parameters are numbered in the order in which they appear, each once: the one form that every database reads alike.
func TestParametersAreInOrder(t *testing.T) {
	number := regexp.MustCompile(`\$(\d+)`)
	for name, query := range statements(t) {
		for i, match := range number.FindAllStringSubmatch(query, -1) {
			if match[1] != strconv.Itoa(i+1) {
				t.Errorf("%s: parameter %s stands where $%d should", name, match[0], i+1)
			}
		}
		if strings.Contains(query, "*") && !strings.Contains(query, "count(*)") && name != "hashesInsert" {
			t.Errorf("%s selects everything", name)
		}
	}
}

// No statement reads a whole table that grows.
func TestEveryStatementUsesAnIndex(t *testing.T) {
	s := openTest(t, Config{})
	small := regexp.MustCompile(`^SCAN (tally|issuer_key|organization|log_epoch|log_key|log_witness|subject_entry|patient_grant|step|\(?SELECT)|^SCAN CONSTANT ROW|^SCAN \d+ CONSTANT`)
	for name, query := range statements(t) {
		if strings.HasPrefix(query, "PRAGMA") || strings.HasSuffix(name, "Misplaced") || name == "grantsLost" { // a check reads everything
			continue
		}
		arguments := make([]any, strings.Count(query, "$"))
		for i := range arguments {
			arguments[i] = 1
		}
		err := s.read(t.Context(), func(x *transaction) error {
			return x.many("EXPLAIN QUERY PLAN "+portable(query), arguments, func(rows *sql.Rows) error {
				var id, parent, unused int
				var detail string
				if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
					return err
				}
				if strings.HasPrefix(detail, "SCAN") && !small.MatchString(detail) {
					t.Errorf("%s reads a whole table: %s", name, detail)
				}
				if strings.Contains(detail, "AUTOMATIC") {
					t.Errorf("%s builds an index each time: %s", name, detail)
				}
				return nil
			})
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPanicErrorTellsNothing(t *testing.T) {
	for _, c := range []struct {
		name  string
		value any
		want  string
	}{
		{"a text, which may be a secret", "the secret", "storage: a change panicked with a value of type string"},
		{"an error, which may hold one", errors.New("the secret"), "storage: a change panicked with a value of type *errors.errorString"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := (&PanicError{Value: c.value}).Error(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("a bug says what it is", func(t *testing.T) {
		s := openTest(t, Config{})
		var nobody *emergency.Account
		err := s.Update(t.Context(), func(tx emergency.Tx) error { return tx.PutAccount(*nobody) })
		var panicked *PanicError
		if !errors.As(err, &panicked) || !strings.Contains(err.Error(), "nil pointer") || len(panicked.Stack) == 0 {
			t.Errorf("got %v, want a *PanicError that names the bug and where it is", err)
		}
	})
}
