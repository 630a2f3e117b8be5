package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/term"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/web"
)

func demoCommand() command {
	return command{
		name: "demo", synopsis: "[--listen HOST:PORT]",
		summary: "look around: a throw-away house with fictional patients",
		about: `Makes a data directory and keys that are deleted when it stops, issues cards for fictional patients and serves them on this
machine only. Every page and every card says DEMO. Nothing needs to be set up. Ctrl-C stops it.`,
		examples: []string{"locket demo", "locket demo --listen 127.0.0.1:9000"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			listen := f.text("listen", "", "HOST:PORT", "where to listen, on this machine only (default 127.0.0.1:8080, or a free port)")
			return func(ctx context.Context, env environment, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				return demo(ctx, env, *listen)
			}
		},
	}
}

// demoListener finds a place on this machine. A port that was asked for is taken or refused; otherwise any free one will do.
func demoListener(listen string) (net.Listener, error) {
	if listen == "" {
		if listener, err := net.Listen("tcp", "127.0.0.1:8080"); err == nil {
			return listener, nil
		}
		listen = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, usageError{"--listen is HOST:PORT, such as 127.0.0.1:9000"}
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, &failure{"the demonstration listens on this machine only", nil, "--listen 127.0.0.1:9000, or locket serve for a house that others can reach"}
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, &failure{"cannot listen on " + listen, err, "another port with --listen"}
	}
	return listener, nil
}

func demo(ctx context.Context, env environment, listen string) (err error) {
	listener, err := demoListener(listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	dir, err := os.MkdirTemp("", "locket-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	data := filepath.Join(dir, "data")
	url := localURL(listener)
	if err := datadir.Init(ctx, data, "", datadir.Settings{URL: url}); err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(env.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	house, err := datadir.Open(ctx, datadir.Options{Dir: data, Logger: logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close(context.WithoutCancel(ctx))) }()

	var issued []emergency.Issued
	for _, fixture := range emergencytest.Household() {
		card, _, err := house.Service.IssueFromDocument(ctx, emergency.Caller{Operator: true}, fixture.Bundle, fixture.Name, emergency.CardChoices{})
		if err != nil {
			return fmt.Errorf("the fictional patient %s: %w", fixture.Name, err)
		}
		house.Service.Welcome(card.Patient)
		issued = append(issued, card)
	}
	crew := emergency.NewOrganization{Name: "Demo Ambulance 7", Kind: rules.KindEMS, Country: "PT"}
	_, badges, err := house.Service.MakeOrganization(ctx, emergency.Caller{Operator: true}, crew)
	if err != nil {
		return err
	}
	officer, err := house.Service.InviteOfficer(ctx, emergency.Caller{Operator: true}, "Demo privacy officer")
	if err != nil {
		return err
	}
	if err := demoBanner(env, house, url, issued); err != nil {
		return err
	}
	if err := demoWays(env, badges.Link, officer.Link); err != nil {
		return err
	}
	return serveHouse(ctx, house, listener, Config{CheckpointEvery: 10 * time.Second}, web.Config{Logger: logger, Demo: true}, nil)
}

// colored reports whether what is printed is looked at in a terminal that shows colours.
func colored(env environment) bool {
	file, ok := env.stdout.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && env.getenv("NO_COLOR") == ""
}

// demoBanner says what there is and what to do with it.
func demoBanner(env environment, house *datadir.House, url string, issued []emergency.Issued) error {
	matrix, err := cards.EncodeQR(issued[0].Address.URL(), cards.LevelM)
	if err != nil {
		return err
	}
	w := env.stdout
	fmt.Fprintf(w, "DEMO  fictional people, throw-away keys, this machine only\n\nConsole   %s\n\nCards\n", url)
	for _, card := range issued {
		fmt.Fprintf(w, "  %s  short code %s\n  %s\n\n", card.Front.Identity.Name, card.ShortCode, card.Address.URL())
	}
	fmt.Fprintf(w, "%s, to scan:\n%s\n", issued[0].Front.Identity.Name, matrix.Terminal(colored(env)))
	return nil
}

// demoWays prints the invitations and says what to try.
func demoWays(env environment, badges, officer string) error {
	_, err := fmt.Fprintf(env.stdout, `Invitations, each for one browser profile of its own
  crew of an ambulance   %s
  privacy officer        %s

What to try
  1. Open a card's address: that is what a finder sees, checked on the device. Then "Open more" breaks the glass.
  2. Open the console, make an account with a passkey: the demo household is yours. See who looked at the card.
  3. Name a contact, change the rules, ask "what would they see?", and approve by the passkey.
  4. Take up the ambulance's invitation elsewhere and open the card again: a badge opens more, and the log says whose.
  5. Rehearse with the card, issue and print another one, revoke it, and open its address again.
Ctrl-C stops and deletes everything.
`, badges, officer)
	return err
}
