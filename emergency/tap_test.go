package emergency_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/sun"
	"github.com/locket-health/locket/cards/sun/suntest"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
)

// tagged is a patient whose card is on an NTAG 424 DNA.
type tagged struct {
	linked
	tag *suntest.Tag
}

func newTagged(t *testing.T) tagged {
	t.Helper()
	app := emergencytest.NewApp(t)
	l := linked{app: app, anna: app.SignUp(t, "Anna")}
	l.id = l.anna.Patient(t, "adult")
	var err error
	if l.issued, err = app.Service.IssueCard(context.Background(), l.anna.Caller(t), l.id, emergency.CardChoices{Carrier: emergency.CarrierNTAG424}, ""); err != nil {
		t.Fatal(err)
	}
	return tagged{l, newTag(l.issued, sun.UID{4, 1, 2, 3, 4, 5, 6})}
}

// newTag is a chip that was written with a card.
func newTag(issued emergency.Issued, chip sun.UID) *suntest.Tag {
	return &suntest.Tag{UID: chip, Keys: issued.Tag.Keys.InOrder(), File: issued.Tag.Template.File(), Settings: issued.Tag.Template.Settings()}
}

// held is the address that a telephone opens when a tag is held to it.
func held(t *testing.T, tag *suntest.Tag) string {
	t.Helper()
	file, err := tag.Tap()
	if err != nil {
		t.Fatal(err)
	}
	message, err := cards.ParseNDEF(file[2:])
	if err != nil {
		t.Fatal(err)
	}
	address, ok := message[0].URI()
	if !ok {
		t.Fatal("the tag says no address")
	}
	return address
}

// tap opens what a tag says, in a browser with a mark.
func (s tagged) tap(t *testing.T, address, mark string) emergency.Tapped {
	t.Helper()
	opened, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	tapped, err := s.app.Service.Tap(context.Background(), stranger, s.issued.ID, opened.Query().Get("p"), opened.Query().Get("c"), mark)
	if err != nil {
		t.Fatal(err)
	}
	return tapped
}

func TestATapIsLiveOnce(t *testing.T) {
	s := newTagged(t)
	first := held(t, s.tag)
	live := s.tap(t, first, "")
	if live.Verdict != sun.Live {
		t.Fatalf("the first tap is %q", live.Verdict)
	}
	steps := []struct {
		name          string
		address, mark string
		want          sun.Verdict
		entry         audit.Type
	}{
		{"the page loaded again", first, live.Mark, sun.Reload, audit.CardScanned},
		{"the address in another browser", first, "", sun.Stale, audit.CardTapDoubted},
		{"with a made-up mark", first, "AAAA", sun.Stale, audit.CardTapDoubted},
		{"the next tap", held(t, s.tag), "", sun.Live, audit.CardScanned},
		{"the first one once more", first, "", sun.Stale, audit.CardTapDoubted},
		{"of a tag in LRP mode", "?p=" + strings.Repeat("0", 48) + "&c=" + strings.Repeat("0", 16), "", sun.Unsupported, audit.CardTapDoubted},
		{"with another MAC", strings.Replace(first, "&c=", "&c=00", 1), "", sun.Wrong, audit.CardTapDoubted},
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			if got := s.tap(t, step.address, step.mark); got.Verdict != step.want {
				t.Errorf("got %q, want %q", got.Verdict, step.want)
			}
			events := s.entries(t)
			if last := events[len(events)-1]; last.Type != step.entry || last.Details["tap"] != string(step.want) {
				t.Errorf("the entry is %s, tap %q", last.Type, last.Details["tap"])
			}
		})
	}
	view, err := s.app.Service.Patient(context.Background(), s.anna.Caller(t), s.id)
	if err != nil || view.Unseen != 5 {
		t.Errorf("the keeper is told of %d doubted taps, want 5 (%v)", view.Unseen, err)
	}
}

func TestASecondChipIsFoundOut(t *testing.T) {
	s := newTagged(t)
	s.tap(t, held(t, s.tag), "")
	clone := newTag(s.issued, sun.UID{4, 9, 9, 9, 9, 9, 9})
	if got := s.tap(t, held(t, clone), ""); got.Verdict != sun.Cloned {
		t.Errorf("another chip with the same keys is %q", got.Verdict)
	}
	if got := s.tap(t, held(t, s.tag), ""); got.Verdict != sun.Live {
		t.Errorf("the first chip after that is %q", got.Verdict)
	}
	other := newTagged(t)
	if got := s.tap(t, held(t, other.tag), ""); got.Verdict != sun.Wrong {
		t.Errorf("the tag of another house is %q", got.Verdict)
	}
}

