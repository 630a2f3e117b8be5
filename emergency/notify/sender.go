package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"
)

// Message is a letter in words.
type Message struct {
	ID      string // the same in each attempt
	Kind    string
	To      string // an address or a telephone number, by the way of the sender
	Lang    string
	Subject string // one line, enough for a telephone
	Text    string // plain, paragraphs with an empty line between, the link last
	Link    string
	At      time.Time // when it was written
}

// Sender carries messages by one way.
type Sender interface {
	Way() string // emergency.WayMail, emergency.WayPhone
	// Send returns nil when somebody else has taken the message, and a *Failure otherwise. It gives up when ctx ends.
	Send(ctx context.Context, m Message) error
}

// Failure says why a message was not taken. The class is all that is kept: what the other side says may name people.
type Failure struct {
	Class   string
	Refused bool   // for good
	Detail  string // for the server's log, of what went wrong before the other side knew whom it is about; "" when it did
	Cause   error
}

func (f *Failure) Error() string { return "notify: " + f.Class }

func (f *Failure) Unwrap() error { return f.Cause }

// The classes of failures.
const (
	failedAddress     = "address"     // it is no address
	failedRefused     = "refused"     // the other side will never take it
	failedDeferred    = "deferred"    // the other side does not take it now
	failedUnreachable = "unreachable" // nobody answers
	failedTimeout     = "timeout"
	failedBroken      = "broken" // the other side hung up, or answered what is no answer
	failedTLS         = "tls"    // the other side does not prove who it is, or does not encrypt
	failedAuth        = "auth"   // the other side does not let us in
	failedWayless     = "no_way" // the house has no sender for it
)

// classOf finds the class of an error of the network.
func classOf(err error) string {
	var network net.Error
	var dial *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return failedTimeout
	case errors.As(err, new(*tls.CertificateVerificationError)), errors.As(err, new(tls.RecordHeaderError)), errors.As(err, new(tls.AlertError)),
		errors.As(err, new(x509.HostnameError)), errors.As(err, new(x509.UnknownAuthorityError)):
		return failedTLS
	case errors.As(err, &dial) && dial.Op == "dial":
		return failedUnreachable
	default:
		return failedBroken
	}
}
