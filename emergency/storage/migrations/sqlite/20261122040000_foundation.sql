-- Columns that begin with sealed_ hold ciphertext. Times are Unix milliseconds, UTC; 0 means never. Every table is STRICT: what is not of the
-- column's type is refused.

-- +goose Up

CREATE TABLE account (
    id             TEXT PRIMARY KEY,
    sealed_profile BLOB,
    created_at     INTEGER NOT NULL,
    deleted_at     INTEGER NOT NULL,
    recovery       BLOB UNIQUE,
    recovery_at    INTEGER NOT NULL,
    lang           TEXT NOT NULL
) STRICT;

CREATE TABLE passkey (
    id            BLOB PRIMARY KEY,
    account       TEXT NOT NULL REFERENCES account (id),
    sealed_record BLOB,
    sealed_label  BLOB,
    created_at    INTEGER NOT NULL,
    used_at       INTEGER NOT NULL,
    cloned        INTEGER NOT NULL
) STRICT;
CREATE INDEX passkey_account ON passkey (account, created_at, id);

CREATE TABLE session (
    token       BLOB PRIMARY KEY,
    account     TEXT NOT NULL REFERENCES account (id),
    created_at  INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    verified_at INTEGER NOT NULL,
    limited     INTEGER NOT NULL
) STRICT;
CREATE INDEX session_account ON session (account);
CREATE INDEX session_expires_at ON session (expires_at);

