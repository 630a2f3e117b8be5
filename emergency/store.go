package emergency

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/section"
)

// Store keeps everything. A field whose name begins with Sealed is ciphertext before it gets here: a store never sees a name, a record or a
// secret. All methods answer ErrNotFound for what is not there.
type Store interface {
	// View runs read on one consistent snapshot.
	View(ctx context.Context, read func(Reader) error) error

	// Update runs change inside the writer's transaction and returns nil only once everything that change wrote, its log entries among them, is durable.
	// Changes that wait at the same moment share a commit; one that returns an error is undone alone and its entries with it. Once change has
	// run, a cancelled ctx no longer undoes it. When the outcome of the commit is not known, the error is ErrLogUnavailable.
	Update(ctx context.Context, change func(Tx) error) error

	// Scrub takes what was deleted out of the files of the store, as far as it is in its hands. It waits for those who read, and answers an error when they read
	// on for too long.
	Scrub(ctx context.Context) error
}

// Tx is the writer's transaction: it reads its own writes.
type Tx interface {
	Reader

	// Append adds an event to the log in this very transaction. What it returns is filled in before Update returns nil.
	Append(event audit.Event) *audit.Placed

	EraseEntry(row int64, at time.Time) error // takes away what an entry says; ErrConflict when it says nothing any more
	ForgetStated(GrantID) error               // what was stated at an opening
	RaiseMinimum(row int64) error             // below which rows of erased entries may go; ErrConflict when it is higher already
	PruneEntries(from, to int64) (int, error) // deletes rows of erased entries from <= row < to and below the minimum, but the last of a subject, and returns how many

	PutAccount(Account) error // insert or replace
	PutPasskey(Passkey) error // insert or replace; the id of another account's passkey is ErrInvalid
	DeletePasskey(AccountID, []byte) error
	PutSession(Session) error
	DeleteSession(Token) error
	DeleteSessions(account AccountID, except Token) error // all but one; all when except is zero
	PutCeremony(Ceremony) error
	DeleteCeremonies(account AccountID, purpose string) error // of every purpose when it is ""
	TakeCeremony(Token) (Ceremony, error)                     // deletes what it returns: a ceremony is used once, whatever its outcome

	PutPatient(Patient) error
	PutKeeper(Keeper) error // insert or replace
	DeleteKeeper(AccountID, PatientID) error
	PutRecord(SealedRecord) error      // Version must be the stored one plus one, else ErrConflict
	ReplaceSealing(SealedRecord) error // the same version sealed to other recipients; another version is ErrConflict
	DeleteRecord(PatientID) error      // the record, its documents and its rules, and whoever was named: contacts, requests, notices, messages, reviews' words
	PutDocument(Document) error
	PutRules(Rules) error // Version must be the latest one plus one, else ErrConflict

	PutCard(Card) error
	PutShortCode(ShortCode) error
	DeleteShortCode(cards.ID) error
	PutGrant(Grant) error
	EndGrants(PatientID, time.Time) error                                // of the whole patient
	EndCardGrants(card cards.ID, step string, at time.Time) error        // of every step when it is ""
	EndContactGrants(contact ContactID, step string, at time.Time) error // of every step when it is ""
	EndMemberGrants(OrganizationID, AccountID, time.Time) error          // of the whole organization when the account is ""
	PutRequest(Request) error                                            // insert or replace, by its key: another id forgets the approvals of the one before
	PutApproval(Approval) error                                          // of one contact the first one stays
	PutHandover(Handover) error
	AddMessage(Message) (int, error) // sets its number, which counts from 1 in each grant, and returns it
	PutReview(Review) error

	PutOrganization(Organization) error
	PutMember(Member) error
	PutBadge(Badge) error
	RevokeBadges(OrganizationID, AccountID, time.Time) error // of the whole organization when the account is ""
	PutInvitation(Invitation) error
	TakeInvitation(Token) (Invitation, error) // deletes what it returns
	DeleteInvitations(purpose, target string) error
	PutContact(Contact) error // another patient's contact is ErrInvalid
	PutNotice(Notice) error
	PutPendingRules(PendingRules) error
	DeletePendingRules(PatientID) error

	// PutRevocation adds a card to the end of the list of revoked ones. One that is there already stays where it is.
	PutRevocation(cards.ID) error
	PutLink(Link) error
	PutTag(Tag) error
	PutReceipt(receipt Token, endsAt time.Time) error // one that is known already, with this end, is ErrConflict
	PutIssuerKey(IssuerKey) error                     // insert or replace, where the earlier of two ends stays; the key of another issuer is ErrConflict
	DeleteIssuerKeys(issuer string) error             // of a foreign issuer

	// CountGuess adds one to the guesses counted for key in the window that began at or after since, and returns the sum. It is durable like
	// everything else here, so that a guesser gains nothing from a restart.
	CountGuess(key Token, now, since time.Time) (int, error)
	ForgiveGuess(key Token) error // takes one back: it was right
	TallyGuess(GuessTally) error  // adds its tries, which may be negative, to those of its window; how many networks a window counts apart is bounded

	// Sweep deletes sessions, ceremonies, requests, receipts, guess counts, badges, invitations and handovers that ended before now, and notices that
	// ended a month before, and returns how many.
	Sweep(now time.Time) (int, error)
}

