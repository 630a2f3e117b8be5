package web

import (
	"context"
	"io"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/rules"
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
	EditItem(ctx context.Context, c emergency.Caller, id emergency.PatientID, edit emergency.Edit) (summary.Item, error)
	EditIdentity(ctx context.Context, c emergency.Caller, id emergency.PatientID, identity summary.Identity, lang, before string) error
	ConfirmItem(ctx context.Context, c emergency.Caller, id emergency.PatientID, item, tag string) error

	PreviewImport(ctx context.Context, c emergency.Caller, id emergency.PatientID, document []byte, name string) (emergency.ImportPreview, error)
	ConfirmImport(ctx context.Context, c emergency.Caller, id emergency.PatientID, token string) error
	Documents(ctx context.Context, c emergency.Caller, id emergency.PatientID) ([]emergency.DocumentView, error)
	Document(ctx context.Context, c emergency.Caller, id emergency.PatientID, document emergency.DocumentID) (emergency.DocumentView, []byte, error)

	PreviewCard(ctx context.Context, c emergency.Caller, id emergency.PatientID, choices emergency.CardChoices) (emergency.CardPreview, error)
	IssueCard(ctx context.Context, c emergency.Caller, id emergency.PatientID, choices emergency.CardChoices, label string) (emergency.Issued, error)
	Cards(ctx context.Context, c emergency.Caller, id emergency.PatientID) ([]emergency.CardView, error)
	Card(ctx context.Context, c emergency.Caller, id emergency.PatientID, card cards.ID) (emergency.CardView, error)
	CardForPrint(ctx context.Context, c emergency.Caller, id emergency.PatientID, card cards.ID) (emergency.Issued, error)
	RevokeCard(ctx context.Context, c emergency.Caller, id emergency.PatientID, card cards.ID) error

	Scan(ctx context.Context, c emergency.Caller, id cards.ID) error
	Status(ctx context.Context, c emergency.Caller, id cards.ID, tag []byte) (string, time.Time, error)
	Open(ctx context.Context, c emergency.Caller, request emergency.OpenRequest) (emergency.Opened, error)
	FindByShortCode(ctx context.Context, c emergency.Caller, typed string) (string, error)

	Rules(ctx context.Context, c emergency.Caller, id emergency.PatientID) (emergency.RulesView, error)
	Simulate(ctx context.Context, c emergency.Caller, id emergency.PatientID, policy rules.Policy) ([]rules.Difference, error)
	History(ctx context.Context, c emergency.Caller, id emergency.PatientID, after uint64, limit int) (emergency.HistoryView, error)
	AccountHistory(ctx context.Context, c emergency.Caller, after uint64, limit int) (emergency.HistoryView, error)
	Requests(ctx context.Context, c emergency.Caller, id emergency.PatientID) ([]emergency.RequestView, error)
	Veto(ctx context.Context, c emergency.Caller, id emergency.PatientID, card cards.ID, step string) error
	MarkSeen(ctx context.Context, c emergency.Caller, id emergency.PatientID, seq uint64) error
	Export(ctx context.Context, c emergency.Caller, w io.Writer, passphrase string) error
}
