package web

import (
	"context"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/rules"
)

// eventPage is where the link of a notice leads to. Which event it is stands behind #, and only the page's script reads it.
func (s *Server) eventPage(x *exchange) error {
	p := x.newPage("event.title")
	p.Scripts = []string{"js/console/event.js"}
	reason := field{ID: "reason", Kind: "radio", Label: x.T("event.ask.why")}
	for _, each := range rules.Reasons() {
		reason.Options = append(reason.Options, option{Value: string(each), Label: x.coded("reason", string(each)), Chosen: len(reason.Options) == 0})
	}
	p.D = struct{ Code, Answer, Reason, Words field }{
		field{ID: "code", Kind: "code", Label: x.T("event.code"), Hint: x.T("event.code.hint")},
		field{ID: "answer", Kind: "textarea", Label: x.T("thread.answer"), Hint: x.T("thread.answer.hint"), Lang: x.lang.Code},
		reason,
		field{ID: "reason_text", Kind: "text", Label: x.T("event.ask.words")},
	}
	return x.show("event", p)
}

// eventRequest carries what stands behind the # of a contact's link, and what proves that it is the contact.
type eventRequest struct {
	Token  string `json:"token"`
	Code   string `json:"code"`
	Ticket string `json:"ticket"` // of an earlier answer
	After  int    `json:"after"`  // the last message that the page has
	Text   string `json:"text"`   // of a message
}

func (r eventRequest) proof() emergency.EventProof {
	return emergency.EventProof{Token: r.Token, Code: r.Code, Ticket: r.Ticket}
}

// eventAnswer is what happened, in words, and what the contact can do about it.
type eventAnswer struct {
	Kind       string       `json:"kind"`
	Initials   string       `json:"initials"`
	At         time.Time    `json:"at"`
	Proof      string       `json:"proof"` // "code" or "passkey"
	Proven     bool         `json:"proven"`
	Ticket     string       `json:"ticket"`
	Title      string       `json:"title"`
	Lead       string       `json:"lead"`
	Name       string       `json:"name"`
	Facts      []entryFact  `json:"facts"` // as stated
	Drill      bool         `json:"drill"`
	State      string       `json:"state"` // of a wait as /v1/requests/watch has it; "running" or "ended" of an opening
	StateText  string       `json:"state_text"`
	OpensAt    time.Time    `json:"opens_at,omitzero"`
	Until      time.Time    `json:"until,omitzero"`
	Approved   bool         `json:"approved"`
	CanApprove bool         `json:"can_approve"`
	CanVeto    bool         `json:"can_veto"`
	Grant      bool         `json:"grant"` // an opening runs: what is written reaches somebody
	Thread     []spokenLine `json:"thread"`
}

// event says what a contact's link is about.
func (s *Server) event(x *exchange) error {
	var request eventRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	view, err := s.Service.Event(x.r.Context(), x.caller, request.proof(), request.After)
	if err != nil {
		return err
	}
	return x.json(x.eventOf(view))
}

// watchEvent is event for a page that stays.
func (s *Server) watchEvent(x *exchange) error {
	var request eventRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	return x.watch("event", watched{
		follow: func(ctx context.Context) (<-chan struct{}, func(), error) {
			return s.Service.FollowEvent(ctx, x.caller, request.proof())
		},
		look: func(ctx context.Context) (any, time.Time, bool, error) {
			view, err := s.Service.Event(ctx, x.caller, request.proof(), request.After)
			if err != nil {
				return nil, time.Time{}, true, err
			}
			request.Ticket = view.Ticket // so that a page that stays needs no code again
			changes := view.Until
			if view.Wait != nil {
				changes = view.Wait.OpensAt
			}
			if view.Thread != nil {
				for _, m := range view.Thread.Messages {
					request.After = max(request.After, m.Number)
				}
			}
			return x.eventOf(view), changes, view.Ended || !changes.After(s.Now()), nil
		},
	})
}