// TestAMarkProvesOneCardForAWhile: what a live tap opens, neither a photograph nor another card's mark nor an old one does.
func TestAMarkProvesOneCardForAWhile(t *testing.T) {
	s := newTagged(t)
	policy := rules.Policy{Format: rules.Format, Rules: []rules.Rule{{ID: "tapped", Who: rules.Who{Kind: rules.Anyone}, Proof: rules.ProofCard | rules.ProofTap, Sections: section.Critical, For: rules.ForBystander}}}
	if err := s.anna.Approve(t, emergency.Action{Kind: emergency.ActionRules, Target: string(s.id), Body: rules.Canonical(policy)}); err != nil {
		t.Fatal(err)
	}
	open := func(mark string) error {
		request := emergencytest.OpenRequest(s.issued)
		request.Tap = mark
		_, err := s.app.Service.Open(context.Background(), stranger, request)
		return err
	}
	if err := open(""); err == nil {
		t.Error("a photograph opens what only a tap may")
	}
	tapped := s.tap(t, held(t, s.tag), "")
	if err := open(tapped.Mark); err != nil {
		t.Errorf("a live tap: %v", err)
	}
	stale := s.tap(t, "?p=00&c=00", "")
	if err := open(stale.Mark); err == nil {
		t.Error("a wrong tap opens what only a live one may")
	}
	other := newTagged(t)
	if err := open(other.tap(t, held(t, other.tag), "").Mark); err == nil {
		t.Error("the mark of another card opens this one")
	}
	tag, err := cards.FrontTag(s.issued.Address.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	status := func(mark string) sun.Verdict {
		answer, err := s.app.Service.Status(context.Background(), stranger, s.issued.ID, tag[:], mark)
		if err != nil {
			t.Fatal(err)
		}
		return answer.Tap
	}
	if got := status(tapped.Mark); got != sun.Live {
		t.Errorf("the reader is told %q", got)
	}
	if got := status(stale.Mark); got != sun.Wrong {
		t.Errorf("the reader of a wrong tap is told %q", got)
	}
	s.app.Clock.Add(11 * time.Minute)
	if got := status(tapped.Mark); got != "" {
		t.Errorf("the reader is told %q after its time", got)
	}
	if err := open(tapped.Mark); err == nil {
		t.Error("a mark opens after its time")
	}
}

// TestATapOfNoTagLooksAlike: whoever guesses learns nothing from the mark.
func TestATapOfNoTagLooksAlike(t *testing.T) {
	s := newTagged(t)
	wallet := s.anna.Issue(t, s.id)
	live := s.tap(t, held(t, s.tag), "")
	for name, id := range map[string]cards.ID{"a card without a tag": wallet.ID, "no card": {1, 2, 3}} {
		tapped, err := s.app.Service.Tap(context.Background(), stranger, id, "00", "00", "")
		if err != nil || tapped.Verdict != "" || len(tapped.Mark) != len(live.Mark) {
			t.Errorf("%s: %q, mark of %d bytes, want none and %d (%v)", name, tapped.Verdict, len(tapped.Mark), len(live.Mark), err)
		}
	}
}

// TestWhoTappedGoesOnStandingBesideTheCard: nothing that comes after a live tap takes its proof away, and nothing makes it last longer.
func TestWhoTappedGoesOnStandingBesideTheCard(t *testing.T) {
	s := newTagged(t)
	policy := rules.Policy{Format: rules.Format, Rules: []rules.Rule{{ID: "tapped", Who: rules.Who{Kind: rules.Anyone}, Proof: rules.ProofCard | rules.ProofTap, Sections: section.Critical, For: rules.ForBystander}}}
	if err := s.anna.Approve(t, emergency.Action{Kind: emergency.ActionRules, Target: string(s.id), Body: rules.Canonical(policy)}); err != nil {
		t.Fatal(err)
	}
	first := held(t, s.tag)
	mark := s.tap(t, first, "").Mark
	open := func() error {
		request := emergencytest.OpenRequest(s.issued)
		request.Tap = mark
		_, err := s.app.Service.Open(context.Background(), stranger, request)
		return err
	}
	s.app.Clock.Add(4 * time.Minute)
	wrong := s.tap(t, "?p=00&c=00", mark)
	if mark = wrong.Mark; wrong.Verdict != sun.Wrong || open() != nil {
		t.Errorf("after a wrong tap (%q): %v", wrong.Verdict, open())
	}
	s.app.Clock.Add(4 * time.Minute)
	again := s.tap(t, first, mark)
	if mark = again.Mark; again.Verdict != sun.Reload || open() != nil {
		t.Errorf("after a reload (%q): %v", again.Verdict, open())
	}
	s.app.Clock.Add(4 * time.Minute)
	if open() == nil {
		t.Error("a reload has made the tap last longer")
	}
	if got := s.tap(t, first, mark); got.Verdict != sun.Stale {
		t.Errorf("the address after its time is %q", got.Verdict)
	}
}

// TestATapThatIsNotWrittenDownProvesNothing: no entry, no proof.
func TestATapThatIsNotWrittenDownProvesNothing(t *testing.T) {
	s := newTagged(t)
	opened, err := url.Parse(held(t, s.tag))
	if err != nil {
		t.Fatal(err)
	}
	store := s.app.Service.Store
	s.app.Service.Store = uncommitted{store}
	tapped, err := s.app.Service.Tap(context.Background(), stranger, s.issued.ID, opened.Query().Get("p"), opened.Query().Get("c"), "")
	s.app.Service.Store = store
	if err == nil || tapped.Verdict != "" {
		t.Fatalf("it is %q, %v", tapped.Verdict, err)
	}
	if got := s.tap(t, opened.String(), tapped.Mark); got.Verdict != sun.Live {
		t.Errorf("the same tap, once the log can be written again, is %q", got.Verdict)
	}
}

// uncommitted is a store whose disk fails when everything is decided.
type uncommitted struct{ emergency.Store }

func (u uncommitted) Update(ctx context.Context, change func(emergency.Tx) error) error {
	return u.Store.Update(ctx, func(tx emergency.Tx) error { return errors.Join(change(tx), emergency.ErrLogUnavailable) })
}

// TestNobodyUsesUpTheEntriesOfATag: however often an address is opened, the next real tap is still an entry and still proves itself.
func TestNobodyUsesUpTheEntriesOfATag(t *testing.T) {
	s := newTagged(t)
	for range 100 {
		s.tap(t, "?p=00&c=00", "")
	}
	if got := s.tap(t, held(t, s.tag), ""); got.Verdict != sun.Live {
		t.Errorf("after a hundred wrong ones a tap is %q", got.Verdict)
	}
}