// Reader reads. Lists are in a stable order: oldest first, then by id.
type Reader interface {
	Account(AccountID) (Account, error)
	AccountByRecovery(Token) (Account, error) // the living account with this recovery hash; the zero Token finds none
	Passkey(credential []byte) (Passkey, error)
	Passkeys(AccountID) ([]Passkey, error)
	Session(Token) (Session, error)
	Ceremony(Token) (Ceremony, error)

	Patient(PatientID) (Patient, error)
	Kept(AccountID) ([]Patient, error) // the patients whom an account keeps, none that is deleted
	Keeps(AccountID, PatientID) (bool, error)
	Keepers(PatientID) ([]AccountID, error) // living accounts only
	Keeper(AccountID, PatientID) (Keeper, error)
	KeepersOf(PatientID) ([]Keeper, error) // living accounts only

	PendingRules(PatientID) (PendingRules, error)
	DuePendingRules(now time.Time) ([]PendingRules, error)
	DrillsDue(before time.Time, limit int) ([]Patient, error) // living patients with an active card whose last drill, reminder and creation were before

	Record(PatientID) (SealedRecord, error)
	Documents(PatientID) ([]Document, error) // without their content
	Document(PatientID, DocumentID) (Document, error)
	Rules(PatientID) (Rules, error)          // the latest
	RulesHistory(PatientID) ([]Rules, error) // oldest first

	Card(cards.ID) (Card, error)
	PatientOf(cards.ID) (PatientID, error) // whose card it is: all that a scan needs to know
	Cards(PatientID) ([]Card, error)
	ShortCode(finder Token) (ShortCode, error)
	Grant(token Token) (Grant, error)
	GrantByID(GrantID) (Grant, error)
	Grants(GrantFilter) ([]Grant, error) // newest first
	GrantTallies(since time.Time) ([]GrantTally, error)
	GuessTallies(since time.Time, limit int) ([]GuessTally, error) // the most tries first
	Request(RequestKey) (Request, error)
	RequestByID(RequestID) (Request, error)
	RequestByWatch(Token) (Request, error)
	Approvals(RequestID) ([]Approval, error)
	Handover(finder Token) (Handover, error)
	Messages(grant GrantID, after int) ([]Message, error)
	Review(GrantID) (Review, error)
	Reviews(ReviewFilter) ([]Review, error)                       // the one that is due first comes first
	Requests(patient PatientID, now time.Time) ([]Request, error) // that have not ended

	// Revocations lists at most limit revoked cards after the first n, in the order in which they were revoked. The list only grows.
	Revocations(n, limit int) ([]Revocation, error)
	Link(finder Token) (Link, error)
	LinkOf(cards.ID) (Link, error)
	Tag(cards.ID) (Tag, error)
	IssuerKeys() ([]IssuerKey, error) // by issuer, then oldest first

	// Opening reads what a decision needs in one step: the card, its patient, the latest rules and the sealed record.
	Opening(cards.ID) (Opening, error)

	// OpeningOf is Opening without a card, for a contact who asks from afar.
	OpeningOf(PatientID) (Opening, error)

	Organization(OrganizationID) (Organization, error)
	Organizations() ([]Organization, error)
	Member(OrganizationID, AccountID) (Member, error)
	Members(OrganizationID) ([]Member, error)
	Memberships(AccountID) ([]Member, error)
	Badge(BadgeID) (Badge, error)
	Invitation(Token) (Invitation, error)
	Invitations(purpose, target string) ([]Invitation, error)
	Contact(ContactID) (Contact, error)
	Contacts(PatientID) ([]Contact, error)
	ContactsOf(AccountID) ([]Contact, error) // who a passkey account is a contact of, confirmed and not stopped
	Notice(NoticeID) (Notice, error)
	DueNotices(now time.Time, limit int) ([]Notice, error)
	NextNotice() (time.Time, error) // when the next one is due; ErrNotFound when none waits
	Notices(PatientID) ([]Notice, error)
	DeadNotices(limit int) ([]Notice, error)

	// LastEntry is the number of a subject's last log entry, 0 when there is none.
	LastEntry(subject string) (uint64, error)
	// EntriesNear lists the numbers of at most limit entries of a subject that have this type, those nearest to a time first.
	EntriesNear(subject string, kind audit.Type, at time.Time, limit int) ([]uint64, error)
	// Unseen counts a patient's entries of the given types beyond the one that the keepers have seen.
	Unseen(patient PatientID, after uint64, types []audit.Type) (int, error)
	// Counts are sums for metrics: accounts, patients, cards, grants.
	Counts() (map[string]int64, error)
}

