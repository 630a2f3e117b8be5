package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
)

// Exit codes, the same for every command.
const (
	exitOK     = 0
	exitFailed = 1 // the command was understood and did not succeed, or what was checked does not hold
	exitUsage  = 2 // the command line was not understood
)

// environment is what a command sees of the world.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
}

// command is one subcommand.
type command struct {
	name     string // "keys init"
	synopsis string // after the name: "--data DIR [--url URL]"
	summary  string // one line
	about    string // what a newcomer needs to know
	examples []string
	// bind declares the flags and returns what runs once they are parsed.
	bind func(*flags) func(ctx context.Context, env environment, args []string) error
}

// commands are in the order of the help text.
func commands() []command {
	return []command{
		demoCommand(), serveCommand(), keysInitCommand(), keysShowCommand(), keysRotateCommand(), keysWithdrawCommand(), keysRotateLogCommand(), issueCommand(), verifyCommand(), exportCommand(), historyCommand(), revokeCommand(), deleteCommand(),
		trustAddCommand(), trustListCommand(), trustRemoveCommand(),
		orgInviteCommand(), orgInviteAdminCommand(), orgListCommand(), orgSuspendCommand(), orgRestoreCommand(), officerInviteCommand(), abuseCommand(), backupCommand(), restoreCommand(),
		auditVerifyCommand(), auditProveCommand(), auditEraseCommand(), auditPruneCommand(), auditFsckCommand(), auditEpochCommand(), auditWitnessCommand(), auditExportCommand(),
		noticesRetryCommand(), noticesCommand(), benchPrintCommand(), benchAuditCommand(), benchCommand(), healthcheckCommand(), versionCommand(),
	}
}

// failure is an error that says what happened, why, and what to try.
type failure struct {
	what string
	why  error
	try  string
}

func (f *failure) Error() string {
	text := f.what
	if f.why != nil {
		text += ": " + f.why.Error()
	}
	if f.try != "" {
		text += "\n  try: " + f.try
	}
	return text
}

func (f *failure) Unwrap() error { return f.why }

// usageError says that the command line was not understood.
type usageError struct{ text string }

func (u usageError) Error() string { return u.text }

// errSilent makes a command exit with exitFailed when it has already said why.
var errSilent = errors.New("")

// run finds the command and runs it. It is all of main but the process.
func run(ctx context.Context, args []string, env environment) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		if len(args) > 1 {
			return run(ctx, append(args[1:], "--help"), env)
		}
		help(env.stdout)
		if len(args) == 0 {
			return exitUsage
		}
		return exitOK
	}
	for _, c := range commands() {
		words := strings.Fields(c.name)
		if len(args) < len(words) || strings.Join(args[:len(words)], " ") != c.name {
			continue
		}
		return c.run(ctx, args[len(words):], env)
	}
	if group := grouped(args[0]); len(group) > 0 {
		w, code := env.stderr, exitUsage
		if len(args) > 1 && (args[1] == "--help" || args[1] == "-h") {
			w, code = env.stdout, exitOK
		}
		fmt.Fprintf(w, "locket: %s stands for several commands:\n", args[0])
		for _, c := range group {
			fmt.Fprintf(w, "  %-16s %s\n", c.name, c.summary)
		}
		fmt.Fprintf(w, "  try: locket %s --help\n", group[0].name)
		return code
	}
	fmt.Fprintf(env.stderr, "locket: there is no command %q\n  try: locket help\n", args[0])
	return exitUsage
}

// grouped are the commands whose name begins with a word and goes on after it.
func grouped(word string) []command {
	return slices.DeleteFunc(commands(), func(c command) bool { return !strings.HasPrefix(c.name, word+" ") })
}

func (c command) run(ctx context.Context, args []string, env environment) int {
	f := newFlags(c.name, env.getenv)
	action := c.bind(f)
	if err := f.parse(args); errors.Is(err, flag.ErrHelp) {
		c.help(env.stdout, f)
		return exitOK
	} else if err != nil {
		fmt.Fprintf(env.stderr, "locket %s: %v\n  try: locket %s --help\n", c.name, err, c.name)
		return exitUsage
	}
	err := action(ctx, env, f.Args())
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errSilent):
	case errors.As(err, &usage):
		fmt.Fprintf(env.stderr, "locket %s: %v\n  try: locket %s --help\n", c.name, err, c.name)
		return exitUsage
	default:
		fmt.Fprintf(env.stderr, "locket %s: %s\n", c.name, printable(err.Error()))
	}
	return exitFailed
}

// help lists the commands.
func help(w io.Writer) {
	fmt.Fprint(w, "Locket issues signed emergency cards and logs every responder access.\n\nUsage: locket COMMAND [flags]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-16s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\nStart here:     locket demo\nOne command:    locket COMMAND --help\n"+
		"Exit codes:     0 done, 1 failed or not verified, 2 the command line was not understood\n")
}

// help explains one command.
func (c command) help(w io.Writer, f *flags) {
	fmt.Fprintf(w, "locket %s: %s\n\nUsage: locket %s\n", c.name, c.summary, strings.TrimSpace(c.name+" "+c.synopsis))
	if c.about != "" {
		fmt.Fprintf(w, "\n%s\n", c.about)
	}
	f.describe(w)
	if len(c.examples) > 0 {
		fmt.Fprint(w, "\nExamples:\n")
		for _, example := range c.examples {
			fmt.Fprintf(w, "  %s\n", example)
		}
	}
}

func versionCommand() command {
	return command{
		name: "version", summary: "print the version",
		examples: []string{"locket version"},
		bind: func(f *flags) func(context.Context, environment, []string) error {
			return func(_ context.Context, env environment, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				fmt.Fprintln(env.stdout, "locket", version())
				return nil
			}
		},
	}
}

// version is what the build knows about itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	text := info.Main.Version
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && !strings.Contains(text, setting.Value[:min(12, len(setting.Value))]) {
			text += " " + setting.Value[:min(12, len(setting.Value))]
		}
	}
	return text + " " + info.GoVersion
}

func noArguments(args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Sprintf("%q is one word too many", args[0])}
	}
	return nil
}
