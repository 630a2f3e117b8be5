package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
)

// workload is one kind of work and its floor.
type workload struct {
	name, what, stands string
	goal, p99          float64 // as in Row
	floor              string  // the work of the floor that stands beside it, for what is no request
	clients            int     // 0 is Config.Clients
	requests           [][]byte
	granted            string // stands in every good answer; looked for once
	durable            bool   // waits for the disk, as every request does
	peer               string // the work of a peer that stands beside it too
	peerStands         string // what the peer is
	peerGoal           float64
	rows               bool     // stands beside the rows alone, not beside the floors of a request
	wall               bool     // compared by the time that it takes, on all cores, not by that of processors
	under              []string // begins the command line of a peer that is started for each round
}

// floors are the roles that a workload stands beside. How commits form decides more than all else about what is durable, so there the house is held
// against both ways.
func (w workload) floors() []string {
	switch {
	case w.rows && w.peer != "":
		return []string{roleRows, rolePeer}
	case w.rows:
		return []string{roleRows}
	case w.peer != "":
		return []string{roleFloor, rolePeer}
	}
	if w.requests != nil || w.durable {
		return []string{roleFloor, rolePlain}
	}
	return []string{roleFloor}
}

// batches says how the floor of a role forms its commits.
func (w workload) batches(role string) string {
	switch {
	case len(w.floors()) == 1, w.peer != "":
		return ""
	case role == roleFloor:
		return "; commits form as the house's do"
	default:
		return "; a commit takes what waits already"
	}
}

// workloads are the measurements that compare, in the order of Names.
func workloads(s seeded, withPeer bool) []workload {
	scans := make([][]byte, len(s.scanned))
	for i, id := range s.scanned {
		scans[i] = scanRequest(id)
	}
	opens := make([][]byte, len(s.holders))
	for i, card := range s.holders {
		opens[i] = openRequest(card)
	}
	const (
		handler = "net/http alone: one read by key, one group-committed append of the same bytes, an answer of the same size"
		table   = "a group-committed append of the same bytes to one table, without log or tree"
	)
	peer, peerStands := "", "kill-the-clipboard 1.1.0: a SMART Health Card of the same patient signed, its QR code as a picture"
	if withPeer {
		peer = doIssue
	}
	return []workload{
		{name: Scan, what: "scan of a card, logged", stands: handler, goal: 0.8, p99: 100, requests: scans, granted: "<html"},
		{name: Open, what: "opening, durable", stands: handler, goal: 0.33, p99: 100, requests: opens, granted: `"outcome":"granted"`},
		{name: Append, what: "entry in the log, durable", stands: table, floor: Append, durable: true},
		{name: Issue, what: "card packed, encoded and signed", stands: "one ES256 signature", goal: 0.5, floor: doSign, clients: 1},
		{name: Bulk, what: "card in bulk: packed, signed, QR code as SVG", stands: "one ES256 signature", floor: doSign, clients: 1, peer: peer, peerStands: peerStands, peerGoal: 20},
		{name: Health, what: "SMART Health Card: signed, QR code as SVG", stands: "one ES256 signature", floor: doSign, clients: 1, peer: peer, peerStands: peerStands, peerGoal: 20},
		{name: Whole, what: "card issued from a document, all told", stands: "argon2id of its short code (19 MiB, 2 passes)", floor: doArgon2, clients: 1},
		{name: Verify, what: "card parsed, verified and decoded", stands: "the check of one ES256 signature", goal: 0.7, floor: doCheck, clients: 1},
	}
}

// compare runs every chosen workload on the house and the floor in turn.
func (r *run) compare(ctx context.Context) (err error) {
	if !slices.ContainsFunc(r.Only, func(name string) bool { return name != StartUp && name != Log }) {
		return nil
	}
	s, err := r.seed(ctx)
	if err != nil {
		return err
	}
	r.seeded = s
	chosen := slices.DeleteFunc(workloads(s, len(r.Peer) > 0), func(w workload) bool { return !slices.Contains(r.Only, w.name) })
	if len(chosen) == 0 {
		return nil
	}
	house, err := r.start(ctx, roleHouse, 1, setup{Dir: s.dir, Document: r.Document})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.stop()) }()
	for _, w := range chosen {
		if w.requests == nil {
			continue
		}
		size, err := r.answered(ctx, house, w)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		sizes := s.floor.Sizes[w.name]
		sizes.Answered = size
		s.floor.Sizes[w.name] = sizes
	}
	sides := map[string]*child{roleHouse: house}
	for _, role := range []string{roleFloor, rolePlain} {
		with := s.floor
		with.Dir = r.path(role)
		floor, err := r.start(ctx, role, 1, with)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, floor.stop()) }()
		sides[role] = floor
	}
	if slices.ContainsFunc(chosen, func(w workload) bool { return w.peer != "" }) {
		bundle, err := healthBundle(r.Document)
		if err != nil {
			return err
		}
		peer, err := r.start(ctx, rolePeer, 1, setup{Document: bundle})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, peer.stop()) }()
		sides[rolePeer] = peer
	}
	for _, w := range chosen {
		rows, err := r.interleave(ctx, w, sides)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		r.report.Rows = append(r.report.Rows, rows...)
	}
	return nil
}

