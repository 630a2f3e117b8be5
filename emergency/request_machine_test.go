package emergency_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/vault"
)

// The machine of a wait: request, wait, veto or approvals, grant, end. The model below says in a page what HOUSE.md, section 4, promises; the service does the
// same acts on a store in memory; every order of acts must come out alike.

const (
	waitTime  = 12 * time.Hour
	openTime  = 6 * time.Hour
	forgotten = 7 * 24 * time.Hour // after the first of it could be opened
)

// acts are what can happen. Each of the contacts, the patient and the responder acts for themselves; the clock is nobody's.
var acts = []string{"ask", "look", "withdraw", "approve 1", "approve 2", "veto 1", "veto 2", "patient veto", "patient end", "6 hours", "8 days"}

// model is one wait and what it opened, as the promise has it.
type model struct {
	now       time.Duration
	asked     bool
	askedAt   time.Duration
	approved  [2]time.Duration // when each contact agreed; -1 for not
	vetoed    bool
	withdrawn bool
	until     time.Duration // of the last grant, 0 for none
	ended     bool
}

func (m *model) running() bool {
	return m.asked && !m.withdrawn && m.now < m.askedAt+waitTime+forgotten
}

// opens is when the wait ends: by itself, or when both have agreed.
func (m *model) opens() time.Duration {
	at := m.askedAt + waitTime
	if m.approved[0] >= 0 && m.approved[1] >= 0 {
		at = min(at, max(m.approved[0], m.approved[1]))
	}
	return at
}

// act returns how the act comes out: "granted", "wait", "refused", or "" where only what comes after shows it.
func (m *model) act(name string) string {
	can := m.running() && !m.vetoed
	switch name {
	case "ask":
		switch {
		case m.running() && m.vetoed:
			return "refused"
		case can && m.now < m.opens():
			return "wait"
		case can && m.now < m.opens()+openTime:
			m.until, m.ended = m.opens()+openTime, false
			return "granted"
		}
		m.asked, m.askedAt, m.approved, m.vetoed, m.withdrawn = true, m.now, [2]time.Duration{-1, -1}, false, false
		return "wait"
	case "look":
		if m.until == 0 || m.ended || m.now >= m.until {
			return "refused"
		}
		return "granted"
	case "withdraw":
		if can {
			m.withdrawn = true
		}
	case "approve 1", "approve 2":
		who := int(name[len(name)-1] - '1')
		if can && m.now < m.opens() && m.approved[who] < 0 {
			m.approved[who] = m.now
		}
	case "veto 1", "veto 2", "patient veto":
		if can {
			m.vetoed, m.ended = true, true
		}
	case "patient end":
		m.ended = true
	case "6 hours":
		m.now += 6 * time.Hour
	case "8 days":
		m.now += 8 * 24 * time.Hour
	}
	return ""
}

// state is the model as it looks from now on, to know whether it was seen. What is over stays in it: that it is over is what is tested.
func (m model) state() string {
	since := func(at time.Duration) time.Duration { return min(m.now-at, waitTime+forgotten) }
	grant := "none"
	if m.until != 0 {
		grant = fmt.Sprint(m.ended, max(m.until-m.now, -openTime))
	}
	return fmt.Sprint(m.asked, since(m.askedAt), m.approved[0] >= 0, m.approved[1] >= 0, max(m.opens()-m.now, -openTime), m.vetoed, m.withdrawn, grant)
}

// TestEveryOrderOfActsAroundAWait tries every act in every state that eight acts lead to, with a restart of the service between any two of them, and
// then takes long walks without one, in which the clock also goes back.
func TestEveryOrderOfActsAroundAWait(t *testing.T) {
	t.Parallel()
	first := newMachine(t)
	t.Run("restarted between any two acts", func(t *testing.T) {
		type node struct {
			machine
			model
			path []string
		}
		const depth = 8
		seen, tried := map[string]bool{}, 0
		level := []node{{machine: first, model: model{now: 0, approved: [2]time.Duration{-1, -1}}}}
		for range depth {
			var next []node
			for _, from := range level {
				for _, name := range acts {
					to := node{from.machine.copied(), from.model, append(slices.Clone(from.path), name)}
					want := to.model.act(name)
					to.restart(t)
					if got := to.do(t, name); want != "" && got != want {
						t.Fatalf("after %s: %s, want %s", strings.Join(to.path, ", "), got, want)
					}
					tried++
					for _, probe := range []string{"look", "ask"} { // also where the model stays as it was
						after := node{to.machine.copied(), to.model, nil}
						want := after.model.act(probe)
						after.restart(t)
						if got := after.do(t, probe); got != want {
							t.Fatalf("after %s, then %s: %s, want %s", strings.Join(to.path, ", "), probe, got, want)
						}
					}
					if state := to.model.state(); !seen[state] {
						seen[state] = true
						next = append(next, to)
					}
				}
			}
			level = next
		}
		if len(seen) < 200 || tried < 2000 {
			t.Errorf("%d acts in %d states: the test is not about what it says", tried, len(seen))
		}
	})
	t.Run("long walks", func(t *testing.T) {
		random := rand.New(rand.NewPCG(4, 2026))
		for walk := range 150 {
			m, want := first.copied(), model{approved: [2]time.Duration{-1, -1}}
			m.restart(t)
			m.looksAtTheClock(t)
			var path []string
			for range 25 {
				name := acts[random.IntN(len(acts))]
				if random.IntN(4) == 0 { // whoever sets the clock back revives nothing: what ends goes by the latest time seen and what has passed since
					m.clock.back += 3 * time.Hour
					m.looksAtTheClock(t)
					path = append(path, "clock back")
				}
				path = append(path, name)
				expected := want.act(name)
				got := m.do(t, name)
				if expected != "" && got != expected {
					t.Fatalf("walk %d, after %s: %s, want %s", walk, strings.Join(path, ", "), got, expected)
				}
			}
		}
	})
}

