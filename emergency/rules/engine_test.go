package rules

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency/section"
)

// FuzzDecide makes a policy, a request and an instant out of any bytes, valid or not: nothing panics, the floor stays shut, and
// what is said of the decision agrees with itself.
func FuzzDecide(f *testing.F) {
	f.Add([]byte{}, int64(0))
	f.Add([]byte("a rule, another rule and some more of them, with approvals"), noon.Unix())
	f.Add(make([]byte, 400), int64(-1<<62))
	f.Add([]byte{255, 254, 253, 252, 251, 250, 249, 248, 247, 246, 245, 244, 243, 242, 241, 240}, int64(1<<62))
	f.Fuzz(func(t *testing.T, data []byte, now int64) {
		b := bytesOf{data}
		var p Policy
		p.Format = int(b.next() % 2)
		for i := range b.next() % 20 {
			p.Rules = append(p.Rules, b.rule(fmt.Sprint(i)))
		}
		request, at := b.request(), time.Unix(now, int64(b.next()))
		for _, d := range []Decision{Decide(p, request, at), compile(p).Decide(request, at), (&Engine{broken: true}).Decide(request, at)} {
			consistent(t, d)
		}
	})
}

func consistent(t *testing.T, d Decision) {
	t.Helper()
	if (d.Sections|d.Later)&^everySection != 0 {
		t.Errorf("opened %x and later %x", d.Sections, d.Later)
	}
	if d.Sections&d.Later != 0 {
		t.Errorf("%v is open and opens later", (d.Sections & d.Later).Names())
	}
	if (d.Outcome == Granted) != (d.Sections != 0) || (d.Outcome == Refused) != (d.Refusal != NotRefused) || (d.Outcome == Wait) != (d.Sections == 0 && d.Later != 0) {
		t.Errorf("%s, %s, %v, later %v", d.Outcome, d.Refusal, d.Sections.Names(), d.Later.Names())
	}
	if d.Until.IsZero() != (d.Sections == 0) || d.WaitUntil.IsZero() != (d.Later == 0) {
		t.Errorf("%v until %v, %v from %v", d.Sections.Names(), d.Until, d.Later.Names(), d.WaitUntil)
	}
	var granted section.Set
	for _, grant := range d.Grants() {
		granted |= grant.Sections
		if grant.Until.Before(d.Until) {
			t.Errorf("%v closes at %v, before the first at %v", grant.Sections.Names(), grant.Until, d.Until)
		}
	}
	if granted != d.Sections {
		t.Errorf("the grants are of %v, the sections %v", granted.Names(), d.Sections.Names())
	}
	if public := d.Public(); public.Sections != d.Sections || len(public.Says) == 0 || len(public.Next) == 0 || len(d.Why()) == 0 {
		t.Errorf("said %+v, because %v", public, d.Why())
	}
}

// bytesOf makes things out of bytes; when they run out, out of zeros.
type bytesOf struct{ data []byte }

func (b *bytesOf) next() byte {
	if len(b.data) == 0 {
		return 0
	}
	first := b.data[0]
	b.data = b.data[1:]
	return first
}

func (b *bytesOf) number() int64 {
	var eight [8]byte
	for i := range eight {
		eight[i] = b.next()
	}
	return int64(binary.BigEndian.Uint64(eight[:]))
}

func (b *bytesOf) name() string { return []string{"", "a", "b", "c", "ems", "PT", "\xff"}[b.next()%7] }

func (b *bytesOf) time() time.Time {
	switch b.next() % 4 {
	case 0:
		return time.Time{}
	case 1:
		return noon.Add(time.Duration(int8(b.next())) * time.Minute)
	default:
		return time.Unix(b.number(), b.number())
	}
}

func (b *bytesOf) rule(id string) Rule {
	return Rule{
		ID:  id,
		Who: Who{[]WhoKind{Anyone, Badged, OrganizationKind, OneOrganization, Contact, ""}[b.next()%6], b.name()}, Proof: Proofs(b.next() % 16),
		When: When{b.time(), b.time(), b.next()%4 == 1}, Where: make([]string, b.next()%2), Sections: section.Set(b.number()),
		HowSoon: HowSoon{time.Duration(b.number()), int(int8(b.next())), []string{b.name(), b.name()}[:b.next()%3]}, For: time.Duration(b.number()),
	}
}

func (b *bytesOf) request() Request {
	r := Request{
		Step: []Step{StepCritical, StepSensitive, ""}[b.next()%3], Proofs: Proofs(b.next()), Organization: Organization{b.name(), b.name(), b.name()},
		Contact: b.name(), Country: b.name(), Reason: []Reason{Unconscious, Other, ""}[b.next()%3], ReasonText: b.name(), Stated: Stated{Name: b.name()},
		RequestedAt: b.time(), Vetoed: b.next()%5 == 1,
	}
	for range b.next() % 3 {
		r.Incidents = append(r.Incidents, Incident{b.name(), b.time(), b.time()})
	}
	for range b.next() % 5 {
		r.Approvals = append(r.Approvals, Approval{b.name(), b.time()})
	}
	return r
}

// fifty is a policy of fifty rules of every kind, most of which match the request.
func fifty() (Policy, Request) {
	p := Policy{Format: Format}
	for i := range 50 {
		r := Rule{ID: fmt.Sprintf("rule-%02d", i), Who: Who{Kind: Anyone}, Proof: ProofCard, Sections: section.OrdinarySet, For: time.Duration(i+1) * time.Minute}
		switch i % 5 {
		case 1:
			r.Who, r.Proof = Who{OrganizationKind, KindEMS}, badgedCard
		case 2:
			r.Where = []string{"ES", "FR", "PT"}
		case 3:
			r.HowSoon, r.Sections = HowSoon{Wait: time.Hour, Approvals: 2}, everySection
		case 4:
			r.When = When{From: noon.Add(-day), Until: noon.Add(day)}
		}
		p.Rules = append(p.Rules, r)
	}
	request := badgedRequest(KindEMS, StepSensitive)
	request.Approvals = []Approval{{"a", noon}}
	return p, request
}

// TestDecidingAllocatesNothing keeps the door cheap: what a decision says is made when it is asked for.
func TestDecidingAllocatesNothing(t *testing.T) {
	policy, request := fifty()
	e := mustCompile(t, policy)
	if n := testing.AllocsPerRun(100, func() { sink = e.Decide(request, noon) }); n != 0 {
		t.Errorf("Decide allocates %v times", n)
	}
}

var sink Decision

func BenchmarkDecide(b *testing.B) {
	many, badged := fifty()
	for _, c := range []struct {
		name    string
		policy  Policy
		request Request
	}{{"balanced", Balanced(), bystander(StepCritical)}, {"rules=50", many, badged}} {
		b.Run(c.name, func(b *testing.B) {
			e := mustCompile(b, c.policy)
			b.ReportAllocs()
			for b.Loop() {
				sink = e.Decide(c.request, noon)
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		mustCompile(b, Balanced())
	}
}
