package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/locket-health/locket/audit"
)

// A server's answer is bounded: the largest thing that it publishes is a bundle of 256 entries.
const (
	maxAnswer   = 1 << 20
	askPatience = 30 * time.Second
)

// A server lets everybody read its log, and nobody all of a large one at once: whoever is told to come back later does, so often and after so long at most.
const (
	maxReturns = 5
	maxPause   = 2 * time.Minute
)

// published is a log as a server publishes it.
type published struct {
	client *http.Client
	prefix string // with a final slash
}

// publishedAt is the log with this origin, as a server publishes it. The log of a later epoch is served below that of the first, as its origin says.
func publishedAt(url, origin string) published {
	const logPath = "/audit/log"
	_, epoch, _ := strings.Cut(origin, logPath)
	return published{&http.Client{Timeout: askPatience}, strings.TrimSuffix(url, "/") + logPath + epoch + "/"}
}

// fetch reads what the server publishes under a path below that of its log.
func (p published) fetch(ctx context.Context, path string) ([]byte, error) {
	for range maxReturns {
		body, pause, err := p.ask(ctx, path)
		if pause < 0 {
			return body, err
		}
		timer := time.NewTimer(min(pause, maxPause))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
	return nil, fmt.Errorf("%s: the server says each time to come back later", path)
}

// ask asks once. A pause from 0 on says to come back after it, and a negative one that there is nothing to wait for.
func (p published) ask(ctx context.Context, path string) (body []byte, pause time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.prefix+path, nil)
	if err != nil {
		return nil, -1, err
	}
	response, err := p.client.Do(request)
	if err != nil {
		return nil, -1, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		return body, -1, err
	case http.StatusGone:
		return nil, -1, fmt.Errorf("%s: %w", path, audit.ErrPruned)
	case http.StatusTooManyRequests:
		if seconds, err := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 16); err == nil {
			return nil, time.Duration(seconds) * time.Second, nil
		}
	}
	return nil, -1, fmt.Errorf("%s: the server answers %s", path, response.Status)
}
