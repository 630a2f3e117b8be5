package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
)

func abuseCommand() command {
	return command{
		name: "abuse", synopsis: "--data DIR [--json]",
		summary: "show where guesses and openings come from",
		about: `Lists wrong codes by kind and network, and openings by organization, by badge and by network, for the last hour and the last day, the highest numbers
first. What stands out from the rest of the day is marked. Networks are shortened, and no patient is named. Privacy officers see the same at /officer/abuse.`,
		examples: []string{"locket abuse --data /var/lib/locket"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			asJSON := f.toggle("json", "print it as JSON")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data)); err != nil {
					return err
				}
				return withHouse(ctx, *data, *keys, func(house *datadir.House) error {
					view, err := house.Service.Abuse(ctx, operator)
					if err != nil {
						return err
					}
					if *asJSON {
						return json.NewEncoder(env.stdout).Encode(jsonAbuse(view))
					}
					return printAbuse(env.stdout, view)
				})
			}
		},
	}
}

// printAbuse writes the lists as tables.
func printAbuse(w io.Writer, view emergency.AbuseView) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, part := range abuseParts(view) {
		fmt.Fprintf(table, "%s\thour\tday\tpatients\t\n", part.name)
		for _, spike := range part.spikes {
			mark := ""
			if spike.Unusual {
				mark = "unusual"
			}
			fmt.Fprintf(table, "  %s\t%d\t%d\t%d\t%s\n", oneLine(placeOf(spike)), spike.Hour, spike.Day, spike.Patients, mark)
		}
		if len(part.spikes) == 0 {
			fmt.Fprint(table, "  none\t\t\t\t\n")
		}
	}
	if view.Partial {
		fmt.Fprintln(table, "There is more than was looked through.")
	}
	return table.Flush()
}

// abusePart is one of the lists.
type abusePart struct {
	name   string
	spikes []emergency.Spike
}

func abuseParts(view emergency.AbuseView) []abusePart {
	return []abusePart{{"wrong codes", view.Guesses}, {"openings by organization", view.ByOrganization}, {"openings by badge", view.ByBadge},
		{"openings by network", view.ByNetwork}}
}

// placeOf names where it came from.
func placeOf(spike emergency.Spike) string {
	network := spike.Network
	if spike.Kind != "" && network == "" {
		network = "other networks"
	}
	var parts []string
	for _, part := range []string{spike.Kind, spike.Organization, spike.Member, network} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// jsonSpike is a line of the lists for programs.
type jsonSpike struct {
	Kind         string `json:"kind,omitempty"`
	Organization string `json:"organization,omitempty"`
	Member       string `json:"member,omitempty"`
	Network      string `json:"network,omitempty"`
	Hour         int    `json:"hour"`
	Day          int    `json:"day"`
	Patients     int    `json:"patients"`
	Unusual      bool   `json:"unusual"`
}

func jsonAbuse(view emergency.AbuseView) map[string]any {
	out := map[string]any{"at": view.At.UTC().Format(time.RFC3339), "partial": view.Partial}
	for i, part := range abuseParts(view) {
		spikes := make([]jsonSpike, 0, len(part.spikes))
		for _, s := range part.spikes {
			spikes = append(spikes, jsonSpike{s.Kind, s.Organization, s.Member, s.Network, s.Hour, s.Day, s.Patients, s.Unusual})
		}
		out[[]string{"guesses", "by_organization", "by_badge", "by_network"}[i]] = spikes
	}
	return out
}
