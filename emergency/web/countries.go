package web

import (
	"iter"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// countryList names countries by their codes, in order of the codes.
func (x *exchange) countryList(codes []string) []string {
	var list []string
	for _, code := range slices.Sorted(slices.Values(codes)) {
		list = append(list, x.country(code))
	}
	return list
}

// countryNames are the names of countries as a form shows them: countriesNamed reads them back.
func (x *exchange) countryNames(codes []string) string {
	return strings.Join(x.countryList(codes), "; ")
}

// countriesNamed reads countries by their codes, or by their names in the language of the page or in English. They are parted by semicolons, or by commas
// where no name holds one. Unknown are those that it cannot read, as they were written.
func (x *exchange) countriesNamed(text string) (codes, unknown []string) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	byName := x.countriesByName()
	read := func(part string) bool {
		code, found := byName[strings.ToLower(strings.TrimSpace(part))]
		if found && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
		return found
	}
	for part := range split(text, ";；؛\n") {
		if read(part) {
			continue
		}
		for part := range split(part, ",،、，") {
			if !read(part) {
				unknown = append(unknown, strings.TrimSpace(part))
			}
		}
	}
	slices.Sort(codes)
	return codes, unknown
}

// split parts a text at any of some signs, and leaves out what is empty.
func split(text, signs string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(signs, r) }) {
			if strings.TrimSpace(part) != "" && !yield(part) {
				return
			}
		}
	}
}

// countriesByName has the code of each country under its names and its codes, in lower case.
func (x *exchange) countriesByName() map[string]string {
	byName := map[string]string{}
	own, english := display.Regions(language.Make(x.lang.Code)), display.Regions(language.English)
	for first := 'A'; first <= 'Z'; first++ {
		for second := 'A'; second <= 'Z'; second++ {
			region, err := language.ParseRegion(string([]rune{first, second}))
			if err != nil || !region.IsCountry() {
				continue
			}
			code := region.Canonicalize().String()
			byName[strings.ToLower(string([]rune{first, second}))] = code
			byName[strings.ToLower(own.Name(region))] = code
			byName[strings.ToLower(english.Name(region))] = code
		}
	}
	delete(byName, "")
	return byName
}
