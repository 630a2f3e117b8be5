package emergency

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/locket-health/locket/audit"
)

// ProofFile is the proof of an entry as a file: a c2sp.org/tlog-proof@v1 with the entry in it, so that nothing but the key of the log is needed to check it.
type ProofFile struct {
	Name string // says which entry of which epoch, and of nobody whose it is
	Body []byte
}

// proofsByGrant is how often within guessWindow the proof of one opening is given out: each time is an entry.
const proofsByGrant = 10

// Proof returns the proof of an entry about a patient whom the caller keeps; ErrUnpublished while there is none. It makes no entry: it shows what the keeper's page
// of the log shows, and of an entry whose content is not for the caller its place alone. What an operator reads is an entry: see ProveEntry.
func (s *Service) Proof(ctx context.Context, c Caller, id PatientID, seq uint64) (ProofFile, error) {
	if c.Operator {
		return ProofFile{}, ErrSignIn
	}
	hides, err := s.hidden(ctx, c, id)
	if err != nil {
		return ProofFile{}, err
	}
	proved, err := s.provedEntry(ctx, id, seq)
	if err != nil {
		return ProofFile{}, err
	}
	shown, _ := hides.entry(proved)
	return proofFile(shown)
}

// OpeningProof returns the proof of the entry of an opening to whoever has opened it, by the token of the grant while it runs. It holds what they stated, when, and
// what was released to them by name and number; nothing of the record. That it was given out is an entry.
func (s *Service) OpeningProof(ctx context.Context, c Caller, token string) (ProofFile, error) {
	var grant Grant
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		grant, err = s.runningGrant(r, token)
		return err
	}); err != nil {
		return ProofFile{}, err
	}
	return s.openingProof(ctx, c, grant)
}

// OwnOpeningProof is OpeningProof for an opening by a badge of the caller, also after it has ended.
func (s *Service) OwnOpeningProof(ctx context.Context, c Caller, id GrantID) (ProofFile, error) {
	if err := signedIn(c); err != nil {
		return ProofFile{}, err
	}
	var grant Grant
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		if grant, err = r.GrantByID(id); err == nil && grant.Member != c.Account {
			err = ErrNotFound
		}
		return err
	}); err != nil {
		return ProofFile{}, err
	}
	return s.openingProof(ctx, c, grant)
}

func (s *Service) openingProof(ctx context.Context, c Caller, grant Grant) (ProofFile, error) {
	proved, err := s.openingEntry(ctx, grant)
	if err != nil {
		return ProofFile{}, err
	}
	file, err := proofFile(proved)
	if err != nil {
		return ProofFile{}, err
	}
	event, err := s.grantEvent(c, grant, audit.ReceiptMade)
	if err != nil {
		return ProofFile{}, err
	}
	now := s.now()
	since := now.Truncate(guessWindow)
	err = s.Store.Update(ctx, func(tx Tx) error {
		n, err := tx.CountGuess(s.guessKey("proof", string(grant.ID)), now, since)
		if err != nil {
			return err
		}
		if n > proofsByGrant {
			return ErrTooMany.with("retry_after", int(since.Add(guessWindow).Sub(now)/time.Second)+1)
		}
		tx.Append(event)
		return nil
	})
	if err != nil {
		return ProofFile{}, noLogNoData(err)
	}
	return file, nil
}

// openingEntry finds the entry of an opening: near the time at which its grant began, as a clock may have been set between the two. Its words may be erased by
// now, and then it can be told from the others no more.
func (s *Service) openingEntry(ctx context.Context, grant Grant) (audit.Proved, error) {
	const near = 20
	var numbers []uint64
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		numbers, err = r.EntriesNear(string(grant.Patient), audit.GlassOpened, grant.From, near)
		return err
	}); err != nil {
		return audit.Proved{}, err
	}
	for _, seq := range numbers {
		proved, err := s.provedEntry(ctx, grant.Patient, seq)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return proved, err
		}
		if err == nil && proved.Raw != nil && proved.Payload.Grant == string(grant.ID) {
			return proved, nil
		}
	}
	return audit.Proved{}, ErrNotFound
}

// provedEntry reads one entry about a patient.
func (s *Service) provedEntry(ctx context.Context, id PatientID, seq uint64) (audit.Proved, error) {
	if seq == 0 {
		return audit.Proved{}, ErrNotFound
	}
	list, err := s.Log.History(ctx, string(id), seq-1, 1)
	if err != nil {
		return audit.Proved{}, err
	}
	if len(list) == 0 || list[0].Entry.Seq != seq {
		return audit.Proved{}, ErrNotFound
	}
	return list[0], nil
}

func proofFile(proved audit.Proved) (ProofFile, error) {
	body, err := proved.Receipt()
	if errors.Is(err, audit.ErrNotFound) {
		return ProofFile{}, ErrUnpublished
	}
	return ProofFile{Name: fmt.Sprintf("%d-%d.tlog-proof", proved.Entry.Epoch, proved.Entry.Index), Body: body}, err
}
