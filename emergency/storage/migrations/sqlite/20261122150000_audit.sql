-- +goose Up

-- A log that lost its end goes on as a new log: an epoch with an origin and a key of its own. Rows are numbered through over all epochs: those of an epoch
-- begin with first, its hashes with first_hash. log_state is the end of the present epoch, log_epoch holds what the earlier ones ended with. Below minimum
-- (over all epochs) rows may be pruned; hashes stay.
ALTER TABLE log_state ADD COLUMN epoch INTEGER NOT NULL DEFAULT 1;
ALTER TABLE log_state ADD COLUMN first INTEGER NOT NULL DEFAULT 0;
ALTER TABLE log_state ADD COLUMN first_hash INTEGER NOT NULL DEFAULT 0;
ALTER TABLE log_state ADD COLUMN minimum INTEGER NOT NULL DEFAULT 0;

CREATE TABLE log_epoch (
    number     INTEGER PRIMARY KEY,
    first      INTEGER NOT NULL,
    first_hash INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    edge       BLOB NOT NULL,
    ended_at   INTEGER NOT NULL
) STRICT;

-- The public keys that have signed checkpoints, as vkeys.
CREATE TABLE log_key (
    epoch      INTEGER NOT NULL,
    vkey       TEXT NOT NULL,
    added_at   INTEGER NOT NULL,
    retired_at INTEGER NOT NULL,
    PRIMARY KEY (epoch, vkey)
) STRICT, WITHOUT ROWID;

-- Checkpoints by epoch.
CREATE TABLE checkpoint_published (
    epoch        INTEGER NOT NULL,
    size         INTEGER NOT NULL,
    note         BLOB NOT NULL,
    published_at INTEGER NOT NULL,
    PRIMARY KEY (epoch, size)
) STRICT;
INSERT INTO checkpoint_published (epoch, size, note, published_at) SELECT 1, size, note, published_at FROM checkpoint_history;
DROP TRIGGER checkpoint_history_kept;
DROP TRIGGER checkpoint_history_fixed;
DROP TABLE checkpoint_history;
ALTER TABLE checkpoint_published RENAME TO checkpoint_history;

-- What witnesses have signed: one line of a note each.
CREATE TABLE log_cosignature (
    epoch   INTEGER NOT NULL,
    size    INTEGER NOT NULL,
    witness TEXT NOT NULL,
    line    BLOB NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (epoch, size, witness)
) STRICT, WITHOUT ROWID;
-- What each witness, by its vkey, has seen and said last.
CREATE TABLE log_witness (
    witness   TEXT NOT NULL,
    epoch     INTEGER NOT NULL,
    size      INTEGER NOT NULL,
    signed_at INTEGER NOT NULL,
    asked_at  INTEGER NOT NULL,
    alarm     TEXT NOT NULL,
    PRIMARY KEY (witness, epoch)
) STRICT, WITHOUT ROWID;

DROP TRIGGER audit_entry_kept;
-- +goose StatementBegin
CREATE TRIGGER audit_entry_kept BEFORE DELETE ON audit_entry WHEN old.idx >= (SELECT minimum FROM log_state WHERE one = 1) OR old.sealed IS NOT NULL BEGIN
    SELECT RAISE(ABORT, 'an entry of the log cannot be deleted');
END;
-- +goose StatementEnd
DROP TRIGGER log_state_grows;
-- +goose StatementBegin
CREATE TRIGGER log_state_grows BEFORE UPDATE ON log_state
WHEN new.first + new.size < old.first + old.size OR new.epoch < old.epoch OR new.first < old.first OR new.first_hash < old.first_hash OR new.minimum < old.minimum
    OR (new.epoch = old.epoch AND (new.first <> old.first OR new.first_hash <> old.first_hash)) BEGIN
    SELECT RAISE(ABORT, 'the log cannot shrink');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_epoch_kept BEFORE DELETE ON log_epoch BEGIN
    SELECT RAISE(ABORT, 'the end of an epoch cannot be deleted');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_epoch_fixed BEFORE UPDATE ON log_epoch BEGIN
    SELECT RAISE(ABORT, 'the end of an epoch cannot be changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_key_kept BEFORE DELETE ON log_key BEGIN
    SELECT RAISE(ABORT, 'a key of the log cannot be deleted');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER log_key_fixed BEFORE UPDATE ON log_key
WHEN new.epoch <> old.epoch OR new.vkey <> old.vkey OR new.added_at <> old.added_at OR (old.retired_at <> 0 AND new.retired_at <> old.retired_at) BEGIN
    SELECT RAISE(ABORT, 'a key of the log cannot be changed, only retired');
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
