package web

import (
	"context"
	"io"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// Service is what the HTTP edge asks of the domain: emergency.Service, method by method.
type Service interface {
	BeginSignup(ctx context.Context, c emergency.Caller, name, lang string) (emergency.Begun, error)
	FinishSignup(ctx context.Context, c emergency.Caller, ceremony string, response []byte) (emergency.SignedIn, error)
	BeginSignin(ctx context.Context, c emergency.Caller) (emergency.Begun, error)
	FinishSignin(ctx context.Context, c emergency.Caller, ceremony string, response []byte) (emergency.SignedIn, error)
	Authenticate(ctx context.Context, token string) (emergency.Caller, error)
	SignOut(ctx context.Context, c emergency.Caller) error

	Account(ctx context.Context, c emergency.Caller) (emergency.AccountView, error)
	BeginPasskey(ctx context.Context, c emergency.Caller) (emergency.Begun, error)
	FinishPasskey(ctx context.Context, c emergency.Caller, ceremony string, response []byte, label string) error
	RemovePasskey(ctx context.Context, c emergency.Caller, id string) error
	MakeRecovery(ctx context.Context, c emergency.Caller) (string, error)
	UseRecovery(ctx context.Context, c emergency.Caller, code string) (emergency.SignedIn, error)
	BeginApproval(ctx context.Context, c emergency.Caller, action emergency.Action) (emergency.Begun, error)
	FinishApproval(ctx context.Context, c emergency.Caller, ceremony string, response []byte) (emergency.Action, error)

	CreatePatient(ctx context.Context, c emergency.Caller, name string) (emergency.PatientID, error)
	Patients(ctx context.Context, c emergency.Caller) ([]emergency.PatientView, error)
	Patient(ctx context.Context, c emergency.Caller, id emergency.PatientID) (emergency.PatientView, error)

	Record(ctx context.Context, c emergency.Caller, id emergency.PatientID) (summary.Record, error)
	ExportRecord(ctx context.Context, c emergency.Caller, id emergency.PatientID) (summary.Record, error)
	EditItem(ctx context.Context, c emergency.Caller, id emergency.PatientID, edit emergency.Edit) (summary.Item, error)
	EditIdentity(ctx context.Context, c emergency.Caller, id emergency.PatientID, identity summary.Identity, lang, before string) error
	ConfirmItem(ctx context.Context, c emergency.Caller, id emergency.PatientID, item, tag string) error

	PreviewImport(ctx context.Context, c emergency.Caller, id emergency.PatientID, document []byte, name string) (emergency.ImportPreview, error)
	ConfirmImport(ctx context.Context, c emergency.Caller, id emergency.PatientID, token string) error
	Documents(ctx context.Context, c emergency.Caller, id emergency.PatientID) ([]emergency.DocumentView, error)
	Document(ctx context.Context, c emergency.Caller, id emergency.PatientID, document emergency.DocumentID) (emergency.DocumentView, []byte, error)

	PreviewCard(ctx context.Context, c emergency.Caller, id emergency.PatientID, choices emergency.CardChoices) (emergency.CardPreview, error)
	IssueCard(ctx context.Context, c emergency.Caller, id emergency.PatientID, choices emergency.CardChoices, label string) (emergency.Issued, error)
	IssueSheet(ctx context.Context, c emergency.Caller, people []emergency.PatientID, meeting, label string) ([]emergency.Issued, error)
	Cards(ctx context.Context, c emergency.Caller, id emergency.PatientID) ([]emergency.CardView, error)
	Card(ctx context.Context, c emergency.Caller, id emergency.PatientID, card cards.ID) (emergency.CardView, error)
	CardForPrint(ctx context.Context, c emergency.Caller, id emergency.PatientID, card cards.ID) (emergency.Issued, error)
	RevokeCard(ctx context.Context, c emergency.Caller, id emergency.PatientID, card cards.ID) error

	Scan(ctx context.Context, c emergency.Caller, id cards.ID) error
	Tap(ctx context.Context, c emergency.Caller, id cards.ID, picc, mac, mark string) (emergency.Tapped, error)
	Status(ctx context.Context, c emergency.Caller, id cards.ID, tag []byte, mark string) (emergency.CardStatus, error)
	Open(ctx context.Context, c emergency.Caller, request emergency.OpenRequest) (emergency.Opened, error)
	FindByShortCode(ctx context.Context, c emergency.Caller, typed string) (string, error)

	OpenLink(ctx context.Context, c emergency.Caller, request emergency.LinkRequest) (emergency.OpenedLink, error)
	LinkFile(ctx context.Context, opened emergency.OpenedLink) (string, error)
	Review(ctx context.Context, c emergency.Caller, id emergency.PatientID, grant emergency.GrantID, verdict, words string) error
	Reviews(ctx context.Context, c emergency.Caller, id emergency.PatientID) (map[emergency.GrantID]emergency.ReviewView, error)
	ReviewsToAnswer(ctx context.Context, c emergency.Caller, id emergency.OrganizationID) ([]emergency.ReviewView, error)
	ReviewMail(ctx context.Context, c emergency.Caller, id emergency.OrganizationID) (string, error)
	SetReviewMail(ctx context.Context, c emergency.Caller, id emergency.OrganizationID, address string) error
	AnswerReview(ctx context.Context, c emergency.Caller, grant emergency.GrantID, answer string) error
	Officer(ctx context.Context, c emergency.Caller) (emergency.OfficerView, error)
	OrganizationsToReview(ctx context.Context, c emergency.Caller) ([]emergency.OrganizationView, error)
	SearchOpenings(ctx context.Context, c emergency.Caller, query emergency.OfficerQuery) ([]emergency.OpeningView, error)
	ExportDisclosures(ctx context.Context, c emergency.Caller, query emergency.OfficerQuery, w io.Writer) error
	ExportLog(ctx context.Context, c emergency.Caller, id emergency.PatientID, w io.Writer) error
	ExportOpenings(ctx context.Context, c emergency.Caller, query emergency.OfficerQuery, write func([]emergency.OpeningView) error) error
	Abuse(ctx context.Context, c emergency.Caller) (emergency.AbuseView, error)
	EraseEntries(ctx context.Context, c emergency.Caller, e emergency.Erasure) (emergency.Erasures, error)
	Handover(ctx context.Context, c emergency.Caller, request emergency.HandoverRequest) (emergency.MadeHandover, error)
	OpenLinkFile(ctx context.Context, c emergency.Caller, file string) (emergency.OpenedLink, error)

	Invitation(ctx context.Context, c emergency.Caller, token string) (emergency.InvitationView, error)
	BeginInvitedSignup(ctx context.Context, c emergency.Caller, name, lang, token string) (emergency.Begun, error)
	AcceptInvitation(ctx context.Context, c emergency.Caller, token string, acceptance emergency.Acceptance) (emergency.Accepted, error)
	Memberships(ctx context.Context, c emergency.Caller) ([]emergency.OrganizationView, error)
	Crew(ctx context.Context, c emergency.Caller, id emergency.OrganizationID) (emergency.Crew, error)
	InviteMember(ctx context.Context, c emergency.Caller, id emergency.OrganizationID, name, role string) (emergency.Invited, error)
	WithdrawInvitation(ctx context.Context, c emergency.Caller, id emergency.OrganizationID, invitation string) error
	SuspendMember(ctx context.Context, c emergency.Caller, id emergency.OrganizationID, account emergency.AccountID) error
	RestoreMember(ctx context.Context, c emergency.Caller, id emergency.OrganizationID, account emergency.AccountID) error
	ShowBadge(ctx context.Context, c emergency.Caller, id emergency.OrganizationID) (emergency.BadgeView, error)
	OwnBadge(ctx context.Context, c emergency.Caller) (emergency.BadgeView, error)
	CheckBadge(ctx context.Context, c emergency.Caller, shown string) (emergency.BadgeView, error)

	JWKS(ctx context.Context) ([]byte, error)
	TrustList(ctx context.Context) (string, error)
	RevocationHead(ctx context.Context) (string, error)
	RevocationEntries(ctx context.Context, n int) ([]byte, error)
	HealthRevocations(ctx context.Context, kid string) ([]byte, error)
	ReportReadings(ctx context.Context, c emergency.Caller, receipts []string) ([]string, error)

	Rules(ctx context.Context, c emergency.Caller, id emergency.PatientID) (emergency.RulesView, error)
	Simulate(ctx context.Context, c emergency.Caller, id emergency.PatientID, policy rules.Policy, chosen ...rules.Person) ([]rules.Difference, error)
	ExportConsent(ctx context.Context, c emergency.Caller, id emergency.PatientID) ([]byte, error)
	People(ctx context.Context, c emergency.Caller, id emergency.PatientID) (emergency.People, error)
	VetoPendingRules(ctx context.Context, c emergency.Caller, id emergency.PatientID) error
	History(ctx context.Context, c emergency.Caller, id emergency.PatientID, after uint64, limit int) (emergency.HistoryView, error)
	AccountHistory(ctx context.Context, c emergency.Caller, after uint64, limit int) (emergency.HistoryView, error)
	Requests(ctx context.Context, c emergency.Caller, id emergency.PatientID) ([]emergency.RequestView, error)
	Veto(ctx context.Context, c emergency.Caller, id emergency.PatientID, request emergency.RequestID) error
	WaitState(ctx context.Context, c emergency.Caller, watch string) (emergency.WaitState, error)
	FollowWait(ctx context.Context, c emergency.Caller, watch string) (<-chan struct{}, func(), error)
	Withdraw(ctx context.Context, c emergency.Caller, watch string) (emergency.WaitState, error)
	Thread(ctx context.Context, c emergency.Caller, grant string, after int) (emergency.ThreadView, error)
	FollowThread(ctx context.Context, c emergency.Caller, grant string) (<-chan struct{}, func(), error)
	Send(ctx context.Context, c emergency.Caller, grant string, message emergency.NewMessage) (int, error)
	Grant(ctx context.Context, c emergency.Caller, id emergency.PatientID, grant emergency.GrantID) (emergency.GrantView, error)
	FollowGrant(ctx context.Context, c emergency.Caller, id emergency.PatientID, grant emergency.GrantID) (<-chan struct{}, func(), error)
	SendAsKeeper(ctx context.Context, c emergency.Caller, id emergency.PatientID, grant emergency.GrantID, text string) error
	EndGrant(ctx context.Context, c emergency.Caller, id emergency.PatientID, grant emergency.GrantID) error
	Contacts(ctx context.Context, c emergency.Caller, id emergency.PatientID) ([]emergency.ContactView, error)
	AddContact(ctx context.Context, c emergency.Caller, id emergency.PatientID, added emergency.NewContact) (emergency.ContactID, emergency.Invited, error)
	InviteContact(ctx context.Context, c emergency.Caller, id emergency.PatientID, contact emergency.ContactID) (emergency.Invited, error)
	StopContact(ctx context.Context, c emergency.Caller, id emergency.PatientID, contact emergency.ContactID) error
	Event(ctx context.Context, c emergency.Caller, proof emergency.EventProof, after int) (emergency.EventView, error)
	FollowEvent(ctx context.Context, c emergency.Caller, proof emergency.EventProof) (<-chan struct{}, func(), error)
	Approve(ctx context.Context, c emergency.Caller, proof emergency.EventProof) error
	VetoAsContact(ctx context.Context, c emergency.Caller, proof emergency.EventProof) error
	SendAsContact(ctx context.Context, c emergency.Caller, proof emergency.EventProof, text string) error
	StopAsContact(ctx context.Context, c emergency.Caller, token string) error
	OpenAsContact(ctx context.Context, c emergency.Caller, asks emergency.ContactOpenRequest) (emergency.Opened, error)
	Notices(ctx context.Context, c emergency.Caller, id emergency.PatientID) ([]emergency.NoticeView, error)
	CanTell() bool
	Keepers(ctx context.Context, c emergency.Caller, id emergency.PatientID) (emergency.KeepersView, error)
	InviteKeeper(ctx context.Context, c emergency.Caller, id emergency.PatientID, name, role string) (emergency.Invited, error)
	WithdrawKeepers(ctx context.Context, c emergency.Caller, id emergency.PatientID) error
	RemoveKeeper(ctx context.Context, c emergency.Caller, id emergency.PatientID, account emergency.AccountID) error
	Confidential(ctx context.Context, c emergency.Caller, id emergency.PatientID) (section.Set, error)
	SetConfidential(ctx context.Context, c emergency.Caller, id emergency.PatientID, set section.Set) error
	Drills(ctx context.Context, c emergency.Caller, id emergency.PatientID) (emergency.DrillView, error)
	BeginDrill(ctx context.Context, c emergency.Caller, id emergency.PatientID) error
	FinishDrill(ctx context.Context, c emergency.Caller, id emergency.PatientID, result emergency.DrillResult) error
	ConfirmItems(ctx context.Context, c emergency.Caller, id emergency.PatientID, tags map[string]string) error
	Proof(ctx context.Context, c emergency.Caller, id emergency.PatientID, seq uint64) (emergency.ProofFile, error)
	OpeningProof(ctx context.Context, c emergency.Caller, grant string) (emergency.ProofFile, error)
	OwnOpenings(ctx context.Context, c emergency.Caller, after emergency.OpeningPlace) (emergency.OwnHistory, error)
	OwnOpeningProof(ctx context.Context, c emergency.Caller, grant emergency.GrantID) (emergency.ProofFile, error)
	MarkSeen(ctx context.Context, c emergency.Caller, id emergency.PatientID, seq uint64) error
	Export(ctx context.Context, c emergency.Caller, w io.Writer, passphrase string) error
}