// Token is the SHA-256 of a secret that its bearer holds; only the hash is stored.
type Token [32]byte

// parseToken reads what Token.String writes. Whatever is not that names nothing.
func parseToken(text string) (Token, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != len(Token{}) {
		return Token{}, ErrNotFound
	}
	return Token(raw), nil
}

// String is the unpadded base64url of the hash. It is no secret, and still nothing to log.
func (t Token) String() string { return base64.RawURLEncoding.EncodeToString(t[:]) }

// IsZero reports whether t is the hash of nothing.
func (t Token) IsZero() bool { return t == Token{} }

// Account is who signs in. SealedProfile holds its display name.
type Account struct {
	ID            AccountID
	SealedProfile []byte
	CreatedAt     time.Time
	DeletedAt     time.Time // zero while it lives
	Recovery      Token     // hash of the recovery code, zero when there is none
	RecoveryAt    time.Time
	Lang          string
	CoolingUntil  time.Time // after a recovery: until then what cannot be undone needs a passkey from before it
}

// Passkey is a credential of an account. SealedRecord is the whole credential as passkey.Credential writes it, SealedLabel what its owner calls it.
type Passkey struct {
	ID           []byte // credential id, 16 to 1,023 bytes
	Account      AccountID
	SealedRecord []byte
	SealedLabel  []byte
	CreatedAt    time.Time
	UsedAt       time.Time
	Cloned       bool // the signature counter went back: no step-up from it any more
}

// Session is a signed-in browser.
type Session struct {
	Token      Token
	Account    AccountID
	CreatedAt  time.Time
	SeenAt     time.Time
	ExpiresAt  time.Time // absolute
	VerifiedAt time.Time // last passkey with user verification
	Limited    bool      // by recovery code
}

// Ceremony is a passkey ceremony under way. Sealed holds what the relying party must remember and, for an approval, the exact change approved.
type Ceremony struct {
	Token     Token
	Purpose   string
	Account   AccountID // "" for a sign-in
	Session   Token     // the browser session it was begun in
	Sealed    []byte
	ExpiresAt time.Time
}

// Patient is whom a record is about.
type Patient struct {
	ID            PatientID
	SealedName    []byte
	RecordVersion int64 // 0: no record yet
	RulesVersion  int
	SeenSeq       uint64 // the last log entry of this patient that an operator has looked at, of one whom nobody keeps
	CreatedAt     time.Time
	DeletedAt     time.Time
	DrilledAt     time.Time   // the last drill that was finished
	DrillUntil    time.Time   // a drill runs until then: what is opened meanwhile is marked
	RemindedAt    time.Time   // of the next drill
	Confidential  section.Set // what the patient keeps from guardians
}

// SealedRecord is the record as an age file: to the server's identity and to each active card.
type SealedRecord struct {
	Patient   PatientID
	Version   int64
	Sealed    []byte
	UpdatedAt time.Time
}

