package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
)

// What a house does for the patients whom it looks after itself: those of locket issue, until somebody else keeps them.

const unkept = `For patients whom this house looks after itself, made by locket issue (card.json names patient and card). People who keep their own record do it
in the console.`

// forPatient opens the house and acts on one of its own patients.
func forPatient(ctx context.Context, data, keys, patient string, act func(*emergency.Service, emergency.Caller, emergency.PatientID) error) error {
	house, err := datadir.Open(ctx, datadir.Options{Dir: data, Keys: keys})
	if err != nil {
		return noDirectory(err, data)
	}
	err = act(house.Service, emergency.Caller{Operator: true}, emergency.PatientID(patient))
	if errors.Is(err, emergency.ErrNotFound) {
		err = &failure{"there is no such patient or card, or somebody else keeps it", nil, "card.json of locket issue names both; a patient with an account does this in the console"}
	}
	return errors.Join(err, house.Close(context.WithoutCancel(ctx)))
}

func patientFlag(f *flags) *string {
	return f.text("patient", "", "ID", "the patient")
}

func revokeCommand() command {
	return command{
		name: "revoke", synopsis: "--data DIR --patient ID --card ID",
		summary:  "end a card that was lost",
		about:    "Takes the card's key off the record, for good; its front says revoked from now on. " + unkept,
		examples: []string{"locket revoke --data ./data --patient 0123456789abcdefABCDEF --card fedcba9876543210FEDCBA"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys, patient := dataFlag(f), keysFlag(f), patientFlag(f)
			card := f.text("card", "", "ID", "the card")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data), needed("patient", *patient), needed("card", *card)); err != nil {
					return err
				}
				id, err := cards.ParseID(*card)
				if err != nil {
					return usageError{"--card is the 22 characters that card.json has as id"}
				}
				if err := forPatient(ctx, *data, *keys, *patient, func(s *emergency.Service, c emergency.Caller, p emergency.PatientID) error {
					return s.RevokeCard(ctx, c, p, id)
				}); err != nil {
					return err
				}
				fmt.Fprintf(env.stdout, "Revoked card %s.\n", id)
				return nil
			}
		},
	}
}

func deleteCommand() command {
	return command{
		name: "delete", synopsis: "--data DIR --patient ID --yes",
		summary:  "delete a patient's record and cards",
		about:    "Destroys the record, the original documents, the rules and the cards' keys. The log's entries stay, under a pseudonym. " + unkept,
		examples: []string{"locket delete --data ./data --patient 0123456789abcdefABCDEF --yes"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys, patient := dataFlag(f), keysFlag(f), patientFlag(f)
			yes := f.toggle("yes", "needed, because nothing brings it back")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data), needed("patient", *patient)); err != nil {
					return err
				}
				if !*yes {
					return usageError{"--yes is needed, because nothing brings it back"}
				}
				if err := forPatient(ctx, *data, *keys, *patient, func(s *emergency.Service, c emergency.Caller, p emergency.PatientID) error {
					return s.DeletePatient(ctx, c, p)
				}); err != nil {
					return err
				}
				fmt.Fprintf(env.stdout, "Deleted patient %s. A backup made before still holds it until you delete that too.\n", *patient)
				return nil
			}
		},
	}
}

func historyCommand() command {
	return command{
		name: "history", synopsis: "--data DIR --patient ID",
		summary:  "print who looked at a patient's cards and record",
		about:    "One JSON object a line, oldest first: the entry as the log commits to it, its place, and whether a published checkpoint covers it. " + unkept,
		examples: []string{"locket history --data ./data --patient 0123456789abcdefABCDEF"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys, patient := dataFlag(f), keysFlag(f), patientFlag(f)
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data), needed("patient", *patient)); err != nil {
					return err
				}
				return forPatient(ctx, *data, *keys, *patient, func(s *emergency.Service, c emergency.Caller, p emergency.PatientID) error {
					for after := uint64(0); ; {
						page, err := s.History(ctx, c, p, after, historyPage)
						if err != nil {
							return err
						}
						for _, entry := range page.Entries {
							printLine(env.stdout, historyLine{Index: entry.Index, Seq: entry.Seq, At: entry.Event.At, Proven: entry.Proof != nil, Entry: entry.Payload})
							after = entry.Seq
						}
						if len(page.Entries) < historyPage {
							return nil
						}
					}
				})
			}
		},
	}
}

const historyPage = 200

// historyLine is a line of locket history.
type historyLine struct {
	Index  int64           `json:"index"`
	Seq    uint64          `json:"seq"`
	At     time.Time       `json:"at"`
	Proven bool            `json:"proven"`
	Entry  json.RawMessage `json:"entry"`
}
