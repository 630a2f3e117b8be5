-- What cards need beyond paper: a list of revoked ones for readers without a network, links, tags, receipts, and the keys of issuers.

-- +goose Up

-- The list of revoked cards, in the order in which it grew. Readers keep a beginning of it and fetch the rest.
CREATE TABLE revocation (
    seq  INTEGER PRIMARY KEY,
    card BLOB NOT NULL UNIQUE REFERENCES card (id)
) STRICT;
INSERT INTO revocation (card) SELECT id FROM card WHERE revoked_at <> 0 ORDER BY revoked_at, id;

CREATE TABLE link (
    card     BLOB PRIMARY KEY REFERENCES card (id),
    finder   BLOB NOT NULL UNIQUE,
    sealed   BLOB,
    sections INTEGER NOT NULL,
    attempts INTEGER NOT NULL
) STRICT;

CREATE TABLE tag (
    card    BLOB PRIMARY KEY REFERENCES card (id),
    uid     BLOB,
    counter INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;

CREATE TABLE receipt (
    hash    BLOB PRIMARY KEY,
    ends_at INTEGER NOT NULL
) STRICT;
CREATE INDEX receipt_ends_at ON receipt (ends_at);

CREATE TABLE issuer_key (
    thumbprint        BLOB PRIMARY KEY,
    issuer            TEXT NOT NULL,
    name              TEXT NOT NULL,
    url               TEXT NOT NULL,
    point             BLOB NOT NULL,
    added_at          INTEGER NOT NULL,
    not_after         INTEGER NOT NULL,
    compromised_since INTEGER NOT NULL
) STRICT;
CREATE INDEX issuer_key_issuer ON issuer_key (issuer);

-- +goose StatementBegin
CREATE TRIGGER revocation_kept BEFORE DELETE ON revocation BEGIN
    SELECT RAISE(ABORT, 'a revocation cannot be taken back');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revocation_fixed BEFORE UPDATE ON revocation BEGIN
    SELECT RAISE(ABORT, 'a revocation cannot be changed');
END;
-- +goose StatementEnd
