package web

import (
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// languages names languages in the language of the page.
func (x *exchange) languages(tags []string) string {
	names := display.Languages(language.Make(x.lang.Code))
	said := make([]string, len(tags))
	for i, tag := range tags {
		if said[i] = names.Name(language.Make(tag)); said[i] == "" {
			said[i] = tag
		}
	}
	return x.Catalog.List(x.lang.Code, said)
}

// country names a country by its code in ISO 3166-1; what is no code is shown as it is.
func (x *exchange) country(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	if name := display.Regions(language.Make(x.lang.Code)).Name(region); name != "" {
		return name
	}
	return code
}
