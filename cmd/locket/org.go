package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
)

func orgInviteCommand() command {
	return command{
		name: "org invite", synopsis: "--data DIR --name NAME --kind KIND [--country CC] [--hardware]",
		summary: "make an organization and invite its administrator",
		about: `Makes an ambulance service, a hospital, a shelter: whoever wears its badge can open what patients' rules give to that kind. Check by another way
that it is what it says. Prints a link for its first administrator, who signs up by it and invites the crew. The link works once, for seven days. KIND is ems,
hospital, clinic, shelter, fire, police, or another lower-case word that rules name. With --hardware all its passkeys have to be on security keys; the server
then needs --passkey-metadata.`,
		examples: []string{"locket org invite --data /var/lib/locket --name 'Ambulance Service North' --kind ems --country SE"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			url := urlFlag(f)
			name := f.text("name", "", "NAME", "what badges call it")
			kind := f.text("kind", "", "KIND", "what it is, as rules name it")
			country := f.text("country", "", "CC", "its country, ISO 3166-1: SE")
			hardware := f.toggle("hardware", "take passkeys on security keys alone")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data), needed("name", *name), needed("kind", *kind)); err != nil {
					return err
				}
				return withHouseAt(ctx, *data, *keys, *url, func(house *datadir.House) error {
					id, link, err := house.Service.MakeOrganization(ctx, operator, emergency.NewOrganization{Name: *name, Kind: *kind, Country: *country, Hardware: *hardware})
					if err != nil {
						return orgFailure("the organization was not made", err, *data)
					}
					fmt.Fprintf(env.stdout, "Made %s.\n", id)
					printInvitation(env.stdout, "its administrator", link)
					if *hardware {
						fmt.Fprintln(env.stdout, "Its people need security keys, and the server needs --passkey-metadata to check them.")
					}
					return nil
				})
			}
		},
	}
}

func orgInviteAdminCommand() command {
	return command{
		name: "org invite-admin", synopsis: "--data DIR ID",
		summary:  "invite another administrator of an organization",
		about:    "For an organization whose administrators are gone. Prints a link that works once, for seven days.",
		examples: []string{"locket org invite-admin --data /var/lib/locket 0123456789abcdefABCDEF"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			url := urlFlag(f)
			return func(ctx context.Context, env environment, args []string) error {
				id, err := oneOrganization(*data, args)
				if err != nil {
					return err
				}
				return withHouseAt(ctx, *data, *keys, *url, func(house *datadir.House) error {
					link, err := house.Service.InviteAdmin(ctx, operator, id)
					if err != nil {
						return orgFailure("nobody was invited", err, *data)
					}
					printInvitation(env.stdout, "an administrator", link)
					return nil
				})
			}
		},
	}
}

func orgListCommand() command {
	return command{
		name: "org list", synopsis: "--data DIR",
		summary:  "list the organizations",
		about:    "One a line: identifier, kind, country, how many badges count and how many of their bearers are administrators, name.",
		examples: []string{"locket org list --data /var/lib/locket"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data)); err != nil {
					return err
				}
				return withHouse(ctx, *data, *keys, func(house *datadir.House) error {
					views, err := house.Service.Organizations(ctx, operator)
					if err != nil {
						return err
					}
					for _, view := range views {
						state := ""
						if !view.SuspendedAt.IsZero() {
							state = "  (suspended on " + view.SuspendedAt.Format(time.DateOnly) + ")"
						}
						if view.Hardware {
							state += "  (security keys)"
						}
						country := view.Country
						if country == "" {
							country = "--"
						}
						fmt.Fprintf(env.stdout, "%s  %-9s %s  %d badges, %d administrators  %s%s\n", view.ID, view.Kind, country, view.Active, view.Admins, oneLine(view.Name), state)
					}
					return nil
				})
			}
		},
	}
}

func orgSuspendCommand() command {
	return command{
		name: "org suspend", synopsis: "--data DIR ID",
		summary:  "take all badges of an organization away at once",
		about:    "No badge of it counts any more, what its crew has opened closes, and its invitations end. Its crew opens what anybody can. locket org restore undoes it.",
		examples: []string{"locket org suspend --data /var/lib/locket 0123456789abcdefABCDEF"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			return changeOrganization(f, "Suspended %s: none of its badges counts.\n", (*emergency.Service).SuspendOrganization)
		},
	}
}

