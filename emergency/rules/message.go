package rules

// Message is a sentence for people: a key of the locale files and its arguments. The English texts stand beside the keys in
// messages.go. An argument is a string (an identifier or a code), an int (named count: the number that the plural follows),
// a time.Time, or a []string: the stable names of sections, or the codes of countries.
type Message struct {
	Key  string         `json:"key"`
	Args map[string]any `json:"args,omitempty"`
}
