-- +goose Up

-- A key that comes in no order costs a page for almost every row. The keys of what is written most come in order here; the two indices whose keys cannot are
-- tables of their own, so that many rows can be added to them at once.

-- A report of a reading is known by when it ends and its hash.
CREATE TABLE receipt_2 (
    ends_at INTEGER NOT NULL,
    hash    BLOB NOT NULL,
    PRIMARY KEY (ends_at, hash)
) STRICT, WITHOUT ROWID;
INSERT INTO receipt_2 SELECT ends_at, hash FROM receipt ORDER BY ends_at, hash;
DROP TABLE receipt;
ALTER TABLE receipt_2 RENAME TO receipt;

-- Grants by number. Their patients and cards are never deleted, so nothing looks for them at each grant.
CREATE TABLE access_grant_3 (
    number        INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    token         BLOB NOT NULL UNIQUE,
    card          BLOB,
    patient       TEXT NOT NULL,
    step          TEXT NOT NULL,
    sections      INTEGER NOT NULL,
    begins_at     INTEGER NOT NULL,
    until_at      INTEGER NOT NULL,
    ended_at      INTEGER NOT NULL,
    contact       TEXT NOT NULL,
    organization  TEXT NOT NULL,
    member        TEXT NOT NULL,
    drill         INTEGER NOT NULL,
    sealed_stated BLOB
) STRICT;
INSERT INTO access_grant_3 (id, token, card, patient, step, sections, begins_at, until_at, ended_at, contact, organization, member, drill, sealed_stated)
    SELECT id, token, card, patient, step, sections, begins_at, until_at, ended_at, contact, organization, member, drill, sealed_stated
    FROM access_grant ORDER BY begins_at, id;

-- What hangs on a grant moves with it.
CREATE TABLE message_3 (
    grant_id TEXT NOT NULL REFERENCES access_grant_3 (id),
    number   INTEGER NOT NULL,
    sender   TEXT NOT NULL,
    sealed   BLOB,
    at       INTEGER NOT NULL,
    PRIMARY KEY (grant_id, number)
) STRICT, WITHOUT ROWID;
INSERT INTO message_3 SELECT grant_id, number, sender, sealed, at FROM message;
DROP TABLE message;
CREATE TABLE review_3 (
    grant_id      TEXT PRIMARY KEY REFERENCES access_grant_3 (id),
    patient       TEXT NOT NULL REFERENCES patient (id),
    organization  TEXT NOT NULL,
    verdict       TEXT NOT NULL,
    by_account    TEXT NOT NULL,
    sealed_words  BLOB,
    at            INTEGER NOT NULL,
    due_at        INTEGER NOT NULL,
    answered_at   INTEGER NOT NULL,
    sealed_answer BLOB
) STRICT;
INSERT INTO review_3 SELECT grant_id, patient, organization, verdict, by_account, sealed_words, at, due_at, answered_at, sealed_answer FROM review;
DROP TABLE review;
CREATE TABLE handover_3 (
    finder   BLOB PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES access_grant_3 (id),
    sealed   BLOB,
    attempts INTEGER NOT NULL,
    ends_at  INTEGER NOT NULL
) STRICT;
INSERT INTO handover_3 SELECT finder, grant_id, sealed, attempts, ends_at FROM handover;
DROP TABLE handover;
DROP TRIGGER tally_grant;
DROP TABLE access_grant;
ALTER TABLE access_grant_3 RENAME TO access_grant;
ALTER TABLE message_3 RENAME TO message;
ALTER TABLE review_3 RENAME TO review;
ALTER TABLE handover_3 RENAME TO handover;
CREATE INDEX access_grant_begins_at ON access_grant (begins_at);
CREATE INDEX access_grant_organization ON access_grant (organization, begins_at) WHERE organization <> '';
CREATE INDEX access_grant_contact ON access_grant (contact, until_at) WHERE contact <> '';
CREATE INDEX review_patient ON review (patient, at);
CREATE INDEX review_organization ON review (organization, due_at);
CREATE INDEX review_due_at ON review (due_at, at, grant_id);
CREATE INDEX handover_grant ON handover (grant_id);
CREATE INDEX handover_ends_at ON handover (ends_at);
DELETE FROM tally WHERE name = 'grants';

-- How far the indices are: what they lack are the rows from there on, which are found by walking them.
CREATE TABLE index_state (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    entries INTEGER NOT NULL,
    grants  INTEGER NOT NULL
) STRICT;
INSERT INTO index_state SELECT 1, first + size, (SELECT COALESCE(max(number), 0) + 1 FROM access_grant) FROM log_state WHERE one = 1;

-- The entries of a subject.
CREATE TABLE subject_index (
    subject TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    idx     INTEGER NOT NULL,
    PRIMARY KEY (subject, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO subject_index SELECT subject, seq, idx FROM audit_entry WHERE subject IS NOT NULL ORDER BY subject, seq;
DROP INDEX audit_entry_subject;
CREATE VIEW subject_entry AS
    SELECT s.subject, s.seq, e.idx, e.leaf, e.type, e.at, e.sealed, e.erased_at FROM subject_index s CROSS JOIN audit_entry e ON e.idx = s.idx
    UNION ALL
    SELECT subject, seq, idx, leaf, type, at, sealed, erased_at FROM audit_entry
    WHERE subject IS NOT NULL AND idx >= (SELECT entries FROM index_state WHERE one = 1);
-- +goose StatementBegin
CREATE TRIGGER audit_entry_pruned AFTER DELETE ON audit_entry WHEN old.subject IS NOT NULL BEGIN
    DELETE FROM subject_index WHERE subject = old.subject AND seq = old.seq AND idx = old.idx;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER subject_index_kept BEFORE DELETE ON subject_index WHEN EXISTS (SELECT 1 FROM audit_entry WHERE idx = old.idx) BEGIN
    SELECT RAISE(ABORT, 'an entry of the log cannot be hidden');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER subject_index_fixed BEFORE UPDATE ON subject_index BEGIN
    SELECT RAISE(ABORT, 'an entry of the log cannot be moved');
END;
-- +goose StatementEnd

-- The grants of a patient.
CREATE TABLE patient_index (
    patient TEXT NOT NULL,
    number  INTEGER NOT NULL,
    PRIMARY KEY (patient, number)
) STRICT, WITHOUT ROWID;
INSERT INTO patient_index SELECT patient, number FROM access_grant ORDER BY patient, number;
CREATE VIEW patient_grant AS
    SELECT p.patient, g.number, g.id, g.token, g.card, g.step, g.sections, g.begins_at, g.until_at, g.ended_at, g.contact, g.organization, g.member, g.drill,
        g.sealed_stated
    FROM patient_index p CROSS JOIN access_grant g ON g.number = p.number
    UNION ALL
    SELECT patient, number, id, token, card, step, sections, begins_at, until_at, ended_at, contact, organization, member, drill, sealed_stated
    FROM access_grant WHERE number >= (SELECT grants FROM index_state WHERE one = 1);
