package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/locket-health/locket/emergency"
)

// SignatureHeader proves to a gateway that a request comes from this house and when: "t=<seconds>,v1=<hexadecimal HMAC-SHA256 of t, a dot and the body>".
const SignatureHeader = "Locket-Signature"

// minSecretBytes is how short the secret that signs may be.
const minSecretBytes = 16

// WebhookConfig says which gateway sends to telephones. All is needed.
type WebhookConfig struct {
	URL    string // https, or http on this machine
	Secret string // signs each request
}

// Webhook asks a gateway to send: one POST of JSON a message, to the one address that the operator has named.
type Webhook struct {
	config WebhookConfig
	client *http.Client
	now    func() time.Time
}

// NewWebhook checks the configuration.
func NewWebhook(config WebhookConfig) (*Webhook, error) {
	address, err := url.Parse(config.URL)
	switch {
	case err != nil || address.Host == "" || address.User != nil || address.Fragment != "":
		return nil, errors.New("the address of the gateway is none, such as https://sms.example/send")
	case address.Scheme != "https" && (address.Scheme != "http" || !loopback(address.Hostname())):
		return nil, errors.New("the gateway is reached by https, or by http on this machine")
	case len(config.Secret) < minSecretBytes:
		return nil, errors.New("the secret that signs what the gateway is asked has at least 16 characters")
	}
	client := &http.Client{
		Timeout: sendPatience,
		// The gateway is where the operator says, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &Webhook{config, client, time.Now}, nil
}

// Way implements Sender.
func (w *Webhook) Way() string { return emergency.WayPhone }

// posted is the body of a request.
type posted struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	To   string `json:"to"`
	Lang string `json:"lang"`
	Text string `json:"text"`
	Link string `json:"link"`
}

// Send implements Sender.
func (w *Webhook) Send(ctx context.Context, m Message) error {
	body, err := json.Marshal(posted{ID: m.ID, Kind: m.Kind, To: m.To, Lang: m.Lang, Text: m.Subject, Link: m.Link})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.config.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Locket")
	request.Header.Set("Idempotency-Key", m.ID)
	request.Header.Set(SignatureHeader, Sign(w.config.Secret, w.now(), body))
	response, err := w.client.Do(request)
	if err != nil {
		failure := &Failure{Class: classOf(err), Cause: err}
		if inner := new(url.Error); errors.As(err, &inner) {
			failure.Detail = inner.Err.Error() // without the address of the gateway, which may hold a key
		}
		return failure
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection can be used again; what it says is not needed
	switch status := response.StatusCode; {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusNotFound || status == http.StatusGone:
		return &Failure{Class: failedRefused, Refused: true}
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return &Failure{Class: failedAuth}
	default:
		return &Failure{Class: failedDeferred}
	}
}

// Sign is the value of SignatureHeader for a body that is sent at a time.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	io.WriteString(mac, t+".")
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
