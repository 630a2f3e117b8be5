-- What goes on around the glass: organizations and their badges, contacts, requests that contacts agree to, the thread of a grant, reviews, notices,
-- rules that take effect later, shared keeping, drills and handovers.

-- +goose Up

ALTER TABLE account ADD COLUMN cooling_until INTEGER NOT NULL DEFAULT 0;

ALTER TABLE patient ADD COLUMN drilled_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE patient ADD COLUMN drill_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE patient ADD COLUMN reminded_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE patient ADD COLUMN confidential INTEGER NOT NULL DEFAULT 0;
-- The last time at which nobody had to be reminded of a drill.
ALTER TABLE patient ADD COLUMN reminder_from INTEGER GENERATED ALWAYS AS (max(drilled_at, reminded_at, created_at)) VIRTUAL;
CREATE INDEX patient_reminder_from ON patient (reminder_from, id) WHERE deleted_at = 0;

ALTER TABLE keeper ADD COLUMN role TEXT NOT NULL DEFAULT 'keeper';
ALTER TABLE keeper ADD COLUMN added_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE keeper ADD COLUMN seen_seq INTEGER NOT NULL DEFAULT 0;
UPDATE keeper SET seen_seq = COALESCE((SELECT patient.seen_seq FROM patient WHERE patient.id = keeper.patient), 0);

CREATE TABLE organization (
    id           TEXT PRIMARY KEY,
    sealed_name  BLOB,
    sealed_mail  BLOB, -- where its administrators are told that a patient waits for an answer
    kind         TEXT NOT NULL,
    country      TEXT NOT NULL,
    hardware     INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    suspended_at INTEGER NOT NULL
) STRICT;

