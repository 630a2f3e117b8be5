package audit

import (
	"bytes"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// chains follows the entries of every subject through all epochs: numbers without gaps, each entry with the leaf hash of the one before. What cannot say so itself
// any more, because its words were erased or its row pruned, is held until a later entry of the same subject says it: see [Erased].
type chains struct {
	epochs []Epoch
	heads  map[string]Head

	// Memory grows with what was erased and not yet spoken for, and with what was pruned.
	erased map[int64]link               // rows without words, by number
	gone   map[int64]tlog.Hash          // leaf hashes of pruned rows, by number
	pruned int64                        // rows that are gone, spoken for or not
	said   map[string]map[uint64]Erased // what was said of pruned rows, by subject and number
	gaps   []gap
}

// link is an entry without words as its row still shows it.
type link struct {
	subject  string
	seq      uint64
	leaf     tlog.Hash
	kind     Type
	at       time.Time
	erasedAt time.Time
	before   tlog.Hash // leaf hash of the subject's entry before it
	gap      int       // place in gaps of the one that stands before it, -1 when the entry before it is at hand
}

// is reports whether the row shows what an entry says of it.
func (l link) is(said Erased, p *Payload) bool {
	return l.subject == p.Subject && l.seq == said.Seq && l.leaf == said.Leaf && l.kind == said.Type && l.at.Equal(said.At) && l.erasedAt.Equal(p.At)
}

// gap is numbers of a subject whose rows are gone.
type gap struct {
	subject  string
	from, to uint64    // the first and the last number
	before   tlog.Hash // leaf hash of the entry before the first
	after    []byte    // what the entry after the last says of the one before it; nil while it has not been said
	entry    int64     // row of the entry after the last
}

func newChains(epochs []Epoch) *chains {
	return &chains{epochs: epochs, heads: make(map[string]Head), erased: make(map[int64]link), gone: make(map[int64]tlog.Hash),
		said: make(map[string]map[uint64]Erased)}
}

// place returns the epoch of a row and its index there.
func (c *chains) place(row int64) (epoch int, index int64) {
	for _, e := range slices.Backward(c.epochs) {
		if row >= e.First {
			return e.Number, row - e.First
		}
	}
	return 0, row
}

// row returns the row number of an entry of an epoch, negative when there is no such epoch.
func (c *chains) row(epoch int, index int64) int64 {
	for _, e := range c.epochs {
		if e.Number == epoch {
			return e.First + index
		}
	}
	return -1
}

// brokenAt returns a VerifyError about a row.
func (c *chains) brokenAt(row int64, format string, args ...any) error {
	epoch, index := c.place(row)
	return inEpoch(epoch, broken(index, format, args...))
}

// extend takes the next entry of the log. The payload is nil if it was erased or not opened; the chain then holds by its number alone.
func (c *chains) extend(e *Entry, p *Payload) error {
	erased := !e.ErasedAt.IsZero()
	if e.Subject == "" {
		if e.Seq != 0 {
			return broken(e.Index, "it is about no patient and has a number among a patient's entries")
		}
		if erased {
			c.erased[e.Row] = link{leaf: e.Leaf.LeafHash(), kind: e.Type, at: e.At, erasedAt: e.ErasedAt, gap: -1}
		}
		return nil
	}
	leaf, head := e.Leaf.LeafHash(), c.heads[e.Subject]
	missing := -1
	switch {
	case e.Seq > head.Seq+1 && c.pruned > 0: // whether those are the rows that are gone is seen at the end
		missing = len(c.gaps)
		c.gaps = append(c.gaps, gap{subject: e.Subject, from: head.Seq + 1, to: e.Seq - 1, before: head.Leaf, entry: e.Row})
		if p != nil {
			c.gaps[missing].after = p.Previous
		}
	case e.Seq != head.Seq+1:
		return broken(e.Index, "it has number %d among the entries of its subject, after number %d", e.Seq, head.Seq)
	case p != nil && head.Seq > 0 && tlog.Hash(p.Previous) != head.Leaf:
		return broken(e.Index, "it does not follow the previous entry of its subject")
	}
	if erased {
		c.erased[e.Row] = link{subject: e.Subject, seq: e.Seq, leaf: leaf, kind: e.Type, at: e.At, erasedAt: e.ErasedAt, before: head.Leaf, gap: missing}
	}
	c.heads[e.Subject] = Head{Seq: e.Seq, Leaf: leaf}
	return nil
}

// prune takes the next entry of the log, of which the leaf hash is all that is left.
func (c *chains) prune(row int64, leaf tlog.Hash) {
	c.gone[row] = leaf
	c.pruned++
}

// speak takes what an entry says of another one that was erased. again reads the row of that one, nil when it is gone: it may have been erased after it was visited.
func (c *chains) speak(e *Entry, p *Payload, again func(epoch int, index int64) (*Entry, error)) error {
	said, err := ParseErased(*p)
	if err != nil {
		return broken(e.Index, "it does not say which entry was erased")
	}
	row := c.row(said.Epoch, said.Index)
	if row < 0 || row >= e.Row {
		return broken(e.Index, "it says that an entry was erased which does not come before it")
	}
	contradicted := func() error {
		return broken(e.Index, "what it says of the erased entry %d of epoch %d is not what that entry shows", said.Index, said.Epoch)
	}
	if leaf, ok := c.gone[row]; ok {
		if leaf != said.Leaf {
			return contradicted()
		}
		delete(c.gone, row)
		if p.Subject == "" {
			return nil
		}
		of := c.said[p.Subject]
		if of == nil {
			of = make(map[uint64]Erased)
			c.said[p.Subject] = of
		}
		if _, twice := of[said.Seq]; twice {
			return contradicted()
		}
		of[said.Seq] = said
		return nil
	}
	shown, ok := c.erased[row]
	if !ok {
		now, err := again(said.Epoch, said.Index)
		switch {
		case err != nil:
			return err
		case now == nil:
			return nil // erased and pruned since it was visited
		case now.Sealed != nil || now.ErasedAt.IsZero():
			return broken(e.Index, "it says that entry %d of epoch %d was erased, and its words are still there", said.Index, said.Epoch)
		case !link{subject: now.Subject, seq: now.Seq, leaf: now.Leaf.LeafHash(), kind: now.Type, at: now.At, erasedAt: now.ErasedAt}.is(said, p):
			return contradicted()
		}
		return nil
	}
	if !shown.is(said, p) {
		return contradicted()
	}
	if shown.gap >= 0 {
		c.gaps[shown.gap].after = said.Previous
	} else if said.Seq > 1 && !bytes.Equal(said.Previous, shown.before[:]) {
		return contradicted()
	}
	delete(c.erased, row)
	return nil
}

// settle makes sure that an entry speaks for whatever lost its words or its row, and that the chains hold across it.
func (c *chains) settle() error {
	if row, found := first(c.erased); found {
		return c.brokenAt(row, "its words are gone, and no later entry of its subject says that they were erased")
	}
	if row, found := first(c.gone); found {
		return c.brokenAt(row, "its row is gone, and no entry says that it was erased")
	}
	for _, g := range c.gaps {
		said := c.said[g.subject]
		before := g.before
		for seq := g.from; seq <= g.to; seq++ {
			missing, ok := said[seq]
			if !ok {
				return c.brokenAt(g.entry, "the entry with number %d of its subject is missing", seq)
			}
			if seq > 1 && !bytes.Equal(missing.Previous, before[:]) {
				return c.brokenAt(g.entry, "what is said of the entry with number %d of its subject does not fit the one before", seq)
			}
			before = missing.Leaf
			delete(said, seq)
		}
		if !bytes.Equal(g.after, before[:]) {
			return c.brokenAt(g.entry, "it does not follow the previous entry of its subject")
		}
	}
	for _, said := range c.said {
		for _, e := range said {
			return inEpoch(e.Epoch, broken(e.Index, "its row is gone, and its number is that of another entry"))
		}
	}
	return nil
}

// unsettled reports whether something lost its words or its row and nothing has been said of it so far.
func (c *chains) unsettled() bool { return len(c.erased) > 0 || len(c.gone) > 0 }

// first returns the lowest key.
func first[V any](rows map[int64]V) (row int64, found bool) {
	for each := range rows {
		if !found || each < row {
			row, found = each, true
		}
	}
	return row, found
}
