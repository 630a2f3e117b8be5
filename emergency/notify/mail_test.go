package notify_test

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/locket-health/locket/emergency/notify"
)

var message = notify.Message{ID: "b3NlY3JldGlk", Kind: "opened", To: "ben@home.example", Lang: "en", Subject: "A. B.: geöffnet",
	Text: "Somebody has opened it.\n\nRead more:\nhttps://locket.example/event#secret", Link: "https://locket.example/event#secret",
	At: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)}

// failed returns the failure of a message, nil when it was taken.
func failed(t *testing.T, sender notify.Sender, m notify.Message) *notify.Failure {
	t.Helper()
	err := sender.Send(t.Context(), m)
	var failure *notify.Failure
	if err != nil && !errors.As(err, &failure) {
		t.Fatalf("an error that is no failure: %v", err)
	}
	return failure
}

func newMail(t *testing.T, config notify.MailConfig) *notify.Mail {
	t.Helper()
	m, err := notify.NewMail(config)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAMailIsPlainAndSaysThatAMachineWroteIt(t *testing.T) {
	t.Parallel()
	secured, roots := certificates(t)
	server := startMail(t, secured, false)
	server.password = "correct horse"
	config := server.config(notify.TLSMandatory, roots)
	config.User, config.Password = "locket", "correct horse"
	if failure := failed(t, newMail(t, config), message); failure != nil {
		t.Fatalf("it was not taken: %v: %v", failure, failure.Cause)
	}
	mails := server.take()
	if len(mails) != 1 {
		t.Fatalf("%d mails arrived, want 1", len(mails))
	}
	got := mails[0]
	if got.To != message.To || got.Subject != message.Subject || got.Text != message.Text+"\n" {
		t.Errorf("to %q: %q\n%s", got.To, got.Subject, got.Text)
	}
	for name, want := range map[string]string{"Message-Id": "<b3NlY3JldGlk@clinic.example>", "Auto-Submitted": "auto-generated", "Content-Language": "en",
		"From": `"Locket" <locket@clinic.example>`, "To": "<ben@home.example>", "Content-Type": "text/plain; charset=UTF-8",
		"Date": "Sun, 22 Nov 2026 09:30:00 +0000", "User-Agent": "", "X-Mailer": ""} {
		if value := got.Header.Get(name); value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
}

func TestWhatAMailServerSays(t *testing.T) {
	t.Parallel()
	secured, roots := certificates(t)
	_, others := certificates(t)
	refuse := func(code int) func(string) error {
		return func(to string) error { return &smtp.SMTPError{Code: code, Message: "no <" + to + "> here"} }
	}
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	for _, c := range []struct {
		name     string
		says     func(string) error
		change   func(*notify.MailConfig)
		to       string
		plain    bool // the server cannot encrypt
		implicit bool // the server encrypts from the start
		class    string
		refused  bool
	}{
		{name: "takes it"},
		{name: "takes it, encrypted from the start", implicit: true, change: func(c *notify.MailConfig) { c.TLS, c.User, c.Password = notify.TLSImplicit, "locket", "right" }},
		{name: "is somebody else from the start", implicit: true, change: func(c *notify.MailConfig) { c.TLS, c.Roots = notify.TLSImplicit, others }, class: "tls"},
		{name: "refuses the receiver", says: refuse(550), class: "refused", refused: true},
		{name: "asks to come back", says: refuse(451), class: "deferred"},
		{name: "hangs up in the middle", says: func(string) error { return errHangUp }, class: "broken"},
		{name: "is not there", change: func(c *notify.MailConfig) { c.Port = gone.Addr().(*net.TCPAddr).Port }, class: "unreachable"},
		{name: "cannot encrypt and must", plain: true, class: "tls"},
		{name: "cannot encrypt and may", plain: true, change: func(c *notify.MailConfig) { c.TLS = notify.TLSOpportunistic }},
		{name: "is on this machine", plain: true, change: func(c *notify.MailConfig) { c.TLS = notify.TLSNone }},
		{name: "is somebody else", change: func(c *notify.MailConfig) { c.Roots = others }, class: "tls"},
		{name: "is somebody else, though encrypted where it can", change: func(c *notify.MailConfig) { c.Roots, c.TLS = others, notify.TLSOpportunistic }, class: "tls"},
		{name: "does not know the password", change: func(c *notify.MailConfig) { c.User, c.Password = "locket", "wrong" }, class: "auth"},
		{name: "would read the password", plain: true, change: func(c *notify.MailConfig) { c.TLS, c.User, c.Password = notify.TLSOpportunistic, "locket", "x" }, class: "auth"},
		{name: "is asked for no address", to: "nobody", class: "address", refused: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			encryption := secured
			if c.plain {
				encryption = nil
			}
			server := startMail(t, encryption, c.implicit)
			server.password = "right"
			if c.says != nil {
				server.says(c.says)
			}
			config, m := server.config(notify.TLSMandatory, roots), message
			if c.change != nil {
				c.change(&config)
			}
			if c.to != "" {
				m.To = c.to
			}
			failure := failed(t, newMail(t, config), m)
			if c.class == "" {
				if failure != nil {
					t.Errorf("it was not taken: %v: %v", failure, failure.Cause)
				}
				return
			}
			if failure == nil {
				t.Fatal("it was taken")
			}
			if failure.Class != c.class || failure.Refused != c.refused {
				t.Errorf("got %q, refused %v, want %q, %v: %v", failure.Class, failure.Refused, c.class, c.refused, failure.Cause)
			}
			if said := failure.Error() + failure.Detail; strings.Contains(said, "ben@") {
				t.Errorf("an address is in the text of the failure: %v", said)
			}
			if known := c.class == "unreachable" || c.class == "tls" || c.class == "auth"; known != (failure.Detail != "") {
				t.Errorf("the log is told %q", failure.Detail)
			}
		})
	}
}

func TestAMailConfigurationThatCannotBe(t *testing.T) {
	for name, config := range map[string]notify.MailConfig{
		"no server":                     {From: "a@b.example"},
		"no sender":                     {Host: "mail.example"},
		"a sender that is none":         {Host: "mail.example", From: "locket"},
		"in the clear over the network": {Host: "mail.example", From: "a@b.example", TLS: notify.TLSNone},
		"a word for TLS":                {Host: "mail.example", From: "a@b.example", TLS: "maybe"},
		"a user without a password":     {Host: "mail.example", From: "a@b.example", User: "locket"},
		"no port":                       {Host: "mail.example", From: "a@b.example", Port: 70000},
	} {
		if _, err := notify.NewMail(config); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
