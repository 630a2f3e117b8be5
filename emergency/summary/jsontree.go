package summary

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Bounds of a JSON document from outside.
const (
	MaxDocument   = 16 << 20  // bytes
	maxDepth      = 64        // arrays and objects inside one another
	maxNodes      = 1_000_000 // values
	maxDuplicates = 100       // named; a document with more of them is refused
)

// Errors of documents that are not read at all.
var (
	ErrDocumentTooLarge = errors.New("summary: the document is larger, deeper or has more parts than can be read")
	ErrDocumentText     = errors.New("summary: the document is not UTF-8 text")
	ErrDocumentJSON     = errors.New("summary: the document is not JSON")
)

// node is a value of a JSON document. It remembers whether somebody made use of it, so that whatever nobody used can be named.
type node struct {
	kind  kind
	text  string   // of a string, number or boolean
	names []string // of an object's members
	kids  []*node  // members or elements
	used  bool
}

type kind uint8

const (
	nullNode kind = iota
	textNode
	numberNode
	boolNode
	arrayNode
	objectNode
)

// duplicate is a member that an object names twice. The first one counts; the later one is reported.
type duplicate struct {
	path  string
	value *node
}

// parseJSON reads a whole document within the bounds.
func parseJSON(data []byte) (*node, []duplicate, error) {
	if len(data) > MaxDocument {
		return nil, nil, ErrDocumentTooLarge
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) {
		return nil, nil, ErrDocumentText
	}
	p := jsonParser{decoder: json.NewDecoder(bytes.NewReader(data))}
	p.decoder.UseNumber()
	root, err := p.value()
	if err == nil {
		if _, more := p.decoder.Token(); more != io.EOF {
			err = fmt.Errorf("%w: something follows its end", ErrDocumentJSON)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	return root, p.duplicates, nil
}

type jsonParser struct {
	decoder    *json.Decoder
	nodes      int
	path       []step
	duplicates []duplicate
}

// step is one step of the way down to a value: the name of a member, or the place in an array.
type step struct {
	name  string
	place int
}

func (p *jsonParser) here() string {
	path := ""
	for _, s := range p.path {
		if s.name != "" {
			path = join(path, s.name)
		} else {
			path = index(path, s.place)
		}
	}
	return path
}

func (p *jsonParser) token() (json.Token, error) {
	token, err := p.decoder.Token()
	if err != nil {
		return nil, fmt.Errorf("%w (near byte %d)", ErrDocumentJSON, p.decoder.InputOffset())
	}
	return token, nil
}

func (p *jsonParser) value() (*node, error) {
	token, err := p.token()
	if err != nil {
		return nil, err
	}
	if p.nodes++; p.nodes > maxNodes || len(p.path) > maxDepth {
		return nil, ErrDocumentTooLarge
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			return p.object()
		}
		return p.array()
	case string:
		return &node{kind: textNode, text: v}, nil
	case json.Number:
		return &node{kind: numberNode, text: v.String()}, nil
	case bool:
		return &node{kind: boolNode, text: fmt.Sprint(v)}, nil
	}
	return &node{kind: nullNode}, nil
}

func (p *jsonParser) object() (*node, error) {
	n := &node{kind: objectNode}
	for p.decoder.More() {
		token, err := p.token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, ErrDocumentJSON
		}
		p.path = append(p.path, step{name: name})
		kid, err := p.value()
		if err != nil {
			return nil, err
		}
		p.path = p.path[:len(p.path)-1]
		if n.get(name) != nil {
			where := join(p.here(), name)
			if p.duplicates = append(p.duplicates, duplicate{where, kid}); len(p.duplicates) > maxDuplicates {
				return nil, fmt.Errorf("%w: names are used twice", ErrDocumentJSON)
			}
			continue
		}
		n.names, n.kids = append(n.names, name), append(n.kids, kid)
		if len(n.names) > maxMembers {
			return nil, ErrDocumentTooLarge
		}
	}
	_, err := p.token()
	return n, err
}

// maxMembers bounds an object, whose members are looked up one after the other. FHIR's longest has some forty.
const maxMembers = 1000

func (p *jsonParser) array() (*node, error) {
	n := &node{kind: arrayNode}
	for p.decoder.More() {
		p.path = append(p.path, step{place: len(n.kids)})
		kid, err := p.value()
		if err != nil {
			return nil, err
		}
		p.path = p.path[:len(p.path)-1]
		n.kids = append(n.kids, kid)
	}
	_, err := p.token()
	return n, err
}

// get returns a member of an object, nil where there is none. It is safe on a nil node and on any kind.
func (n *node) get(name string) *node {
	if n == nil || n.kind != objectNode {
		return nil
	}
	for i, have := range n.names {
		if have == name {
			return n.kids[i]
		}
	}
	return nil
}

// list returns the elements of an array. A single value where an array was expected is taken as an array of one.
func (n *node) list() []*node {
	switch {
	case n == nil || n.kind == nullNode:
		return nil
	case n.kind == arrayNode:
		return n.kids
	}
	return []*node{n}
}

// str returns the text of a string, number or boolean without making use of it, and "" for anything else.
func (n *node) str() string {
	if n == nil || n.kind == arrayNode || n.kind == objectNode {
		return ""
	}
	return n.text
}

// take returns the text and marks it as used.
func (n *node) take() string {
	if n != nil {
		n.used = true
	}
	return n.str()
}

// use marks everything below as used.
func (n *node) use() {
	if n == nil {
		return
	}
	n.used = true
	for _, kid := range n.kids {
		kid.use()
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
