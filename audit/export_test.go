package audit

// Unpack is unpack, for tests from outside that look into what is sealed.
func Unpack(packed []byte) ([]byte, bool) { return unpack(packed) }
