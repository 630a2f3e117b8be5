package emergencytest

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/passkey/passkeytest"
	"github.com/locket-health/locket/emergency/summary"
)

// URL is where the houses of tests are.
const URL = "http://localhost:8080"

// App is a whole house in a directory of its own: real store, real keys, a clock that the test moves.
type App struct {
	*datadir.House
	Dir   string
	Clock *Clock
}

// Clock stands still until a test moves it.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Add moves the clock; a negative duration sets it back.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// NewApp makes a house and closes it when the test ends.
func NewApp(t testing.TB) *App {
	t.Helper()
	app := &App{Dir: filepath.Join(t.TempDir(), "data"), Clock: &Clock{now: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)}}
	if err := datadir.Init(context.Background(), app.Dir, "", datadir.Settings{URL: URL}); err != nil {
		t.Fatal(err)
	}
	app.Open(t)
	return app
}

// Open opens the house's directory, as a server does when it starts. NewApp has done it once.
func (a *App) Open(t testing.TB) {
	t.Helper()
	house, err := datadir.Open(context.Background(), datadir.Options{Dir: a.Dir, Now: a.Clock.Now, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	a.House = house
	t.Cleanup(func() { house.Store.Close() })
}

// Person is somebody with an account, a browser session and a passkey.
type Person struct {
	app           *App
	Authenticator *passkeytest.Authenticator
	Token         string
}

// SignUp makes an account with a passkey and a recovery code.
func (a *App) SignUp(t testing.TB, name string) *Person {
	t.Helper()
	ctx := context.Background()
	p := &Person{app: a, Authenticator: passkeytest.New(URL)}
	begun, err := a.Service.BeginSignup(ctx, emergency.Caller{}, name, "en")
	if err != nil {
		t.Fatal(err)
	}
	response, err := p.Authenticator.Create(begun.Options)
	if err != nil {
		t.Fatal(err)
	}
	signedIn, err := a.Service.FinishSignup(ctx, emergency.Caller{}, begun.Ceremony, response)
	if err != nil {
		t.Fatal(err)
	}
	p.Token = signedIn.Token
	if _, err := a.Service.MakeRecovery(ctx, p.Caller(t)); err != nil {
		t.Fatal(err)
	}
	return p
}

// Returning is somebody who has a session, as by a recovery code, and another device.
func (a *App) Returning(token string) *Person {
	return &Person{app: a, Authenticator: passkeytest.New(URL), Token: token}
}

// SignIn signs the person in again, after the old session has ended.
func (p *Person) SignIn(t testing.TB) error {
	t.Helper()
	ctx := context.Background()
	begun, err := p.app.Service.BeginSignin(ctx, emergency.Caller{})
	if err != nil {
		return err
	}
	response, err := p.Authenticator.Get(begun.Options)
	if err != nil {
		t.Fatal(err)
	}
	signedIn, err := p.app.Service.FinishSignin(ctx, emergency.Caller{}, begun.Ceremony, response)
	p.Token = signedIn.Token
	return err
}

// Caller is the person as the service sees the person's browser now.
func (p *Person) Caller(t testing.TB) emergency.Caller {
	t.Helper()
	c, err := p.app.Service.Authenticate(context.Background(), p.Token)
	if err != nil {
		t.Fatal(err)
	}
	c.Network = "198.51.100.0/24"
	return c
}

// Approve touches the person's passkey for an act.
func (p *Person) Approve(t testing.TB, action emergency.Action) error {
	t.Helper()
	ctx := context.Background()
	begun, err := p.app.Service.BeginApproval(ctx, p.Caller(t), action)
	if err != nil {
		return err
	}
	response, err := p.Authenticator.Get(begun.Options)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.app.Service.FinishApproval(ctx, p.Caller(t), begun.Ceremony, response)
	return err
}

// Patient makes a patient with the record of a fixture and returns the id.
func (p *Person) Patient(t testing.TB, fixture string) emergency.PatientID {
	t.Helper()
	ctx := context.Background()
	person := Load(fixture)
	id, err := p.app.Service.CreatePatient(ctx, p.Caller(t), fixture)
	if err != nil {
		t.Fatal(err)
	}
	preview, err := p.app.Service.PreviewImport(ctx, p.Caller(t), id, person.Bundle, person.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.app.Service.ConfirmImport(ctx, p.Caller(t), id, preview.Token); err != nil {
		t.Fatal(err)
	}
	return id
}

// Issue issues a wallet card with the default choices.
func (p *Person) Issue(t testing.TB, id emergency.PatientID) emergency.Issued {
	t.Helper()
	issued, err := p.app.Service.IssueCard(context.Background(), p.Caller(t), id, emergency.CardChoices{}, "")
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

// Contact names somebody as a contact of a patient, who has confirmed with the person's own passkey.
func (p *Person) Contact(t testing.TB, id emergency.PatientID, added emergency.NewContact) emergency.ContactID {
	t.Helper()
	ctx := context.Background()
	contact, made, err := p.app.Service.AddContact(ctx, p.Caller(t), id, added)
	if err != nil {
		t.Fatal(err)
	}
	_, secret, _ := strings.Cut(made.Link, "#")
	if _, err := p.app.Service.AcceptInvitation(ctx, p.Caller(t), secret, emergency.Acceptance{}); err != nil {
		t.Fatal(err)
	}
	return contact
}

// Edit adds an item to a record.
func (p *Person) Edit(t testing.TB, id emergency.PatientID, item summary.Item) summary.Item {
	t.Helper()
	kept, err := p.app.Service.EditItem(context.Background(), p.Caller(t), id, emergency.Edit{Item: item})
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

// OpenRequest is a responder's request with a card in hand and a good reason.
func OpenRequest(issued emergency.Issued) emergency.OpenRequest {
	return emergency.OpenRequest{Card: issued.ID, Secret: issued.Address.Secret.Bytes(), Step: "critical", Reason: "unconscious", Role: "paramedic",
		Name: "Kim Example", Organization: "Ambulance 7"}
}

// NewAuthenticator is a further device of a person.
func NewAuthenticator() *passkeytest.Authenticator { return passkeytest.New(URL) }

// BackupAndRestore copies the running house and brings the copy up in a directory of its own.
func (a *App) BackupAndRestore(t testing.TB, folder string) *App {
	t.Helper()
	ctx := context.Background()
	if _, err := datadir.Backup(ctx, a.Dir, "", folder, nil); err != nil {
		t.Fatal(err)
	}
	restored := &App{Dir: filepath.Join(t.TempDir(), "restored"), Clock: a.Clock}
	if _, err := datadir.Restore(ctx, folder, datadir.KeyDir(a.Dir, ""), datadir.Options{Dir: restored.Dir, Now: a.Clock.Now}); err != nil {
		t.Fatal(err)
	}
	restored.Open(t)
	return restored
}