// Document is an original as it came in: an imported bundle, byte for byte, sealed.
type Document struct {
	ID         DocumentID
	Patient    PatientID
	SealedInfo []byte // name, media type, size, SHA-256
	Sealed     []byte // nil in lists
	CreatedAt  time.Time
}

// Rules is one version of a patient's break-glass rules with the approval that made it.
type Rules struct {
	Patient        PatientID
	Version        int
	Sealed         []byte // rules.Canonical
	SealedApproval []byte // passkey.Approval as JSON; nil for the preset that a new patient starts with
	ApprovedAt     time.Time
}

// Card is an issued card. Its secret is nowhere: Verifier checks one that is shown, Recipient is what the record is sealed to.
type Card struct {
	ID            cards.ID
	Patient       PatientID
	Carrier       string // "wallet", ...
	Key           cards.KeyID
	IssuedAt      time.Time
	ExpiresAt     time.Time
	RevokedAt     time.Time // zero while active
	Verifier      [32]byte
	Recipient     string   // "age1...", "" once revoked
	Tag           [16]byte // cards.FrontTag of its front
	SealedAddress []byte   // the whole address for printing again; nil once revoked
	SealedLabel   []byte   // the face and what the holder calls the card; nil once revoked
}

// Active reports whether the card opens anything at now.
func (c Card) Active(now time.Time) bool { return c.RevokedAt.IsZero() && now.Before(c.ExpiresAt) }

// ShortCode is the second way to a card: Finder is a keyed hash of the code, Sealed opens with the code through argon2id.
type ShortCode struct {
	Finder Token
	Card   cards.ID
	Sealed []byte
}

// Revocation is a line of the list of revoked cards.
type Revocation struct {
	Card    cards.ID
	Carrier string
	Key     cards.KeyID
	At      time.Time
}

// Link is what a SMART Health Link opens, beside the row of its card. Finder is a keyed hash of the secret part of its address; Sealed opens with the
// passcode through argon2id and holds the card's secret and the key of the link.
type Link struct {
	Card     cards.ID
	Finder   Token
	Sealed   []byte // nil once revoked
	Sections section.Set
	Attempts int // wrong passcodes that are left, in the whole life of the link
}

// Tag is an NTAG 424 DNA that carries a card. UID is a keyed hash of the chip's own number, zero until the first proven tap; Counter is sun.Taps: the
// counters that were seen, -1 before that.
type Tag struct {
	Card    cards.ID
	UID     Token
	Counter int64
	SeenAt  time.Time
}

// IssuerKey is a key that readers of this house trust beside its present one: former and future keys of its own, and those of other issuers.
type IssuerKey struct {
	Thumbprint       [32]byte // RFC 7638
	Issuer           string   // host
	Name             string   // of the issuer, for people
	URL              string
	Point            []byte // uncompressed, on P-256 (SEC 1, section 2.3.3)
	AddedAt          time.Time
	NotAfter         time.Time // the last moment at which it signed; zero while it may
	CompromisedSince time.Time // zero while nobody else has it
}

// Grant is an opened glass: these sections until then, for whoever holds the token.
type Grant struct {
	ID           GrantID
	Token        Token
	Card         cards.ID // zero for a contact who asked without it
	Patient      PatientID
	Step         string
	Sections     section.Set
	From         time.Time
	Until        time.Time
	EndedAt      time.Time      // ended before its time; zero otherwise
	Contact      ContactID      // who asked as a contact, "" otherwise
	Organization OrganizationID // of the verified badge, "" without one
	Member       AccountID      // whose badge it is, "" for one of another house
	Drill        bool
	SealedStated []byte // Stated: what was said when it was opened
}

// GrantFilter picks grants. Zero fields pick all.
type GrantFilter struct {
	Patient      PatientID
	Organization OrganizationID
	Member       AccountID // of that organization
	Since, Until time.Time // when they began, Until exclusive
	Unbadged     bool      // only those of nobody with a badge, and of no contact
	Limit        int       // 0 is 500
}

// Opening is what Reader.Opening reads.
type Opening struct {
	Card    Card
	Patient Patient
	Rules   Rules
	Record  SealedRecord // Version 0 when there is none
}
