package web

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/rules"
)

// follower is a page that reads a stream.
type follower struct {
	t      *testing.T
	answer *http.Response
	lines  *bufio.Scanner
}

// follow asks for a stream, or for one answer where there is none.
func follow(t *testing.T, base, path string, body any) *follower {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "POST", base+path, strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", streamKind)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return &follower{t, answer, bufio.NewScanner(answer.Body)}
}

// next is the next event, nil at the end of the stream.
func (f *follower) next() map[string]any {
	f.t.Helper()
	for f.lines.Scan() {
		data, is := strings.CutPrefix(f.lines.Text(), "data: ")
		if !is {
			continue
		}
		var said map[string]any
		if err := json.Unmarshal([]byte(data), &said); err != nil {
			f.t.Fatal(err)
		}
		return said
	}
	return nil
}

// TestAPageFollowsWhatItWaitsFor by a stream that says what is, then what changes, and ends with it; the rest by asking again; and no stream outlives the server.
func TestAPageFollowsWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	_, anna := app.signedIn(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	if err := anna.Approve(t, emergency.Action{Kind: emergency.ActionRules, Target: string(patient), Body: rules.Canonical(rules.Private())}); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- app.Server.Run(ctx, listener) }()
	base := "http://" + listener.Addr().String()

	asks := emergencytest.OpenRequest(issued)
	asks.Step = "sensitive"
	opened, err := app.App.Service.Open(ctx, emergency.Caller{}, asks)
	if err != nil {
		t.Fatal(err)
	}
	wait := follow(t, base, "/v1/requests/watch", map[string]any{"watch": opened.Watch})
	if kind := wait.answer.Header.Get("Content-Type"); kind != streamKind || wait.answer.Header.Get("Cache-Control") != noStore {
		t.Fatalf("the stream is %q, %v", kind, wait.answer.Header)
	}
	if first := wait.next(); first["state"] != "waiting" || first["needed"] != 1.0 || first["opens_at"] == nil {
		t.Errorf("at first: %v", first)
	}
	thread := follow(t, base, "/v1/thread/watch", map[string]any{"grant": opened.Grant, "after": 0})
	if first := thread.next(); first["ended"] != false {
		t.Errorf("the thread at first: %v", first)
	}
	if _, err := app.App.Service.Send(ctx, emergency.Caller{}, opened.Grant, emergency.NewMessage{Text: "Hello"}); err != nil {
		t.Fatal(err)
	}
	if second := thread.next(); len(second["messages"].([]any)) != 1 {
		t.Errorf("after a message: %v", second)
	}
	if err := app.App.Service.EndGrant(ctx, anna.Caller(t), patient, opened.GrantID); err != nil {
		t.Fatal(err)
	}
	if last := thread.next(); last["ended"] != true || len(last["messages"].([]any)) != 0 || thread.next() != nil {
		t.Errorf("after the end: %v", last)
	}
	if over := follow(t, base, "/v1/thread/watch", map[string]any{"grant": opened.Grant, "after": 0}); over.answer.StatusCode != http.StatusForbidden {
		t.Errorf("a stream of what has ended: %d", over.answer.StatusCode)
	}
	if _, err := app.App.Service.Withdraw(ctx, emergency.Caller{}, opened.Watch); err != nil {
		t.Fatal(err)
	}
	for state := ""; state != "withdrawn"; { // a change of the grant may have been said in between
		said := wait.next()
		if said == nil {
			t.Fatal("the stream ends without saying that the wait was withdrawn")
		}
		state = said["state"].(string)
	}
	if after := wait.next(); after != nil {
		t.Errorf("after the last word: %v", after)
	}
	if unknown := follow(t, base, "/v1/requests/watch", map[string]any{"watch": "rubbish"}); unknown.next()["state"] != "over" || unknown.next() != nil {
		t.Error("an unknown wait is not over at once")
	}

	// However many wait, there is an end of it; whoever gets no stream asks.
	again, err := app.App.Service.Open(ctx, emergency.Caller{}, asks)
	if err != nil {
		t.Fatal(err)
	}
	var leave []func()
	for range streamsOfOne {
		each, err := app.streams.take(netip.MustParseAddr("127.0.0.1"))
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, each)
	}
	if none := follow(t, base, "/v1/requests/watch", map[string]any{"watch": again.Watch}); none.answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one stream too many: %d", none.answer.StatusCode)
	}
	if w := app.browser(t).post("/v1/requests/watch", `{"watch":"`+again.Watch+`"}`); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"state":"waiting"`) {
		t.Errorf("asking instead: %d %s", w.Code, w.Body)
	}
	for _, each := range leave {
		each()
		each() // leaving twice gives no place away
	}
	app.streams.mu.Lock()
	if app.streams.total != 0 || len(app.streams.open) != 0 {
		t.Errorf("%d streams are counted when nobody waits", app.streams.total)
	}
	app.streams.mu.Unlock()

	last := follow(t, base, "/v1/requests/watch", map[string]any{"watch": again.Watch})
	if last.next()["state"] != "waiting" {
		t.Error("the wait is not followed")
	}
	stop()
	if last.next() != nil {
		t.Error("a stream goes on when the server stops")
	}
	if err := <-ended; err != nil {
		t.Errorf("the server with a stream: %v", err)
	}
}
