package main

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/locket-health/locket/cards"
)

// flags is a flag set whose flags can also be given by the environment: --card-life as LOCKET_CARD_LIFE. The command line wins.
type flags struct {
	*flag.FlagSet
	getenv func(string) string
	names  []string // in the order of declaration
	value  map[string]string
}

func newFlags(name string, getenv func(string) string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), getenv: getenv, value: map[string]string{}}
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	return f
}

// The usage texts name the value first, in capitals: "DIR  the data directory".

func (f *flags) text(name, value, what, usage string) *string {
	f.declare(name, what)
	return f.String(name, value, usage)
}

func (f *flags) number(name string, value int, what, usage string) *int {
	f.declare(name, what)
	return f.Int(name, value, usage)
}

func (f *flags) toggle(name, usage string) *bool {
	f.declare(name, "")
	return f.Bool(name, false, usage)
}

func (f *flags) declare(name, what string) {
	f.names = append(f.names, name)
	f.value[name] = what
}

// variable is the environment variable that stands for a flag.
func variable(name string) string {
	return "LOCKET_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// parse reads the environment, then the command line. Flags may stand before and after the arguments.
func (f *flags) parse(args []string) error {
	for _, name := range f.names {
		if value := f.getenv(variable(name)); value != "" {
			if err := f.Set(name, value); err != nil {
				return fmt.Errorf("the environment variable %s is not understood: %w", variable(name), err)
			}
		}
	}
	var rest []string
	for {
		until := f.identifier(args)
		if err := f.FlagSet.Parse(args[:until]); err != nil {
			return err
		}
		at := until - len(f.FlagSet.Args()) // the first that is not a flag
		if at > 0 && args[at-1] == "--" {
			rest = append(rest, args[at:]...)
			break
		}
		if at == len(args) {
			break
		}
		rest, args = append(rest, args[at]), args[at+1:]
	}
	return f.FlagSet.Parse(append([]string{"--"}, rest...))
}

// identifier is the place of the first argument that is an identifier with a dash in front: one in 64 begins so, and it is no flag. A flag's own
// value and what stands behind "--" are left to the flag package.
func (f *flags) identifier(args []string) int {
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if _, err := cards.ParseID(arg); err != nil || arg[0] != '-' {
			continue
		}
		if i > 0 && strings.HasPrefix(args[i-1], "-") && f.value[strings.TrimLeft(args[i-1], "-")] != "" {
			continue
		}
		return i
	}
	return len(args)
}

// describe writes the table of flags.
func (f *flags) describe(w io.Writer) {
	if len(f.names) == 0 {
		return
	}
	fmt.Fprint(w, "\nFlags (each also as an environment variable):\n")
	for _, name := range f.names {
		declared := f.Lookup(name)
		left := strings.TrimSpace("--" + name + " " + f.value[name])
		usage := declared.Usage
		if declared.DefValue != "" && declared.DefValue != "false" && declared.DefValue != "0" && declared.DefValue != "0s" {
			usage += " (default " + declared.DefValue + ")"
		}
		fmt.Fprintf(w, "  %-26s %s\n  %-26s %s\n", left, usage, "", variable(name))
	}
}
