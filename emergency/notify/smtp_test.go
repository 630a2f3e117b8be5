package notify_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/locket-health/locket/emergency/notify"
)

// mailServer is a real mail server that keeps what it takes.
type mailServer struct {
	Host string
	Port int

	mu       sync.Mutex
	mails    []received
	password string
	behave   func(to string) error // what it says to a receiver; errHangUp ends the conversation in the middle of the mail
}

// received is a mail that was taken.
type received struct {
	To      string
	Header  mail.Header
	Subject string
	Text    string
}

var errHangUp = errors.New("hang up")

// startMail starts a mail server. secured is nil for one that cannot encrypt.
func startMail(t *testing.T, secured *tls.Config, implicit bool) *mailServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &mailServer{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, behave: func(string) error { return nil }}
	server := smtp.NewServer(s)
	server.Domain, server.TLSConfig, server.AllowInsecureAuth = "mail.example", secured, false
	server.ErrorLog = quiet{}
	if implicit {
		listener = tls.NewListener(listener, secured)
	}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return s
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// says changes what the server says to receivers.
func (s *mailServer) says(behave func(to string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.behave = behave
}

// take returns the mails since the last call.
func (s *mailServer) take() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.mails
	s.mails = nil
	return taken
}

// NewSession implements smtp.Backend.
func (s *mailServer) NewSession(c *smtp.Conn) (smtp.Session, error) { return &session{s, c, ""}, nil }

type session struct {
	*mailServer
	conn *smtp.Conn
	to   string
}

func (s *session) Reset()                               {}
func (s *session) Logout() error                        { return nil }
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) AuthMechanisms() []string             { return []string{sasl.Plain} }
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if s.password == "" || user != "locket" || password != s.password {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	if err := s.answer(); err != nil && !errors.Is(err, errHangUp) {
		return err
	}
	return nil
}

func (s *session) answer() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.behave(s.to)
}

func (s *session) Data(r io.Reader) error {
	if errors.Is(s.answer(), errHangUp) {
		s.conn.Conn().Close()
		return errHangUp
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	body := message.Body
	if message.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, received{s.to, message.Header, subject, strings.ReplaceAll(string(text), "\r\n", "\n")})
	return nil
}

// config is how this house sends to the server.
func (s *mailServer) config(encrypted notify.TLS, roots *x509.CertPool) notify.MailConfig {
	return notify.MailConfig{Host: s.Host, Port: s.Port, TLS: encrypted, From: "locket@clinic.example", Roots: roots}
}

// certificates makes a server's certificate for 127.0.0.1 and the authority that it comes from.
func certificates(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}
