package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/locket-health/locket/cards"
)

// The roles of a child.
const (
	roleHouse = "house"
	roleFloor = "floor"
	rolePeer  = "peer"        // another program that does the same work, of another house
	rolePlain = "plain floor" // a floor whose commits take what waits already, as group commits usually do
	roleRows  = "rows alone"  // the floor of the log: the house's own rows without a tree
)

// The parent writes one setup and then orders to a child's standard input, as JSON; the child answers each on its standard output. A child ends when its
// input does, so none outlives its parent, however that ended.

// setup is what a child begins with. Its answer has the address.
type setup struct {
	Dir      string          `json:"dir"`      // the data directory, where the floor's database is made, or the database of the log's floor
	Document []byte          `json:"document"` // that cards are issued from
	Kept     []kept          `json:"kept,omitempty"`
	Sizes    map[string]bare `json:"sizes,omitempty"`   // of the floor, by measurement
	Holders  []patient       `json:"holders,omitempty"` // whose cards are opened, for the log
	Sealed   map[string]int  `json:"sealed,omitempty"`  // bytes of a sealed payload by work, for the log's floor
}

// kept is a row that the floor reads for a card.
type kept struct {
	ID   cards.ID `json:"id"`
	Size int      `json:"size"`
}

// bare is what the floor does for one request of a measurement, in bytes.
type bare struct {
	Appended int `json:"appended"` // to the disk, durably
	Answered int `json:"answered"` // to the client, headers and all
}

// order asks a child for something: "usage", "profile", "profiled", or a work of its role to be done for a time.
type order struct {
	Do      string        `json:"do"`
	Time    time.Duration `json:"time,omitempty"`
	Clients int           `json:"clients,omitempty"`
	File    string        `json:"file,omitempty"` // of a profile
}

// reply is a child's answer to the setup or to an order.
type reply struct {
	Error   string `json:"error,omitempty"`
	Address string `json:"address,omitempty"`
	Usage   usage  `json:"usage"`
	Sample  sample `json:"sample"`
}

// usage is what a child has used up.
type usage struct {
	CPU      time.Duration `json:"cpu"`      // user and system time so far
	Resident int64         `json:"resident"` // bytes of memory now
	Entries  int64         `json:"entries"`  // in the log; on the floor, rows appended
}

// child is a running house or floor.
type child struct {
	role     string
	address  string
	command  *exec.Cmd
	orders   *json.Encoder
	input    io.Closer
	replies  *json.Decoder
	complain *tail
	clients  []*client
}

// start runs a child until it answers. procs is its GOMAXPROCS, 0 for the machine's.
func (r *run) start(ctx context.Context, role string, procs int, with setup) (*child, error) {
	return r.startUnder(ctx, nil, role, procs, with)
}

// environment is that of every side: garbage is collected as seldom as locket serve does, unless it says otherwise.
func environment() []string {
	if os.Getenv("GOGC") != "" {
		return os.Environ()
	}
	return append(os.Environ(), "GOGC=300")
}

// startUnder is start with a command line in front.
func (r *run) startUnder(ctx context.Context, under []string, role string, procs int, with setup) (*child, error) {
	argv := slices.Concat(under, r.Child, []string{role})
	if role == rolePeer {
		argv = r.Peer
	}
	c := &child{role: role, command: exec.CommandContext(ctx, argv[0], argv[1:]...), complain: &tail{}}
	c.command.Env = environment()
	if procs > 0 {
		c.command.Env = append(c.command.Env, fmt.Sprintf("GOMAXPROCS=%d", procs))
	}
	c.command.Stderr = c.complain
	c.command.WaitDelay = 5 * time.Second
	input, err := c.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.input, c.orders, c.replies = input, json.NewEncoder(input), json.NewDecoder(bufio.NewReader(output))
	if err := c.command.Start(); err != nil {
		return nil, fmt.Errorf("bench: start the %s: %w", role, err)
	}
	ready, err := c.ask(with)
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	c.address = ready.Address
	return c, nil
}

// ask sends the setup or an order and waits for the reply.
func (c *child) ask(message any) (reply, error) {
	var answer reply
	err := c.orders.Encode(message)
	if err == nil {
		err = c.replies.Decode(&answer)
	}
	if err != nil {
		return answer, fmt.Errorf("bench: the %s does not answer: %w\n%s", c.role, err, c.complain)
	}
	if answer.Error != "" {
		return answer, fmt.Errorf("bench: the %s: %s", c.role, answer.Error)
	}
	return answer, nil
}

func (c *child) usage() (usage, error) {
	answer, err := c.ask(order{Do: doUsage})
	return answer.Usage, err
}

// stop closes the child's input, which ends it, and waits; one that does not end is killed.
func (c *child) stop() error {
	for _, client := range c.clients {
		client.close()
	}
	kill := time.AfterFunc(30*time.Second, func() { _ = c.command.Process.Kill() })
	defer kill.Stop()
	err := errors.Join(c.input.Close(), c.command.Wait())
	if err != nil {
		return fmt.Errorf("bench: the %s ended badly: %w\n%s", c.role, err, c.complain)
	}
	return nil
}

// tail keeps the end of what a child complains about.
type tail struct{ kept []byte }

const tailSize = 4096

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.kept) }
