package notify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/emergency/notify"
)

const webhookSecret = "a secret of the gateway"

func newWebhook(t *testing.T, url string) *notify.Webhook {
	t.Helper()
	w, err := notify.NewWebhook(notify.WebhookConfig{URL: url, Secret: webhookSecret})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestAGatewayCanCheckWhoAsks: the signature is computed here as the documents say, not by the house's own function.
func TestAGatewayCanCheckWhoAsks(t *testing.T) {
	t.Parallel()
	var body map[string]string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		at, signature, found := strings.Cut(strings.TrimPrefix(r.Header.Get("Locket-Signature"), "t="), ",v1=")
		mac := hmac.New(sha256.New, []byte(webhookSecret))
		mac.Write([]byte(at + "." + string(raw)))
		if !found || signature != hex.EncodeToString(mac.Sum(nil)) {
			t.Errorf("the signature is %q", r.Header.Get("Locket-Signature"))
		}
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Idempotency-Key") != message.ID {
			t.Errorf("%s with %v", r.Method, r.Header)
		}
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	m := message
	m.To = "+15550100"
	if failure := failed(t, newWebhook(t, server.URL), m); failure != nil {
		t.Fatalf("it was not taken: %v", failure)
	}
	want := map[string]string{"id": m.ID, "kind": "opened", "to": "+15550100", "lang": "en", "text": m.Subject, "link": m.Link}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("the gateway was asked something else (-want +got):\n%s", diff)
	}
}

func TestWhatAGatewaySays(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	var status atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status.Load() == http.StatusTemporaryRedirect {
			w.Header().Set("Location", other.URL)
		}
		w.WriteHeader(int(status.Load()))
	}))
	defer server.Close()
	for _, c := range []struct {
		status  int
		class   string
		refused bool
	}{
		{200, "", false}, {202, "", false}, {204, "", false}, {307, "deferred", false}, {400, "deferred", false}, {401, "auth", false}, {403, "auth", false},
		{404, "refused", true}, {410, "refused", true}, {429, "deferred", false}, {500, "deferred", false}, {503, "deferred", false},
	} {
		status.Store(int32(c.status))
		failure := failed(t, newWebhook(t, server.URL), message)
		switch {
		case c.class == "" && failure != nil:
			t.Errorf("%d: it was not taken: %v", c.status, failure)
		case c.class != "" && (failure == nil || failure.Class != c.class || failure.Refused != c.refused):
			t.Errorf("%d: got %+v, want %q, refused %v", c.status, failure, c.class, c.refused)
		}
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("a gateway sent the house somewhere else, and it went %d times", n)
	}
	server.Close()
	gone := failed(t, newWebhook(t, server.URL+"/send?key=of-the-operator"), message)
	if gone == nil || gone.Class != "unreachable" || gone.Detail == "" || strings.Contains(gone.Detail, "of-the-operator") {
		t.Errorf("a gateway that is not there: %+v, want unreachable", gone)
	}
	secured := httptest.NewUnstartedServer(http.NotFoundHandler())
	secured.Config.ErrorLog = log.New(io.Discard, "", 0)
	secured.StartTLS()
	defer secured.Close()
	if failure := failed(t, newWebhook(t, secured.URL), message); failure == nil || failure.Class != "tls" {
		t.Errorf("a gateway that does not prove who it is: %+v, want tls", failure)
	}
}

func TestAWebhookConfigurationThatCannotBe(t *testing.T) {
	for name, config := range map[string]notify.WebhookConfig{
		"no address":                    {Secret: webhookSecret},
		"in the clear over the network": {URL: "http://sms.example/send", Secret: webhookSecret},
		"another scheme":                {URL: "file:///etc/passwd", Secret: webhookSecret},
		"a password in the address":     {URL: "https://a:b@sms.example/send", Secret: webhookSecret},
		"no secret":                     {URL: "https://sms.example/send"},
		"a short secret":                {URL: "https://sms.example/send", Secret: "short"},
	} {
		if _, err := notify.NewWebhook(config); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