// eventOf puts an event into words.
func (x *exchange) eventOf(view emergency.EventView) eventAnswer {
	answer := eventAnswer{Kind: view.Kind, Initials: view.Initials, At: view.At, Proof: view.Proof, Proven: view.Proven, Ticket: view.Ticket, Name: view.Name,
		Facts: []entryFact{}, Drill: view.Drill, Until: view.Until, Approved: view.Approved, CanApprove: view.CanApprove, CanVeto: view.CanVeto, Thread: []spokenLine{}}
	if !view.Proven {
		answer.Title, answer.Lead = x.T("event.bare", "initials", view.Initials), x.T("event.bare."+view.Proof)
		if view.Kind == "contact" { // the link that is theirs for years: nothing has happened
			answer.Title = x.T("event.about", "name", view.Initials)
		}
		return answer
	}
	answer.Title = x.T("event.about", "name", view.Name)
	switch {
	case view.Wait != nil:
		answer.Title, answer.State, answer.OpensAt = x.T("event.waits", "name", view.Name), view.Wait.State, view.Wait.OpensAt
		answer.StateText = x.T("event.wait."+view.Wait.State, "date", x.Catalog.Time(x.lang.Code, view.Wait.OpensAt.UTC()))
		if view.CanApprove {
			answer.Lead = x.T("event.wait.needed", "count", view.Wait.Needed)
		}
		if view.Approved && view.Wait.State == emergency.WaitWaiting {
			answer.Lead = x.T("event.wait.approved")
		}
	case !view.Until.IsZero():
		answer.Title, answer.State, answer.Grant = x.T("event.opened", "name", view.Name), "running", true
		answer.StateText = x.T("event.running", "date", x.Catalog.Time(x.lang.Code, view.Until.UTC()))
		if view.Ended {
			answer.State, answer.Grant, answer.StateText = "ended", false, x.T("event.ended")
		}
	case x.Catalog.Has("event.kind." + view.Kind):
		answer.Lead = x.T("event.kind."+view.Kind, "name", view.Name)
	default:
		answer.Lead = x.T("event.kind.contact", "name", view.Name)
	}
	if view.Drill {
		answer.Lead = x.chain("console.sentences", x.T("event.drill"), answer.Lead)
	}
	answer.Facts = append(answer.Facts, x.whoStated(view.Stated, false)...)
	if view.Thread != nil {
		for _, m := range view.Thread.Messages {
			answer.Thread = append(answer.Thread, x.spoken(m))
		}
	}
	return answer
}

// whoStated says who asked, and why: what a badge or a contact's proof stands behind first, then what was said. For a keeper it names the network too.
func (x *exchange) whoStated(stated emergency.Stated, network bool) []entryFact {
	var facts []entryFact
	say := func(key, value string, own bool) {
		if value != "" {
			facts = append(facts, entryFact{Label: x.T(key), Value: value, Own: own})
		}
	}
	badge := stated.Badge
	if badge != "" && stated.BadgeKind != "" {
		badge = x.T("console.beside", "first", badge, "second", x.coded("org.kind", stated.BadgeKind))
	}
	say("stated.contact", stated.Contact, true)
	say("stated.badge", badge, true)
	say("stated.bearer", stated.BadgeName, true)
	say("stated.authority", stated.ForeignAuthority, true)
	if stated.Contact == "" {
		say("fact.name_claimed", stated.Name, true)
	}
	say("fact.role", x.coded("role", stated.Role), false)
	say("fact.organization", stated.Organization, true)
	say("fact.callback", stated.CallBack, true)
	if stated.Country != "" {
		say("fact.country", x.country(stated.Country), false)
	}
	say("fact.reason", x.coded("reason", stated.Reason), false)
	say("fact.reason_text", stated.ReasonText, true)
	if network {
		say("fact.network", stated.Network, false)
	}
	return facts
}

// approve says that a contact agrees that a wait may end.
func (s *Server) approve(x *exchange) error {
	return x.eventAct(func(request eventRequest) error {
		return s.Service.Approve(x.r.Context(), x.caller, request.proof())
	})
}

// vetoAsContact says no to a wait.
func (s *Server) vetoAsContact(x *exchange) error {
	return x.eventAct(func(request eventRequest) error {
		return s.Service.VetoAsContact(x.r.Context(), x.caller, request.proof())
	})
}

// answerAsContact adds to the thread of an opening.
func (s *Server) answerAsContact(x *exchange) error {
	return x.eventAct(func(request eventRequest) error {
		return s.Service.SendAsContact(x.r.Context(), x.caller, request.proof(), request.Text)
	})
}

// stopAsContact ends that somebody is told, at their own wish.
func (s *Server) stopAsContact(x *exchange) error {
	var request eventRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	if err := s.Service.StopAsContact(x.r.Context(), x.caller, request.Token); err != nil {
		return err
	}
	return x.json(struct{}{})
}

// eventAct does what a contact asks for, and answers how things stand then.
func (x *exchange) eventAct(act func(eventRequest) error) error {
	var request eventRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	if err := act(request); err != nil {
		return err
	}
	view, err := x.Service.Event(x.r.Context(), x.caller, request.proof(), request.After)
	if err != nil {
		return err
	}
	return x.json(x.eventOf(view))
}

// contactOpenRequest is a contact who asks to see the record from afar.
type contactOpenRequest struct {
	Token      string `json:"token"`
	Code       string `json:"code"`
	Ticket     string `json:"ticket"`
	Step       string `json:"step"`
	Reason     string `json:"reason"`
	ReasonText string `json:"reason_text"`
	Grant      string `json:"grant"` // token of a running grant
}

// openAsContact opens, or begins a wait, by the same door as a card.
func (s *Server) openAsContact(x *exchange) error {
	var request contactOpenRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	return x.opening(s.Service.OpenAsContact(x.r.Context(), x.caller, emergency.ContactOpenRequest{
		EventProof: emergency.EventProof{Token: request.Token, Code: request.Code, Ticket: request.Ticket},
		Step:       request.Step, Reason: request.Reason, ReasonText: request.ReasonText, Grant: request.Grant}))
}