func orgRestoreCommand() command {
	return command{
		name: "org restore", synopsis: "--data DIR ID",
		summary:  "let the badges of an organization count again",
		about:    "Undoes locket org suspend. Members who were suspended one by one stay so.",
		examples: []string{"locket org restore --data /var/lib/locket 0123456789abcdefABCDEF"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			return changeOrganization(f, "Restored %s.\n", (*emergency.Service).RestoreOrganization)
		},
	}
}

func officerInviteCommand() command {
	return command{
		name: "officer invite", synopsis: "--data DIR --name NAME",
		summary:  "invite a privacy officer",
		about:    "A privacy officer sees openings and complaints in the console, and no record. Prints a link that works once, for seven days.",
		examples: []string{"locket officer invite --data /var/lib/locket --name 'Olu Example'"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			url := urlFlag(f)
			name := f.text("name", "", "NAME", "who it is")
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data), needed("name", *name)); err != nil {
					return err
				}
				return withHouseAt(ctx, *data, *keys, *url, func(house *datadir.House) error {
					link, err := house.Service.InviteOfficer(ctx, operator, *name)
					if err != nil {
						return orgFailure("nobody was invited", err, *data)
					}
					printInvitation(env.stdout, *name, link)
					return nil
				})
			}
		},
	}
}

// operator is the command line on the data directory itself.
var operator = emergency.Caller{Operator: true}

func urlFlag(f *flags) *string {
	return f.text("url", "", "URL", "scheme and host of the link, if the server is not reached as keys init was told")
}

func oneOrganization(data string, args []string) (emergency.OrganizationID, error) {
	if err := needed("data", data); err != nil {
		return "", err
	}
	if len(args) != 1 {
		return "", usageError{"one organization is needed: its identifier, as locket org list prints it"}
	}
	return emergency.OrganizationID(args[0]), nil
}

func changeOrganization(f *flags, done string, change func(*emergency.Service, context.Context, emergency.Caller, emergency.OrganizationID) error) func(context.Context, environment, []string) error {
	data, keys := dataFlag(f), keysFlag(f)
	return func(ctx context.Context, env environment, args []string) error {
		id, err := oneOrganization(*data, args)
		if err != nil {
			return err
		}
		return withHouse(ctx, *data, *keys, func(house *datadir.House) error {
			if err := change(house.Service, ctx, operator, id); err != nil {
				return orgFailure("nothing was changed", err, *data)
			}
			fmt.Fprintf(env.stdout, done, id)
			return nil
		})
	}
}

// orgFailure says what to do about an act on an organization that did not succeed.
func orgFailure(what string, err error, data string) error {
	var refusal *emergency.Error
	switch {
	case errors.Is(err, emergency.ErrNotFound):
		return &failure{what, errors.New("there is no such organization, or it is in that state already"), "locket org list --data " + data}
	case errors.As(err, &refusal) && errors.Is(err, emergency.ErrInvalid):
		field, _ := refusal.Args["field"].(string)
		return usageError{"--" + field + " is not possible: " + map[string]string{
			"name": "one line of at most 200 bytes", "kind": "a lower-case word such as ems", "country": "two capital letters such as SE",
		}[field]}
	}
	return &failure{what, err, ""}
}

func printInvitation(w io.Writer, who string, link emergency.Invited) {
	fmt.Fprintf(w, "Give this link to %s alone. It works once, until %s:\n\n  %s\n\n", oneLine(who), link.ExpiresAt.UTC().Format(time.DateOnly), link.Link)
	if strings.HasPrefix(link.Link, "http://localhost") {
		fmt.Fprintln(w, "It is a link for this machine. --url names where others reach the server.")
	}
}

// withHouseAt is withHouse for a house that is reached elsewhere than its settings say.
func withHouseAt(ctx context.Context, data, keys, url string, act func(*datadir.House) error) error {
	house, err := datadir.Open(ctx, datadir.Options{Dir: data, Keys: keys, URL: url})
	if err != nil {
		return noDirectory(err, data)
	}
	return errors.Join(act(house), house.Close(context.WithoutCancel(ctx)))
}
