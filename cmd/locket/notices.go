package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/emergency/notify"
	"github.com/locket-health/locket/emergency/web"
	"github.com/locket-health/locket/static"
)

// noticeConfig says by which ways people are told of openings. Without any of them notices wait, and the console says so.
type noticeConfig struct {
	Mail         notify.MailConfig
	MailTLS      string
	PasswordFile string // holds Mail.Password, unless LOCKET_SMTP_PASSWORD does: a command line can be read by everybody on the machine
	WebhookURL   string
	SecretFile   string // holds the secret of the webhook, unless LOCKET_WEBHOOK_SECRET does
}

// The environment variables that hold secrets themselves. There is no flag for them.
const (
	passwordVariable = "LOCKET_SMTP_PASSWORD"
	secretVariable   = "LOCKET_WEBHOOK_SECRET"
)

func (c *noticeConfig) bind(f *flags) {
	f.declare("smtp-host", "HOST")
	f.StringVar(&c.Mail.Host, "smtp-host", "", "the server that sends mails; none are sent if empty")
	f.declare("smtp-port", "PORT")
	f.IntVar(&c.Mail.Port, "smtp-port", 587, "its port; on 465 TLS is implicit")
	f.declare("smtp-tls", "POLICY")
	f.StringVar(&c.MailTLS, "smtp-tls", string(notify.TLSMandatory), "how mails go there encrypted: mandatory, implicit, opportunistic, or none (on this machine only)")
	f.declare("smtp-user", "USER")
	f.StringVar(&c.Mail.User, "smtp-user", "", "whom to sign in as there; nobody if empty")
	f.declare("smtp-password-file", "FILE")
	f.StringVar(&c.PasswordFile, "smtp-password-file", "", "the password for it, if not in "+passwordVariable)
	f.declare("smtp-from", "ADDRESS")
	f.StringVar(&c.Mail.From, "smtp-from", "", "the address that mails come from")
	f.declare("webhook-url", "URL")
	f.StringVar(&c.WebhookURL, "webhook-url", "", "the gateway that sends to telephones; none is asked if empty")
	f.declare("webhook-secret-file", "FILE")
	f.StringVar(&c.SecretFile, "webhook-secret-file", "", "the secret that signs what it is asked, if not in "+secretVariable)
}

func (c noticeConfig) validate() error {
	if c.Mail.Host != "" && c.Mail.From == "" {
		return usageError{"--smtp-from is needed: the address that mails come from"}
	}
	if c.Mail.Host == "" && (c.Mail.User != "" || c.Mail.From != "" || c.PasswordFile != "") {
		return usageError{"--smtp-host is needed: the server that sends mails"}
	}
	if c.WebhookURL == "" && c.SecretFile != "" {
		return usageError{"--webhook-url is needed: the gateway that sends to telephones"}
	}
	return nil
}

// senders makes what is configured.
func (c noticeConfig) senders(env environment) ([]notify.Sender, error) {
	var senders []notify.Sender
	if c.Mail.Host != "" {
		var err error
		if c.Mail.Password, err = secret(env, passwordVariable, c.PasswordFile); err != nil {
			return nil, err
		}
		c.Mail.TLS = notify.TLS(c.MailTLS)
		mail, err := notify.NewMail(c.Mail)
		if err != nil {
			return nil, &failure{"mails cannot be sent like that", err, "locket serve --help: the flags that begin with --smtp"}
		}
		senders = append(senders, mail)
	}
	if c.WebhookURL != "" {
		key, err := secret(env, secretVariable, c.SecretFile)
		if err != nil {
			return nil, err
		}
		webhook, err := notify.NewWebhook(notify.WebhookConfig{URL: c.WebhookURL, Secret: key})
		if err != nil {
			return nil, &failure{"the gateway cannot be asked like that", err, "locket serve --help: the flags that begin with --webhook"}
		}
		senders = append(senders, webhook)
	}
	return senders, nil
}

// secret is what an environment variable holds, or else a file.
func secret(env environment, name, file string) (string, error) {
	if value := env.getenv(name); value != "" || file == "" {
		return value, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", &failure{"a secret cannot be read", err, "the file that holds it, or the variable " + name}
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// ways are those of some senders.
func ways(senders []notify.Sender) []string {
	var ways []string
	for _, sender := range senders {
		ways = append(ways, sender.Way())
	}
	return ways
}

// newOutbox puts senders behind the outbox of a house. custom is what the server beside it was made of.
func newOutbox(house *datadir.House, custom web.Config, senders []notify.Sender) (*notify.Outbox, error) {
	catalog, err := locale.Load(static.Locales())
	if err != nil {
		return nil, err
	}
	return notify.New(notify.Config{Service: house.Service, Words: notify.Words{Catalog: catalog}, Senders: senders, Registry: custom.Registry, Logger: custom.Logger})
}

func noticesCommand() command {
	return command{
		name: "notices", synopsis: "--data DIR",
		summary: "list the messages that could not be delivered",
		about: `Lists the notices of the last month that were given up: id, kind, when it was written and when it was given up, attempts, and what went wrong last.
No name and no address is printed. The keepers of the record see it too, with the name of the contact.
What goes wrong: address (it is none), refused (the other side will never take it), deferred (not now), unreachable, timeout, broken (it hung up), tls,
auth (it does not let this house in), no_way (no sender for it), too_late (its link has ended), stopped (no contact any more), unreadable (another data key).`,
		examples: []string{"locket notices --data /var/lib/locket"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			return func(ctx context.Context, env environment, args []string) error {
				if err := errors.Join(noArguments(args), needed("data", *data)); err != nil {
					return err
				}
				return withHouse(ctx, *data, *keys, func(house *datadir.House) error {
					letters, err := house.Service.DeadLetters(ctx, emergency.Caller{Operator: true})
					if err != nil {
						return err
					}
					for _, dead := range letters {
						fmt.Fprintf(env.stdout, "%s  %-9s  %s  %s  %d attempts  %s\n", dead.ID, dead.Kind, dead.At.Format(time.RFC3339), dead.EndedAt.Format(time.RFC3339),
							dead.Attempts, dead.Failure)
					}
					if len(letters) == 0 {
						fmt.Fprintln(env.stdout, "Nothing was given up in the last month.")
					}
					return nil
				})
			}
		},
	}
}

func noticesRetryCommand() command {
	return command{
		name: "notices retry", synopsis: "--data DIR ID",
		summary: "send a message again that was given up",
		about: `Sends a notice anew, from the first attempt on. A running server does it within a minute, another one when it starts.
An id that begins with a dash stands behind --.`,
		examples: []string{"locket notices retry --data /var/lib/locket -- m3K..."},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			data, keys := dataFlag(f), keysFlag(f)
			return func(ctx context.Context, env environment, args []string) error {
				if err := needed("data", *data); err != nil {
					return err
				}
				if len(args) != 1 {
					return usageError{"one notice is needed: its id, as locket notices prints it"}
				}
				return withHouse(ctx, *data, *keys, func(house *datadir.House) error {
					err := house.Service.RetryLetter(ctx, emergency.Caller{Operator: true}, emergency.NoticeID(args[0]))
					switch {
					case errors.Is(err, emergency.ErrNotFound):
						return &failure{"no notice of this id was given up", nil, "locket notices --data " + *data}
					case errors.Is(err, emergency.ErrInvalid):
						return &failure{"it is more than 14 days old, and its link has ended", nil, "tell them in another way"}
					case err != nil:
						return err
					}
					fmt.Fprintln(env.stdout, "It is sent again.")
					return nil
				})
			}
		},
	}
}
