package audit

import "golang.org/x/mod/sumdb/tlog"

// openEntry unseals an entry that is not erased and checks that what was sealed is what was committed to, and that the columns of
// the row say the same. What does not hold is a [VerifyError].
func openEntry(o Opener, e *Entry) (salt Salt, raw []byte, p Payload, err error) {
	plain, err := o.Open(e.Row, e.Sealed)
	if err != nil || len(plain) < SaltSize {
		return salt, nil, p, broken(e.Index, "its sealed payload does not open with this key")
	}
	salt, raw = Salt(plain), plain[SaltSize:]
	if Commit(salt, raw) != e.Leaf {
		return salt, nil, p, broken(e.Index, "its commitment is not to its salt and payload")
	}
	p, err = ParsePayload(raw)
	if err != nil {
		return salt, nil, p, broken(e.Index, "its payload is not a canonical event")
	}
	if p.Subject != e.Subject || p.Seq != e.Seq || p.Type != e.Type || !p.At.Equal(e.At) {
		return salt, nil, p, broken(e.Index, "the columns of its row differ from its payload")
	}
	return salt, raw, p, nil
}

// chains follows the entries of every subject: numbers without gaps, each entry with the leaf hash of the one before.
type chains map[string]Head

// extend takes the next entry of the log. The payload is nil if it was erased or not opened; the chain then holds by its number alone.
func (c chains) extend(e *Entry, p *Payload) error {
	if e.Subject == "" {
		if e.Seq != 0 {
			return broken(e.Index, "it is about no patient and has a number among a patient's entries")
		}
		return nil
	}
	head := c[e.Subject]
	if e.Seq != head.Seq+1 {
		return broken(e.Index, "it has number %d among the entries of its subject, after number %d", e.Seq, head.Seq)
	}
	if p != nil && head.Seq > 0 && tlog.Hash(p.Previous) != head.Leaf {
		return broken(e.Index, "it does not follow the previous entry of its subject")
	}
	c[e.Subject] = Head{Seq: e.Seq, Leaf: e.Leaf.LeafHash()}
	return nil
}