CREATE TABLE ceremony (
    token      BLOB PRIMARY KEY,
    purpose    TEXT NOT NULL,
    account    TEXT NOT NULL, -- empty for a sign-in, so no reference
    session    BLOB,
    sealed     BLOB,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX ceremony_expires_at ON ceremony (expires_at);
CREATE INDEX ceremony_account ON ceremony (account, purpose);

CREATE TABLE patient (
    id          TEXT PRIMARY KEY,
    sealed_name BLOB,
    seen_seq    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    deleted_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE keeper (
    account TEXT NOT NULL REFERENCES account (id),
    patient TEXT NOT NULL REFERENCES patient (id),
    PRIMARY KEY (account, patient)
) STRICT, WITHOUT ROWID;
CREATE INDEX keeper_patient ON keeper (patient, account);

CREATE TABLE record (
    patient    TEXT PRIMARY KEY REFERENCES patient (id),
    version    INTEGER NOT NULL,
    sealed     BLOB,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE document (
    id          TEXT PRIMARY KEY,
    patient     TEXT NOT NULL REFERENCES patient (id),
    created_at  INTEGER NOT NULL,
    sealed_info BLOB,
    sealed      BLOB -- last: it is large, and lists do not read it
) STRICT;
CREATE INDEX document_patient ON document (patient, created_at, id);

CREATE TABLE rules (
    patient         TEXT NOT NULL REFERENCES patient (id),
    version         INTEGER NOT NULL,
    sealed          BLOB,
    sealed_approval BLOB,
    approved_at     INTEGER NOT NULL,
    PRIMARY KEY (patient, version)
) STRICT;

CREATE TABLE card (
    id             BLOB PRIMARY KEY,
    patient        TEXT NOT NULL REFERENCES patient (id),
    carrier        TEXT NOT NULL,
    key_id         BLOB NOT NULL,
    issued_at      INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    revoked_at     INTEGER NOT NULL,
    verifier       BLOB NOT NULL,
    recipient      TEXT NOT NULL,
    tag            BLOB NOT NULL,
    sealed_address BLOB,
    sealed_label   BLOB
) STRICT;
CREATE INDEX card_patient ON card (patient, issued_at, id);

CREATE TABLE short_code (
    finder BLOB PRIMARY KEY,
    card   BLOB NOT NULL REFERENCES card (id),
    sealed BLOB
) STRICT;
CREATE INDEX short_code_card ON short_code (card);

CREATE TABLE access_grant (
    id        TEXT PRIMARY KEY,
    token     BLOB NOT NULL UNIQUE,
    card      BLOB NOT NULL REFERENCES card (id),
    patient   TEXT NOT NULL REFERENCES patient (id),
    step      TEXT NOT NULL,
    sections  INTEGER NOT NULL,
    begins_at INTEGER NOT NULL,
    until_at  INTEGER NOT NULL,
    ended_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX access_grant_patient ON access_grant (patient, until_at);
CREATE INDEX access_grant_card ON access_grant (card, until_at);

-- Requests that wait: the first time somebody with this card asked for what opens only after a wait.
CREATE TABLE request (
    card      BLOB NOT NULL REFERENCES card (id),
    step      TEXT NOT NULL,
    patient   TEXT NOT NULL REFERENCES patient (id),
    asked_at  INTEGER NOT NULL,
    opens_at  INTEGER NOT NULL,
    vetoed_at INTEGER NOT NULL,
    ends_at   INTEGER NOT NULL,
    PRIMARY KEY (card, step)
) STRICT;
CREATE INDEX request_patient ON request (patient, ends_at);
CREATE INDEX request_ends_at ON request (ends_at);

CREATE TABLE guess (
    finder   BLOB PRIMARY KEY,
    tries    INTEGER NOT NULL,
    began_at INTEGER NOT NULL,
    ends_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX guess_ends_at ON guess (ends_at);

-- Sums for metrics, kept by the triggers below, because counting rows would read whole tables.
CREATE TABLE tally (
    name TEXT PRIMARY KEY,
    n    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO tally (name, n) VALUES ('accounts', 0), ('patients', 0), ('cards', 0), ('grants', 0);

-- The log. A subject is the pseudonymous id of a patient; an entry about nobody has neither subject nor seq.
CREATE TABLE audit_entry (
    idx       INTEGER PRIMARY KEY,
    leaf      BLOB NOT NULL CHECK (length(leaf) = 48),
    subject   TEXT,
    seq       INTEGER,
    type      TEXT NOT NULL,
    at        INTEGER NOT NULL,
    sealed    BLOB,
    erased_at INTEGER NOT NULL,
    CHECK ((subject IS NULL) = (seq IS NULL))
) STRICT;
CREATE UNIQUE INDEX audit_entry_subject ON audit_entry (subject, seq);

-- Hashes of the tree under the numbers of tlog.StoredHashIndex.
CREATE TABLE tlog_hash (
    id INTEGER PRIMARY KEY,
    h  BLOB NOT NULL CHECK (length(h) = 32)
) STRICT;

CREATE TABLE log_state (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    size INTEGER NOT NULL CHECK (size >= 0),
    edge BLOB NOT NULL
) STRICT;
INSERT INTO log_state (one, size, edge) VALUES (1, 0, x'');

CREATE TABLE checkpoint_history (
    size         INTEGER PRIMARY KEY,
    note         BLOB NOT NULL,
    published_at INTEGER NOT NULL
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER tally_account AFTER INSERT ON account WHEN new.deleted_at = 0 BEGIN
    UPDATE tally SET n = n + 1 WHERE name = 'accounts';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER tally_account_deleted AFTER UPDATE OF deleted_at ON account WHEN (old.deleted_at = 0) <> (new.deleted_at = 0) BEGIN
    UPDATE tally SET n = n + (new.deleted_at = 0) - (old.deleted_at = 0) WHERE name = 'accounts';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER tally_patient AFTER INSERT ON patient WHEN new.deleted_at = 0 BEGIN
    UPDATE tally SET n = n + 1 WHERE name = 'patients';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER tally_patient_deleted AFTER UPDATE OF deleted_at ON patient WHEN (old.deleted_at = 0) <> (new.deleted_at = 0) BEGIN
    UPDATE tally SET n = n + (new.deleted_at = 0) - (old.deleted_at = 0) WHERE name = 'patients';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER tally_card AFTER INSERT ON card BEGIN
    UPDATE tally SET n = n + 1 WHERE name = 'cards';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER tally_grant AFTER INSERT ON access_grant BEGIN
    UPDATE tally SET n = n + 1 WHERE name = 'grants';
END;
-- +goose StatementEnd

-- The log only grows. These stop accidents and bugs; whoever holds the file is stopped by the published checkpoints.
-- +goose StatementBegin
CREATE TRIGGER audit_entry_kept BEFORE DELETE ON audit_entry BEGIN
    SELECT RAISE(ABORT, 'an entry of the log cannot be deleted');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_entry_fixed BEFORE UPDATE ON audit_entry
WHEN new.idx <> old.idx OR new.leaf <> old.leaf OR new.subject IS NOT old.subject OR new.seq IS NOT old.seq
    OR new.type <> old.type OR new.at <> old.at OR (new.sealed IS NOT old.sealed AND new.sealed IS NOT NULL) BEGIN
    SELECT RAISE(ABORT, 'an entry of the log cannot be changed, only its content erased');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER tlog_hash_kept BEFORE DELETE ON tlog_hash BEGIN
    SELECT RAISE(ABORT, 'a hash of the log cannot be deleted');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER tlog_hash_fixed BEFORE UPDATE ON tlog_hash BEGIN
    SELECT RAISE(ABORT, 'a hash of the log cannot be changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_state_kept BEFORE DELETE ON log_state BEGIN
    SELECT RAISE(ABORT, 'the state of the log cannot be deleted');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_state_grows BEFORE UPDATE ON log_state WHEN new.size < old.size BEGIN
    SELECT RAISE(ABORT, 'the log cannot shrink');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER checkpoint_history_kept BEFORE DELETE ON checkpoint_history BEGIN
    SELECT RAISE(ABORT, 'a published checkpoint cannot be deleted');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER checkpoint_history_fixed BEFORE UPDATE ON checkpoint_history BEGIN
    SELECT RAISE(ABORT, 'a published checkpoint cannot be changed');
END;
-- +goose StatementEnd