// answered asks the house once, makes sure that it is the answer that is meant, and returns its size in bytes as it came over the wire.
func (r *run) answered(ctx context.Context, house *child, w workload) (int, error) {
	plain := []byte(strings.Replace(string(w.requests[0]), "Accept-Encoding: gzip, ", "Accept-Encoding: ", 1))
	body, _, err := house.probe(ctx, plain)
	if err != nil {
		return 0, err
	}
	if !strings.Contains(string(body), w.granted) {
		return 0, fmt.Errorf("%w: an answer without %s", ErrVoid, w.granted)
	}
	_, size, err := house.probe(ctx, w.requests[0])
	return size, err
}

// interleave runs the house and the floors of a workload in turn and drops the first round. It returns a row for each floor.
func (r *run) interleave(ctx context.Context, w workload, sides map[string]*child) ([]Row, error) {
	done := map[string][]sample{}
	next := map[string]*atomic.Int64{} // requests go round, each side through all of them
	roles := append([]string{roleHouse}, w.floors()...)
	for round := range r.Rounds + 1 {
		for _, role := range roles {
			r.say("%s, round %d of %d, the %s", w.what, round, r.Rounds, role)
			if next[role] == nil {
				next[role] = new(atomic.Int64)
			}
			s, err := r.measure(ctx, sides[role], w, round, next[role])
			if err != nil {
				return nil, err
			}
			if round > 0 {
				done[role] = append(done[role], s)
			}
		}
	}
	var rows []Row
	for _, role := range w.floors() {
		rows = append(rows, row(w, role, done[roleHouse], done[role]))
	}
	return rows, nil
}

// profile begins or ends a CPU profile of a side in the last round, if profiles are wanted.
func (r *run) profile(side *child, w workload, round int, do string) error {
	if r.Profile == "" || round != r.Rounds {
		return nil
	}
	_, err := side.ask(order{Do: do, File: filepath.Join(r.Profile, w.name+"-"+strings.ReplaceAll(side.role, " ", "-")+".pprof")})
	return err
}

func (r *run) measure(ctx context.Context, side *child, w workload, round int, next *atomic.Int64) (s sample, err error) {
	if side == nil {
		return r.peerAppends(ctx, w)
	}
	if err := r.profile(side, w, round, doProfile); err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, r.profile(side, w, round, doProfiled)) }()
	clients := w.clients
	if clients == 0 {
		clients = r.Clients
	}
	if w.requests != nil {
		return r.load(ctx, side, w.requests, clients, bound{time: r.Duration}, next)
	}
	work := w.name
	switch {
	case w.rows:
		work = w.floor
	case side.role == roleHouse:
	case side.role == rolePeer:
		work = w.peer
	default:
		work = w.floor
	}
	answer, err := side.ask(order{Do: work, Time: r.Duration, Clients: clients})
	return answer.Sample, err
}

// load asks a child again and again. Every answer must have its entry in the log.
func (r *run) load(ctx context.Context, side *child, requests [][]byte, clients int, until bound, next *atomic.Int64) (sample, error) {
	if err := side.connect(ctx, clients); err != nil {
		return sample{}, err
	}
	before, err := side.usage()
	if err != nil {
		return sample{}, err
	}
	s, err := loop(ctx, clients, until, func(client int) error {
		return side.clients[client].ask(requests[next.Add(1)%int64(len(requests))], io.Discard)
	})
	if err != nil {
		return s, err
	}
	after, err := side.usage()
	if err != nil {
		return s, err
	}
	if logged := after.Entries - before.Entries; logged < s.Count {
		return s, fmt.Errorf("%w: %d answers, and %d entries in the log of the %s", ErrVoid, s.Count, logged, side.role)
	}
	s.CPU = after.CPU - before.CPU
	return s, nil
}
