package audit

// openEntry unseals an entry that is not erased and checks that what was sealed is what was committed to, and that the columns of
// the row say the same. What does not hold is a [VerifyError].
func openEntry(o Opener, e *Entry) (salt Salt, raw []byte, p Payload, err error) {
	plain, err := o.Open(e.Row, e.Sealed)
	if err != nil || len(plain) < SaltSize {
		return salt, nil, p, broken(e.Index, "its sealed payload does not open with this key")
	}
	salt = Salt(plain)
	raw, ok := unpack(plain[SaltSize:])
	if !ok || Commit(salt, raw) != e.Leaf {
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