// machine is the service on a store in memory that can be copied.
type machine struct {
	*paper
	config  emergency.Config
	service *emergency.Service
	clock   *handClock
	request emergency.OpenRequest
	keeper  emergency.Caller
	people  [2]emergency.Caller
	grant   string
	watch   string
}

// handClock is moved by hand; what it shows may be behind.
type handClock struct {
	now  time.Time
	back time.Duration
}

func (c *handClock) shows() time.Time { return c.now.Add(-c.back) }

func newMachine(t *testing.T) machine {
	t.Helper()
	app := emergencytest.NewApp(t)
	m := machine{paper: newPaper(app.Clock.Now()), config: app.Service.Config, keeper: emergency.Caller{Account: "keeper", Verified: app.Clock.Now()}}
	secret := [16]byte{1, 2, 3}
	verifier, err := vault.CardVerifier(secret)
	if err != nil {
		t.Fatal(err)
	}
	m.card = emergency.Card{ID: cards.ID{9}, Patient: "patient", Carrier: "wallet", ExpiresAt: app.Clock.Now().Add(1e5 * time.Hour), Verifier: verifier}
	m.request = emergency.OpenRequest{Card: m.card.ID, Secret: secret[:], Step: "sensitive", Reason: "unconscious", Name: "Kim Example"}
	seal := func(table, column, row string, plain []byte) []byte {
		sealed, err := m.config.Data.Seal(vault.AAD{Table: table, Column: column, Row: row}, plain)
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	policy := rules.Policy{Format: rules.Format, Rules: []rules.Rule{{ID: "later", Who: rules.Who{Kind: rules.Anyone}, Proof: rules.ProofCard,
		Sections: section.OrdinarySet, HowSoon: rules.HowSoon{Wait: waitTime, Approvals: 2}, For: openTime}}}
	m.rules = emergency.Rules{Patient: "patient", Version: 1, Sealed: seal("rules", "policy", "patient/1", rules.Canonical(policy))}
	for i := range m.people {
		id := fmt.Sprintf("contact-%d", i+1)
		m.contacts[i] = emergency.Contact{ID: emergency.ContactID(id), Patient: "patient", Account: emergency.AccountID(id), CreatedAt: m.began, ConfirmedAt: m.began,
			SealedDetails: seal("contact", "details", id, []byte(`{"name":"Somebody","mail":"somebody@example.org"}`))}
	}
	return m
}

// copied is the machine as it stands, for another future.
func (m machine) copied() machine {
	m.paper = m.paper.copied()
	if m.clock != nil {
		m.clock = &handClock{now: m.clock.now}
	}
	return m
}

// restart makes a new service on what is stored: nothing else lives on.
func (m *machine) restart(t *testing.T) {
	t.Helper()
	if m.clock == nil {
		m.clock = &handClock{now: m.began}
	}
	config, clock := m.config, m.clock
	config.Store, config.Now = m.paper, clock.shows
	service, err := emergency.New(config)
	if err != nil {
		t.Fatal(err)
	}
	m.service = service
}

// do lets somebody act, and says how it came out.
func (m *machine) do(t *testing.T, name string) string {
	t.Helper()
	ctx := context.Background()
	m.keeper.Verified = m.clock.now
	contact := func(act func(context.Context, emergency.Caller, emergency.EventProof) error) {
		who := int(name[len(name)-1] - '1')
		token := m.linkOf(t, m.config.Data, m.contacts[who].ID)
		caller := emergency.Caller{Account: m.contacts[who].Account, Verified: m.clock.now.Add(-time.Second)}
		if err := act(ctx, caller, emergency.EventProof{Token: token}); err != nil && !errors.Is(err, emergency.ErrNotFound) {
			t.Fatalf("%s: %v", name, err)
		}
	}
	switch name {
	case "ask", "look":
		request := m.request
		if name == "look" {
			if request.Grant = m.grant; request.Grant == "" {
				return "refused"
			}
		}
		opened, err := m.service.Open(ctx, stranger, request)
		var refusal *emergency.Refusal
		switch {
		case err == nil:
			m.grant = opened.Grant
			return "granted"
		case errors.As(err, &refusal) && refusal.Waits:
			if refusal.Watch != "" {
				m.watch = refusal.Watch
			}
			return "wait"
		case errors.Is(err, emergency.ErrRefused):
			return "refused"
		}
		t.Fatalf("%s: %v", name, err)
	case "withdraw":
		if _, err := m.service.Withdraw(ctx, stranger, m.watch); err != nil {
			t.Fatal(err)
		}
	case "approve 1", "approve 2":
		contact(m.service.Approve)
	case "veto 1", "veto 2":
		contact(m.service.VetoAsContact)
	case "patient veto":
		waits, err := m.service.Requests(ctx, m.keeper, "patient")
		if err != nil {
			t.Fatal(err)
		}
		for _, wait := range waits {
			if err := m.service.Veto(ctx, m.keeper, "patient", wait.ID); err != nil && !errors.Is(err, emergency.ErrNotFound) {
				t.Fatal(err)
			}
		}
	case "patient end":
		for _, grant := range m.grants {
			if err := m.service.EndGrant(ctx, m.keeper, "patient", grant.ID); err != nil && !errors.Is(err, emergency.ErrNotFound) {
				t.Fatal(err)
			}
		}
	case "6 hours":
		m.clock.now = m.clock.now.Add(6 * time.Hour)
		m.looksAtTheClock(t)
	case "8 days":
		m.clock.now = m.clock.now.Add(8 * 24 * time.Hour)
		m.looksAtTheClock(t)
	}
	return ""
}

// looksAtTheClock lets the service see what time it is, as it does in every request.
func (m *machine) looksAtTheClock(t *testing.T) {
	t.Helper()
	if _, err := m.service.WaitState(t.Context(), stranger, m.watch); err != nil {
		t.Fatal(err)
	}
}

// paper is a store in memory, for one patient with one card: what a wait needs of emergency.Store and nothing else. Whatever else is asked for panics.
type paper struct {
	emergency.Tx
	began     time.Time
	card      emergency.Card
	rules     emergency.Rules
	contacts  [2]emergency.Contact
	request   *emergency.Request
	approvals []emergency.Approval
	grants    []emergency.Grant
	links     map[emergency.Token]emergency.Invitation
	letters   []emergency.Notice
}

func newPaper(began time.Time) *paper {
	return &paper{began: began, links: map[emergency.Token]emergency.Invitation{}}
}

func (p *paper) copied() *paper {
	other := *p
	if p.request != nil {
		request := *p.request
		other.request = &request
	}
	other.approvals, other.grants, other.letters, other.links = slices.Clone(p.approvals), slices.Clone(p.grants), slices.Clone(p.letters), maps.Clone(p.links)
	return &other
}

func (p *paper) View(_ context.Context, read func(emergency.Reader) error) error { return read(p) }

func (p *paper) Update(_ context.Context, change func(emergency.Tx) error) error {
	before := p.copied()
	err := change(p)
	if err != nil {
		*p = *before
	}
	return err
}

// Scrub has nothing to do: nothing is on a disk.
func (p *paper) Scrub(context.Context) error { return nil }

// linkOf is the secret of the link in the last letter that a contact got about a wait: that to a wait of before leads to a wait of before.
func (p *paper) linkOf(t *testing.T, key *vault.DataKey, contact emergency.ContactID) string {
	t.Helper()
	for _, notice := range slices.Backward(p.letters) {
		if notice.Contact != contact {
			continue
		}
		plain, err := key.Open(vault.AAD{Table: "notice", Column: "letter", Row: string(notice.ID)}, notice.Sealed)
		if err != nil {
			t.Fatal(err)
		}
		var letter struct{ Kind, Link string }
		if err := json.Unmarshal(plain, &letter); err != nil {
			t.Fatal(err)
		}
		if _, secret, found := strings.Cut(letter.Link, "#"); found && letter.Kind == emergency.NewsWaiting {
			return secret
		}
	}
	return ""
}

func (p *paper) Append(audit.Event) *audit.Placed { return new(audit.Placed) }

func (p *paper) Patient(emergency.PatientID) (emergency.Patient, error) {
	return emergency.Patient{ID: "patient", RulesVersion: 1, CreatedAt: p.began}, nil
}

func (p *paper) Keeps(account emergency.AccountID, _ emergency.PatientID) (bool, error) {
	return account == "keeper", nil
}

func (p *paper) Keeper(account emergency.AccountID, patient emergency.PatientID) (emergency.Keeper, error) {
	if account != "keeper" {
		return emergency.Keeper{}, emergency.ErrNotFound
	}
	return emergency.Keeper{Account: account, Patient: patient, Role: emergency.KeeperOther}, nil
}

func (p *paper) Card(cards.ID) (emergency.Card, error)              { return p.card, nil }
func (p *paper) PatientOf(cards.ID) (emergency.PatientID, error)    { return "patient", nil }
func (p *paper) Rules(emergency.PatientID) (emergency.Rules, error) { return p.rules, nil }
func (p *paper) Opening(cards.ID) (emergency.Opening, error) {
	patient, _ := p.Patient("patient")
	return emergency.Opening{Card: p.card, Patient: patient, Rules: p.rules}, nil
}

func (p *paper) Memberships(emergency.AccountID) ([]emergency.Member, error) { return nil, nil }

func (p *paper) Contacts(emergency.PatientID) ([]emergency.Contact, error) { return p.contacts[:], nil }
func (p *paper) Contact(id emergency.ContactID) (emergency.Contact, error) {
	for _, c := range p.contacts {
		if c.ID == id {
			return c, nil
		}
	}
	return emergency.Contact{}, emergency.ErrNotFound
}

func (p *paper) PutInvitation(i emergency.Invitation) error {
	p.links[i.Token] = i
	return nil
}

func (p *paper) Invitation(token emergency.Token) (emergency.Invitation, error) {
	if link, found := p.links[token]; found {
		return link, nil
	}
	return emergency.Invitation{}, emergency.ErrNotFound
}

func (p *paper) PutNotice(n emergency.Notice) error {
	p.letters = append(p.letters, n)
	return nil
}

func (p *paper) PutRequest(r emergency.Request) error {
	if p.request == nil || p.request.ID != r.ID {
		p.approvals = nil
	}
	p.request = &r
	return nil
}

func (p *paper) requestIf(is func(emergency.Request) bool) (emergency.Request, error) {
	if p.request == nil || !is(*p.request) {
		return emergency.Request{}, emergency.ErrNotFound
	}
	return *p.request, nil
}

func (p *paper) Request(key emergency.RequestKey) (emergency.Request, error) {
	return p.requestIf(func(r emergency.Request) bool { return r.RequestKey == key })
}

func (p *paper) RequestByID(id emergency.RequestID) (emergency.Request, error) {
	return p.requestIf(func(r emergency.Request) bool { return r.ID == id })
}

func (p *paper) RequestByWatch(watch emergency.Token) (emergency.Request, error) {
	return p.requestIf(func(r emergency.Request) bool { return r.Watch == watch })
}

func (p *paper) Requests(_ emergency.PatientID, now time.Time) ([]emergency.Request, error) {
	if p.request == nil || !now.Before(p.request.EndsAt) {
		return nil, nil
	}
	return []emergency.Request{*p.request}, nil
}

func (p *paper) PutApproval(a emergency.Approval) error {
	p.approvals = append(p.approvals, a)
	return nil
}

func (p *paper) Approvals(emergency.RequestID) ([]emergency.Approval, error) { return p.approvals, nil }

func (p *paper) PutGrant(g emergency.Grant) error {
	for i := range p.grants {
		if p.grants[i].ID == g.ID {
			p.grants[i] = g
			return nil
		}
	}
	p.grants = append(p.grants, g)
	return nil
}

func (p *paper) grantIf(is func(emergency.Grant) bool) (emergency.Grant, error) {
	if i := slices.IndexFunc(p.grants, is); i >= 0 {
		return p.grants[i], nil
	}
	return emergency.Grant{}, emergency.ErrNotFound
}

func (p *paper) Grant(token emergency.Token) (emergency.Grant, error) {
	return p.grantIf(func(g emergency.Grant) bool { return g.Token == token })
}

func (p *paper) GrantByID(id emergency.GrantID) (emergency.Grant, error) {
	return p.grantIf(func(g emergency.Grant) bool { return g.ID == id })
}

func (p *paper) Grants(emergency.GrantFilter) ([]emergency.Grant, error) { return p.grants, nil }

func (p *paper) EndCardGrants(_ cards.ID, step string, at time.Time) error {
	for i := range p.grants {
		if g := &p.grants[i]; g.EndedAt.IsZero() && at.Before(g.Until) && (step == "" || g.Step == step) {
			g.EndedAt = at
		}
	}
	return nil
}
