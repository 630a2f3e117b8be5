package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/locket-health/locket/emergency"
)

// TLS says how the way to a mail server is encrypted.
type TLS string

// How the way to a mail server is encrypted.
const (
	TLSMandatory     TLS = "mandatory"     // by STARTTLS, or not at all; on port 465 it is TLSImplicit
	TLSImplicit      TLS = "implicit"      // from the start
	TLSOpportunistic TLS = "opportunistic" // by STARTTLS when the server offers it
	TLSNone          TLS = "none"          // to this machine only
)

var policies = map[TLS]gomail.Option{
	TLSMandatory: gomail.WithTLSPolicy(gomail.TLSMandatory), TLSImplicit: gomail.WithSSL(),
	TLSOpportunistic: gomail.WithTLSPolicy(gomail.TLSOpportunistic), TLSNone: gomail.WithTLSPolicy(gomail.NoTLS),
}

// submissions is the port on which a conversation begins with TLS (RFC 8314, section 3.3).
const submissions = 465

// MailConfig says by which server mails go out. Host and From are needed.
type MailConfig struct {
	Host     string
	Port     int    // default 587
	TLS      TLS    // default TLSMandatory
	User     string // "" signs in nowhere
	Password string
	From     string         // the address that mails come from
	Roots    *x509.CertPool // default those of the system
}

// Mail sends by SMTP. Each message has a conversation of its own: they are few, and one that fails takes no other with it.
type Mail struct {
	config MailConfig
	from   mail.Address
}

// NewMail checks the configuration.
func NewMail(config MailConfig) (*Mail, error) {
	if config.Port == 0 {
		config.Port = 587
	}
	if config.TLS == "" {
		config.TLS = TLSMandatory
	}
	if config.TLS == TLSMandatory && config.Port == submissions {
		config.TLS = TLSImplicit
	}
	from, err := mail.ParseAddress(config.From)
	switch {
	case config.Host == "":
		return nil, errors.New("a mail server is needed")
	case config.Port < 1 || config.Port > 65535:
		return nil, errors.New("the port of the mail server is none")
	case err != nil:
		return nil, errors.New("the address that mails come from is none, such as locket@clinic.example")
	case policies[config.TLS] == nil:
		return nil, errors.New("mails go encrypted (mandatory, implicit), encrypted where the server can (opportunistic) or in the clear (none)")
	case config.TLS == TLSNone && !loopback(config.Host):
		return nil, errors.New("mails go in the clear to a server on this machine only")
	case config.User != "" && config.Password == "":
		return nil, errors.New("the user of the mail server has no password")
	}
	if from.Name == "" {
		from.Name = "Locket"
	}
	return &Mail{config, *from}, nil
}

// Way implements Sender.
func (m *Mail) Way() string { return emergency.WayMail }

// Send implements Sender.
func (m *Mail) Send(ctx context.Context, message Message) error {
	letter, err := m.letter(message)
	if err != nil {
		return &Failure{Class: failedAddress, Refused: true, Cause: err}
	}
	client, hangUp, err := m.client(ctx)
	if err != nil {
		return err
	}
	defer hangUp()
	err = client.DialAndSendWithContext(ctx, letter)
	if err == nil || letter.IsDelivered() { // how the conversation ends afterwards does not matter
		return nil
	}
	return mailFailure(ctx, err)
}

// letter is the mail itself: one plain text, and no more headers than it needs.
func (m *Mail) letter(message Message) (*gomail.Msg, error) {
	to, err := mail.ParseAddress(message.To)
	if err != nil {
		return nil, err
	}
	letter := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	letter.FromMailAddress(&m.from)
	letter.ToMailAddress(&mail.Address{Address: to.Address})
	letter.Subject(message.Subject)
	letter.SetDateWithValue(message.At)
	_, host, _ := strings.Cut(m.from.Address, "@")
	letter.SetMessageIDWithValue(message.ID + "@" + host)
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's absence note is to answer it
	letter.SetGenHeader("Content-Language", message.Lang)
	letter.SetBodyString(gomail.TypeTextPlain, message.Text+"\n")
	return letter, nil
}

// client prepares a conversation that ends with ctx, however silent the server is. What it returns second hangs up.
func (m *Mail) client(ctx context.Context) (*gomail.Client, func(), error) {
	c := m.config
	secured := &tls.Config{ServerName: c.Host, RootCAs: c.Roots, MinVersion: tls.VersionTLS12}
	var connection net.Conn
	stop := func() bool { return true }
	dial := func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(dialing, network, address)
		if err != nil {
			return nil, err
		}
		connection = conn
		stop = context.AfterFunc(ctx, func() { conn.Close() })
		if c.TLS != TLSImplicit {
			return conn, nil
		}
		encrypted := tls.Client(conn, secured)
		return encrypted, encrypted.HandshakeContext(dialing)
	}
	options := []gomail.Option{gomail.WithPort(c.Port), gomail.WithTLSConfig(secured), gomail.WithTimeout(sendPatience), gomail.WithDialContextFunc(dial),
		gomail.WithoutNoop(), gomail.WithoutRset(), policies[c.TLS]}
	if c.User != "" { // none of the three sends a password that others can read
		options = append(options, gomail.WithUsername(c.User), gomail.WithPassword(c.Password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	client, err := gomail.NewClient(c.Host, options...)
	if err != nil {
		return nil, nil, fmt.Errorf("notify: the mail client: %w", err)
	}
	return client, func() {
		stop()
		if connection != nil {
			connection.Close()
		}
	}, nil
}

// mailFailure says what became of a conversation.
func mailFailure(ctx context.Context, err error) error {
	failure := &Failure{Class: classOf(err), Cause: err}
	var sending *gomail.SendError
	var answer *textproto.Error
	switch {
	case ctx.Err() != nil:
		failure.Class = failedTimeout
	case errors.As(err, &sending):
		code := sending.ErrorCode()
		switch {
		case code >= 500 && sending.Reason != gomail.ErrSMTPMailFrom: // that would be about us, not about the receiver
			failure.Class, failure.Refused = failedRefused, true
		case code >= 400:
			failure.Class = failedDeferred
		}
	case errors.As(err, &answer):
		failure.Class = failedDeferred
		if answer.Code == 530 || answer.Code == 534 || answer.Code == 535 || answer.Code == 538 {
			failure.Class = failedAuth
		}
	case strings.Contains(err.Error(), "STARTTLS"): // the one failure that go-mail has no type for
		failure.Class = failedTLS
	case strings.Contains(err.Error(), "AUTH"):
		failure.Class = failedAuth
	}
	if failure.Class == failedUnreachable || failure.Class == failedTLS || failure.Class == failedAuth {
		failure.Detail = err.Error()
	}
	return failure
}

// loopback reports whether host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// sendPatience is how long one message may take by one way.
const sendPatience = 25 * time.Second
