package storagetest

import (
	"crypto/sha256"
	"fmt"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
)

// hash stands for the hash of a secret.
func hash(format string, args ...any) emergency.Token {
	return sha256.Sum256(fmt.Appendf(nil, format, args...))
}

func account(n int) emergency.Account {
	return emergency.Account{
		ID: emergency.AccountID(fmt.Sprintf("account-%015d", n)), SealedProfile: fmt.Appendf(nil, "profile %d", n), CreatedAt: later(n),
		Recovery: hash("recovery %d", n), RecoveryAt: later(n + 1), Lang: "pt-BR", CoolingUntil: later(n + 2),
	}
}

func passkey(n int, of emergency.AccountID) emergency.Passkey {
	return emergency.Passkey{
		ID: fmt.Appendf(nil, "credential-%08d", n), Account: of, SealedRecord: []byte("credential record"), SealedLabel: []byte("blue key"),
		CreatedAt: later(n), UsedAt: later(n + 5),
	}
}

func session(n int, of emergency.AccountID) emergency.Session {
	return emergency.Session{
		Token: hash("session %d", n), Account: of, CreatedAt: later(n), SeenAt: later(n + 1), ExpiresAt: later(n + 60), VerifiedAt: later(n),
		Limited: n%2 == 1,
	}
}

func ceremony(n int) emergency.Ceremony {
	return emergency.Ceremony{
		Token: hash("ceremony %d", n), Purpose: "approve", Account: account(1).ID, Session: hash("session 1"), Sealed: []byte("state"),
		ExpiresAt: later(n + 5),
	}
}

func patient(n int) emergency.Patient {
	return emergency.Patient{
		ID: emergency.PatientID(fmt.Sprintf("patient-%015d", n)), SealedName: fmt.Appendf(nil, "name %d", n), SeenSeq: 3, CreatedAt: later(n),
	}
}

func record(of emergency.PatientID, version int64) emergency.SealedRecord {
	return emergency.SealedRecord{Patient: of, Version: version, Sealed: fmt.Appendf(nil, "record %d", version), UpdatedAt: later(int(version))}
}

func document(n int, of emergency.PatientID) emergency.Document {
	return emergency.Document{
		ID: emergency.DocumentID(fmt.Sprintf("document-%013d", n)), Patient: of, SealedInfo: []byte("info"), Sealed: []byte("original"), CreatedAt: later(n),
	}
}

func ruleSet(of emergency.PatientID, version int) emergency.Rules {
	return emergency.Rules{
		Patient: of, Version: version, Sealed: fmt.Appendf(nil, "rules %d", version), SealedApproval: []byte("approval"), ApprovedAt: later(version),
	}
}

func cardID(n int) (id cards.ID) {
	sum := hash("card %d", n)
	copy(id[:], sum[:])
	return id
}

func card(n int, of emergency.PatientID) emergency.Card {
	return emergency.Card{
		ID: cardID(n), Patient: of, Carrier: "wallet", Key: cards.KeyID{1, 2, 3, 4, 5, 6, 7, 8}, IssuedAt: later(n), ExpiresAt: later(n + 1000),
		Verifier: hash("verifier %d", n), Recipient: "age1example", Tag: [16]byte{9, 8, 7}, SealedAddress: []byte("address"), SealedLabel: []byte("label"),
	}
}

func grant(n int, c emergency.Card) emergency.Grant {
	return emergency.Grant{
		ID: emergency.GrantID(fmt.Sprintf("grant-%016d", n)), Token: hash("grant %d", n), Card: c.ID, Patient: c.Patient, Step: "critical",
		Sections: section.Critical, From: later(n), Until: later(n + 240),
	}
}

func keeper(by emergency.AccountID, of emergency.PatientID) emergency.Keeper {
	return emergency.Keeper{Account: by, Patient: of, Role: emergency.KeeperOther, AddedAt: later(1), SeenSeq: 7}
}

func organization(n int) emergency.Organization {
	return emergency.Organization{
		ID: emergency.OrganizationID(fmt.Sprintf("organization-%09d", n)), SealedName: fmt.Appendf(nil, "organization %d", n), Kind: "ems", Country: "PT",
		CreatedAt: later(n),
	}
}

