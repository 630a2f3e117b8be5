package web

import (
	"context"
	"errors"
	"time"

	"github.com/locket-health/locket/emergency"
)

// threadRequest asks for what was written in a grant.
type threadRequest struct {
	Grant string `json:"grant"` // its token
	After int    `json:"after"` // the last message that the page has
}

// threadAnswer is what was written, and until when it goes on.
type threadAnswer struct {
	Messages []message `json:"messages"`
	Until    time.Time `json:"until"`
	Now      time.Time `json:"now"`
	Ended    bool      `json:"ended"`
}

type message struct {
	Number int       `json:"number"`
	Sender string    `json:"sender"`
	Name   string    `json:"name"`
	Kind   string    `json:"kind"`
	Text   string    `json:"text"`
	Lat    float64   `json:"lat"`
	Lon    float64   `json:"lon"`
	At     time.Time `json:"at"`
}

func threadOf(view emergency.ThreadView) threadAnswer {
	answer := threadAnswer{Messages: []message{}, Until: view.Until, Now: view.Now, Ended: view.Ended}
	for _, m := range view.Messages {
		answer.Messages = append(answer.Messages, message{m.Number, m.Sender, m.Name, m.Kind, m.Text, m.Lat, m.Lon, m.At})
	}
	return answer
}

// thread tells a responder what was written while their grant runs.
func (s *Server) thread(x *exchange) error {
	var request threadRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	view, err := s.Service.Thread(x.r.Context(), x.caller, request.Grant, request.After)
	if err != nil {
		return err
	}
	return x.json(threadOf(view))
}

// watchThread is thread for a page that stays. Its last word, when the grant ends, is that it has ended.
func (s *Server) watchThread(x *exchange) error {
	var request threadRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	if _, err := s.Service.Thread(x.r.Context(), x.caller, request.Grant, request.After); err != nil {
		return err // what has ended before is refused; what ends now is told
	}
	return x.watch(streamsThread, watched{
		follow: func(ctx context.Context) (<-chan struct{}, func(), error) {
			return s.Service.FollowThread(ctx, x.caller, request.Grant)
		},
		look: lookAt(&request.After, func(ctx context.Context) (emergency.ThreadView, error) {
			view, err := s.Service.Thread(ctx, x.caller, request.Grant, request.After)
			if errors.Is(err, emergency.ErrRefused) {
				ended := s.Now().UTC()
				return emergency.ThreadView{Until: ended, Now: ended, Ended: true}, nil
			}
			return view, err
		}),
	})
}

// lookAt looks at a thread and remembers up to where, so that each message is sent once.
func lookAt(after *int, look func(context.Context) (emergency.ThreadView, error)) func(context.Context) (any, time.Time, bool, error) {
	return func(ctx context.Context) (any, time.Time, bool, error) {
		view, err := look(ctx)
		if err != nil {
			return nil, time.Time{}, true, err
		}
		for _, m := range view.Messages {
			*after = max(*after, m.Number)
		}
		return threadOf(view), view.Until, view.Ended, nil
	}
}

// sendRequest is what a responder writes.
type sendRequest struct {
	Grant string  `json:"grant"`
	Kind  string  `json:"kind"`
	Text  string  `json:"text"`
	Lat   float64 `json:"lat"`
	Lon   float64 `json:"lon"`
}

// sendMessage adds what a responder writes to the thread.
func (s *Server) sendMessage(x *exchange) error {
	var request sendRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	number, err := s.Service.Send(x.r.Context(), x.caller, request.Grant,
		emergency.NewMessage{Kind: request.Kind, Text: request.Text, Lat: request.Lat, Lon: request.Lon})
	if err != nil {
		return err
	}
	return x.json(struct {
		Number int `json:"number"`
	}{number})
}
