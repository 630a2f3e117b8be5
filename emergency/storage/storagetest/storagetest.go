// Package storagetest says what a store promises, as tests that every store passes: SQLite today, others unchanged. All people in it are
// fictional, and what it calls sealed is a few plain bytes: a store does not look inside.
package storagetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// Store is a store as the suite needs it: with its log, and able to end.
type Store interface {
	emergency.Store
	audit.Store
	Close() error
}

// Test runs the suite. create makes a new, empty database and returns a function that opens it; the suite closes what it opened, and opens some
// databases a second time after that.
func Test(t *testing.T, create func(t *testing.T) (open func(t *testing.T) Store)) {
	cases := []struct {
		name string
		run  func(t *testing.T, s Store)
	}{
		{"an empty store finds nothing", testEmpty},
		{"an account is kept and replaced", testAccount},
		{"an account is found by its recovery code while it lives", testRecovery},
		{"passkeys belong to one account", testPasskeys},
		{"sessions end one by one or all but one", testSessions},
		{"a ceremony is taken once", testCeremony},
		{"a ceremony has one taker of 64", testCeremonyRace},
		{"patients are kept by their keepers", testPatients},
		{"keepers come, change their part and go", testKeepers},
		{"a drill is due a while after the last one or its reminder", testDrillsDue},
		{"a record moves by one version at a time", testRecord},
		{"two editors of one record do not lose a change", testRecordRace},
		{"documents are listed without their content", testDocuments},
		{"rules are a history", testRules},
		{"a record is deleted with its documents and rules", testDeleteRecord},
		{"whoever was named around a deleted record is forgotten", testForgotten},
		{"cards are kept and replaced", testCards},
		{"an opening is read in one step", testOpening},
		{"a short code leads to one card", testShortCodes},
		{"grants end", testGrants},
		{"guesses are counted in windows", testGuesses},
		{"no guess of 64 in parallel goes uncounted", testGuessRace},
		{"guesses are added up by network, and bounded", testGuessTallies},
		{"openings are added up by badge and day", testGrantTallies},
		{"grants of bystanders, badges and contacts end apart", testGrantKinds},
		{"grants are listed by who and when", testGrantFilter},
		{"messages are numbered in each grant", testMessages},
		{"a handover belongs to one grant", testHandovers},
		{"a request is one for whoever asks and the step", testRequests},
		{"an approval is that of the first time, and goes with its request", testApprovals},
		{"of 64 approvals of one contact one counts", testApprovalRace},
		{"contacts belong to one patient", testContacts},
		{"organizations are kept and replaced", testOrganizations},
		{"members belong to organizations", testMembers},
		{"badges are revoked one by one, of a member and of an organization", testBadges},
		{"an invitation is taken once", testInvitations},
		{"an invitation has one taker of 64", testInvitationRace},
		{"reviews are listed by when an answer is due", testReviews},
		{"notices are sent when they are due, and kept a while", testNotices},
		{"pending rules are one for a patient, until they are due", testPendingRules},
		{"what has ended is swept", testSweep},
		{"the list of revoked cards only grows", testRevocations},
		{"a link is found by its address and by its card", testLinks},
		{"a tag is one for its card", testTags},
		{"a receipt is taken once", testReceipts},
		{"issuers' keys are kept and replaced", testIssuerKeys},
		{"an issuer's key that has ended stays ended", testEndedKeys},
		{"unseen entries are counted", testUnseen},
		{"entries are found near a time", testEntriesNear},
		{"sums follow what is stored", testCounts},
		{"what refers to nothing is refused", testReferences},
		{"times are kept in milliseconds", testTimes},
		{"a megabyte is kept", testLarge},
		{"a change reads its own writes", testOwnWrites},
		{"a failed change is undone alone", testUndone},
		{"a panic undoes its change alone", testPanic},
		{"an event that the log refuses undoes its change alone", testInvalidEvent},
		{"a place in the log is filled in", testPlaced},
		{"the words of an entry are erased, and its place stays", testErase},
		{"what was stated at an opening is forgotten", testForgetStated},
		{"rows of erased entries are pruned below the minimum", testPrune},
		{"256 writers fill the log without a gap", testWriters},
		{"a reader keeps its snapshot", testSnapshot},
		{"a change whose caller has gone does not begin", testCancelledBefore},
		{"a change that has begun goes on without its caller", testCancelledAfter},
		{"nothing is used after its end", testEnded},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := create(t)(t)
			defer closeStore(t, s)
			c.run(t, s)
		})
	}
	t.Run("what was acknowledged is there after opening again", func(t *testing.T) { testReopened(t, create(t)) })
	t.Run("No log, no data: a row and its entry are kept together or not at all", func(t *testing.T) { testNoLogNoData(t, create(t)) })
	t.Run("a closed store refuses", func(t *testing.T) { testClosed(t, create(t)) })
}

func closeStore(t *testing.T, s Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// epoch is the time at which the fixtures begin.
func epoch() time.Time { return time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC) }

// later returns a time of the fixtures.
func later(minutes int) time.Time { return epoch().Add(time.Duration(minutes) * time.Minute) }

// update runs a change that must be kept.
func update(t *testing.T, s emergency.Store, change func(tx emergency.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), change); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

// puts runs changes that must be kept, in one transaction.
func puts(t *testing.T, s emergency.Store, changes ...func(tx emergency.Tx) error) {
	t.Helper()
	update(t, s, func(tx emergency.Tx) error {
		for _, change := range changes {
			if err := change(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// refused runs a change that must fail with want.
func refused(t *testing.T, s emergency.Store, want error, change func(tx emergency.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), change); !errors.Is(err, want) {
		t.Errorf("Update: got %v, want %v", err, want)
	}
}

// read reads one thing.
func read[T any](t *testing.T, s emergency.Store, get func(r emergency.Reader) (T, error)) (value T, err error) {
	t.Helper()
	err = s.View(t.Context(), func(r emergency.Reader) error {
		value, err = get(r)
		return err
	})
	return value, err
}

// shows checks what a store answers.
func shows[T any](t *testing.T, s emergency.Store, want T, get func(r emergency.Reader) (T, error)) {
	t.Helper()
	got, err := read(t, s, get)
	if err != nil {
		t.Errorf("got error %v, want %v", err, want)
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got (+), want (-):\n%s", diff)
	}
}

// missing checks that a store does not find something.
func missing[T any](t *testing.T, s emergency.Store, get func(r emergency.Reader) (T, error)) {
	t.Helper()
	if got, err := read(t, s, get); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("got %v, %v; want ErrNotFound", got, err)
	}
}

// oneWins runs a change 64 times at once, of which one must be kept and the others must fail with lost.
func oneWins(t *testing.T, lost error, run func(ctx context.Context, i int) error) {
	t.Helper()
	won := 0
	for _, err := range inParallel(t.Context(), 64, run) {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, lost):
			t.Errorf("a loser got %v, want %v", err, lost)
		}
	}
	if won != 1 {
		t.Errorf("%d of 64 won, want 1", won)
	}
}

// inParallel runs n functions at once and returns their errors.
func inParallel(ctx context.Context, n int, run func(ctx context.Context, i int) error) []error {
	begin := make(chan struct{})
	errs := make([]error, n)
	done := make(chan struct{})
	for i := range n {
		go func() {
			<-begin
			errs[i] = run(ctx, i)
			done <- struct{}{}
		}()
	}
	close(begin)
	for range n {
		<-done
	}
	return errs
}