CREATE TABLE member (
    organization TEXT NOT NULL REFERENCES organization (id),
    account      TEXT NOT NULL REFERENCES account (id),
    role         TEXT NOT NULL,
    sealed_name  BLOB,
    created_at   INTEGER NOT NULL,
    suspended_at INTEGER NOT NULL,
    PRIMARY KEY (organization, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_account ON member (account, organization);

CREATE TABLE badge (
    id           TEXT PRIMARY KEY,
    organization TEXT NOT NULL,
    account      TEXT NOT NULL,
    issued_at    INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    revoked_at   INTEGER NOT NULL,
    FOREIGN KEY (organization, account) REFERENCES member (organization, account)
) STRICT;
CREATE INDEX badge_member ON badge (organization, account, issued_at);
CREATE INDEX badge_expires_at ON badge (expires_at);

-- An invitation is a link that somebody else takes up, once: its token is in nobody's database but as a hash.
CREATE TABLE invitation (
    token      BLOB PRIMARY KEY,
    purpose    TEXT NOT NULL,
    target     TEXT NOT NULL,
    by_account TEXT NOT NULL, -- empty for the operator
    sealed     BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX invitation_target ON invitation (target, purpose, created_at);
CREATE INDEX invitation_expires_at ON invitation (expires_at);

CREATE TABLE contact (
    id             TEXT PRIMARY KEY,
    patient        TEXT NOT NULL REFERENCES patient (id),
    account        TEXT NOT NULL, -- empty until the contact signs in by a passkey
    sealed_details BLOB,
    sealed_code    BLOB,
    created_at     INTEGER NOT NULL,
    confirmed_at   INTEGER NOT NULL,
    stopped_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX contact_patient ON contact (patient, created_at, id);
CREATE INDEX contact_account ON contact (account) WHERE account <> '';

-- Requests are one for whoever asks, with a card or as a contact, and the step.
CREATE TABLE request_2 (
    id           TEXT PRIMARY KEY,
    card         BLOB REFERENCES card (id), -- NULL for a contact who asks without the card
    contact      TEXT NOT NULL,             -- empty for whoever holds the card
    step         TEXT NOT NULL,
    patient      TEXT NOT NULL REFERENCES patient (id),
    watch        BLOB,
    sealed       BLOB,
    asked_at     INTEGER NOT NULL,
    opens_at     INTEGER NOT NULL,
    vetoed_at    INTEGER NOT NULL,
    withdrawn_at INTEGER NOT NULL,
    ends_at      INTEGER NOT NULL
) STRICT;
INSERT INTO request_2 (id, card, contact, step, patient, watch, sealed, asked_at, opens_at, vetoed_at, withdrawn_at, ends_at)
    SELECT substr(lower(hex(randomblob(11))), 1, 21) || 'A', card, '', step, patient, NULL, NULL, asked_at, opens_at, vetoed_at, 0, ends_at FROM request;
DROP TABLE request;
ALTER TABLE request_2 RENAME TO request;
CREATE UNIQUE INDEX request_asker ON request (COALESCE(card, x''), contact, step);
CREATE UNIQUE INDEX request_watch ON request (watch) WHERE watch IS NOT NULL;
CREATE INDEX request_card ON request (card);
CREATE INDEX request_patient ON request (patient, ends_at);
CREATE INDEX request_ends_at ON request (ends_at);

CREATE TABLE approval (
    request TEXT NOT NULL REFERENCES request (id) ON DELETE CASCADE,
    contact TEXT NOT NULL REFERENCES contact (id),
    at      INTEGER NOT NULL,
    PRIMARY KEY (request, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX approval_contact ON approval (contact);

-- A contact's grant has no card.
CREATE TABLE access_grant_2 (
    id            TEXT PRIMARY KEY,
    token         BLOB NOT NULL UNIQUE,
    card          BLOB REFERENCES card (id),
    patient       TEXT NOT NULL REFERENCES patient (id),
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
INSERT INTO access_grant_2 SELECT id, token, card, patient, step, sections, begins_at, until_at, ended_at, '', '', '', 0, NULL FROM access_grant;
DROP TRIGGER tally_grant;
DROP TABLE access_grant;
ALTER TABLE access_grant_2 RENAME TO access_grant;
CREATE INDEX access_grant_patient ON access_grant (patient, until_at);
CREATE INDEX access_grant_card ON access_grant (card, until_at);
CREATE INDEX access_grant_begins_at ON access_grant (begins_at);
CREATE INDEX access_grant_organization ON access_grant (organization, begins_at) WHERE organization <> '';
CREATE INDEX access_grant_contact ON access_grant (contact, until_at) WHERE contact <> '';
-- +goose StatementBegin
CREATE TRIGGER tally_grant AFTER INSERT ON access_grant BEGIN
    UPDATE tally SET n = n + 1 WHERE name = 'grants';
END;
-- +goose StatementEnd

CREATE TABLE message (
    grant_id TEXT NOT NULL REFERENCES access_grant (id),
    number   INTEGER NOT NULL,
    sender   TEXT NOT NULL,
    sealed   BLOB,
    at       INTEGER NOT NULL,
    PRIMARY KEY (grant_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE review (
    grant_id      TEXT PRIMARY KEY REFERENCES access_grant (id),
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
CREATE INDEX review_patient ON review (patient, at);
CREATE INDEX review_organization ON review (organization, due_at);
CREATE INDEX review_due_at ON review (due_at, at, grant_id);

CREATE TABLE notice (
    id         TEXT PRIMARY KEY,
    patient    TEXT NOT NULL,
    contact    TEXT NOT NULL,
    sealed     BLOB,
    state      TEXT NOT NULL,
    attempts   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX notice_due_at ON notice (state, due_at, id);
CREATE INDEX notice_ended_at ON notice (state, ended_at, id);
CREATE INDEX notice_patient ON notice (patient, created_at, id);

CREATE TABLE pending_rules (
    patient         TEXT PRIMARY KEY REFERENCES patient (id),
    base            INTEGER NOT NULL,
    sealed          BLOB,
    sealed_approval BLOB,
    approved_at     INTEGER NOT NULL,
    effective_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX pending_rules_effective_at ON pending_rules (effective_at);

CREATE TABLE handover (
    finder   BLOB PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES access_grant (id),
    sealed   BLOB,
    attempts INTEGER NOT NULL,
    ends_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX handover_grant ON handover (grant_id);
CREATE INDEX handover_ends_at ON handover (ends_at);

-- How often was guessed within a window, by network: its keyed hash, and the network itself sealed. The rows of a window are bounded.
CREATE TABLE guess_tally (
    began_at INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    network  BLOB NOT NULL,
    sealed   BLOB,
    tries    INTEGER NOT NULL,
    PRIMARY KEY (began_at, kind, network)
) STRICT, WITHOUT ROWID;
