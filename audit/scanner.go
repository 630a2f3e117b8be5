package audit

import (
	"encoding/base64"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// scanner walks through canonical JSON whose keys it is told in order. After the first thing that is out of order, bad is set
// and everything reads as empty.
type scanner struct {
	rest  string // texts that are read are parts of it
	inner bool   // something stands before the next member of this object or list
	bad   bool
}

func (s *scanner) literal(want string) {
	if rest, ok := strings.CutPrefix(s.rest, want); ok && !s.bad {
		s.rest = rest
		return
	}
	s.bad = true
}

func (s *scanner) peek(b byte) bool { return !s.bad && len(s.rest) > 0 && s.rest[0] == b }

func (s *scanner) open(bracket byte) {
	s.bad = !s.peek(bracket)
	if !s.bad {
		s.rest = s.rest[1:]
	}
	s.inner = false
}

func (s *scanner) close(bracket byte) {
	s.bad = !s.peek(bracket)
	if !s.bad {
		s.rest = s.rest[1:]
	}
	s.inner = true
}

// key consumes a key and reports whether it comes next.
func (s *scanner) key(name string) bool {
	rest := s.rest
	if s.bad {
		return false
	}
	if s.inner {
		if len(rest) == 0 || rest[0] != ',' {
			return false
		}
		rest = rest[1:]
	}
	end := len(name) + 3
	if len(rest) < end || rest[0] != '"' || rest[1:end-2] != name || rest[end-2] != '"' || rest[end-1] != ':' {
		return false
	}
	s.rest, s.inner = rest[end:], true
	return true
}

func (s *scanner) require(name string) {
	if !s.key(name) {
		s.bad = true
	}
}

// text reads a field that is left out when empty.
func (s *scanner) text(name string) string {
	if !s.key(name) {
		return ""
	}
	value := s.string()
	s.bad = s.bad || value == ""
	return value
}

func (s *scanner) string() string {
	if !s.peek('"') {
		s.bad = true
		return ""
	}
	var unescaped []byte
	start := 1
	for i := 1; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '"':
			last := s.rest[start:i]
			s.rest = s.rest[i+1:]
			if unescaped == nil {
				return last
			}
			return string(append(unescaped, last...))
		case '\\':
			if i+1 == len(s.rest) || s.rest[i+1] != '"' && s.rest[i+1] != '\\' {
				s.bad = true
				return ""
			}
			unescaped = append(unescaped, s.rest[start:i]...)
			i++
			start = i
		}
	}
	s.bad = true
	return ""
}

// integer reads a field that is left out when 0.
func (s *scanner) integer(name string, limit int64) int64 {
	if !s.key(name) {
		return 0
	}
	var n int64
	digits := 0
	for digits < len(s.rest) && '0' <= s.rest[digits] && s.rest[digits] <= '9' && n <= limit {
		n = n*10 + int64(s.rest[digits]-'0')
		digits++
	}
	if n == 0 || n > limit || s.rest[0] == '0' {
		s.bad = true
		return 0
	}
	s.rest = s.rest[digits:]
	return n
}

func (s *scanner) instant(name string) time.Time {
	if ms := s.integer(name, maxMillis); ms != 0 {
		return time.UnixMilli(ms).UTC()
	}
	return time.Time{}
}

func (s *scanner) hash(name string) []byte {
	text := s.text(name)
	if text == "" {
		return nil
	}
	hash, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(hash) != tlog.HashSize || len(text) != base64.RawURLEncoding.EncodedLen(tlog.HashSize) {
		s.bad = true
		return nil
	}
	return hash
}

func (s *scanner) details() map[string]string {
	details := make(map[string]string)
	last := ""
	s.open('{')
	for more := !s.bad; more && len(details) <= maxDetails; more = s.peek(',') {
		if len(details) > 0 {
			s.literal(",")
		}
		key := s.string()
		s.literal(":")
		s.bad = s.bad || key <= last // sorted, no key twice
		details[key] = s.string()
		last = key
	}
	s.close('}')
	return details
}

// usualSections is how many sections there is room for at first: what an opening shows.
const usualSections = 16

func (s *scanner) sections() []string {
	sections := make([]string, 0, usualSections)
	s.open('[')
	for more := !s.bad; more && len(sections) <= maxSections; more = s.peek(',') {
		if len(sections) > 0 {
			s.literal(",")
		}
		sections = append(sections, s.string())
	}
	s.close(']')
	return sections
}