func member(of emergency.Organization, who emergency.AccountID) emergency.Member {
	return emergency.Member{Organization: of.ID, Account: who, Role: emergency.RoleResponder, SealedName: []byte("member"), CreatedAt: later(3)}
}

func badge(n int, of emergency.Member) emergency.Badge {
	return emergency.Badge{
		ID: emergency.BadgeID(fmt.Sprintf("badge-%016d", n)), Organization: of.Organization, Account: of.Account, IssuedAt: later(n), ExpiresAt: later(n + 60),
	}
}

func invitation(n int, purpose, target string) emergency.Invitation {
	return emergency.Invitation{
		Token: hash("invitation %d", n), Purpose: purpose, Target: target, By: account(1).ID, Sealed: []byte("who invites"), CreatedAt: later(n),
		ExpiresAt: later(n + 60),
	}
}

func contact(n int, of emergency.PatientID) emergency.Contact {
	return emergency.Contact{
		ID: emergency.ContactID(fmt.Sprintf("contact-%014d", n)), Patient: of, SealedDetails: []byte("details"), SealedCode: []byte("code"), CreatedAt: later(n),
		ConfirmedAt: later(n + 1),
	}
}

// request is that of whoever holds a card, for one step.
func request(n int, c emergency.Card, step string) emergency.Request {
	return emergency.Request{
		RequestKey: emergency.RequestKey{Card: c.ID, Step: step}, ID: emergency.RequestID(fmt.Sprintf("request-%014d", n)), Patient: c.Patient,
		Watch: hash("watch %d", n), Sealed: []byte("stated"), AskedAt: later(n), OpensAt: later(n + 10), EndsAt: later(n + 60),
	}
}

// asked is the request of a contact who has no card at hand.
func asked(n int, by emergency.Contact, step string) emergency.Request {
	q := request(n, emergency.Card{Patient: by.Patient}, step)
	q.Contact = by.ID
	return q
}

func review(n int, of emergency.Grant, due int) emergency.Review {
	v := emergency.Review{
		Grant: of.ID, Patient: of.Patient, Organization: of.Organization, Verdict: emergency.VerdictRight, By: account(1).ID, SealedWords: []byte("words"),
		At: later(n),
	}
	if due > 0 {
		v.Verdict, v.DueAt = emergency.VerdictWrong, later(due)
	}
	return v
}

func notice(n int, of emergency.PatientID) emergency.Notice {
	return emergency.Notice{
		ID: emergency.NoticeID(fmt.Sprintf("notice-%015d", n)), Patient: of, Contact: "contact", Sealed: []byte("letter"), State: emergency.NoticeWaiting,
		CreatedAt: later(n), DueAt: later(n),
	}
}

func pendingRules(of emergency.PatientID, effective int) emergency.PendingRules {
	return emergency.PendingRules{
		Patient: of, Base: 1, Sealed: []byte("wider rules"), SealedApproval: []byte("approval"), ApprovedAt: later(1), EffectiveAt: later(effective),
	}
}

func handover(n int, of emergency.Grant) emergency.Handover {
	return emergency.Handover{Finder: hash("handover %d", n), Grant: of.ID, Sealed: []byte("key"), Attempts: 5, EndsAt: later(n + 60)}
}

// opened is the entry of an opening.
func opened(of emergency.PatientID) audit.Event {
	return audit.Event{
		Type: audit.GlassOpened, At: epoch(), Subject: string(of),
		Actor:    audit.Actor{Kind: audit.ByResponder, Name: "Noor Example", Role: "paramedic", Verified: audit.Claimed},
		Sections: []string{"allergies"}, Items: 3, Reason: "unconscious", Outcome: audit.Granted,
	}
}

// household puts an account, the patient it keeps and a card of the patient, each number n.
func household(n int) func(tx emergency.Tx) error {
	return func(tx emergency.Tx) error {
		a, p := account(n), patient(n)
		for _, put := range []func() error{
			func() error { return tx.PutAccount(a) },
			func() error { return tx.PutPatient(p) },
			func() error { return tx.PutKeeper(keeper(a.ID, p.ID)) },
			func() error { return tx.PutCard(card(n, p.ID)) },
		} {
			if err := put(); err != nil {
				return err
			}
		}
		return nil
	}
}
