package locale

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Lang is a language that pages can be read in.
type Lang struct {
	Code string // BCP 47, as in <html lang>
	Dir  string // "ltr" or "rtl", as in <html dir>
	Name string // in the language itself
}

// The pseudo-languages: English made long and bracketed, and English written from right to left. They find untranslated words and layouts that
// break, and are chosen only by name.
const (
	longEnglish     = "en-XA"
	mirroredEnglish = "ar-XB"
)

// grammarOf is a language with what Go must know of it: how a date is written and how a list is joined.
type grammarOf struct {
	Lang
	dates dates
	and   string // between the last two of a list
	comma string // between the others
}

// house lists the languages of the house.
var house = []grammarOf{
	{Lang{"en", "ltr", "English"}, dates{full: "{d} {m} {y}", month: "{m} {y}", months: [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}}, " and ", ", "},
	{Lang{"es", "ltr", "Español"}, dates{full: "{d} de {m} de {y}", month: "{m} de {y}", months: [12]string{"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"}}, " y ", ", "},
	{Lang{"fr", "ltr", "Français"}, dates{full: "{d} {m} {y}", month: "{m} {y}", months: [12]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}}, " et ", ", "},
	{Lang{"de", "ltr", "Deutsch"}, dates{full: "{d}. {m} {y}", month: "{m} {y}", months: [12]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"}}, " und ", ", "},
	{Lang{"pt", "ltr", "Português"}, dates{full: "{d} de {m} de {y}", month: "{m} de {y}", months: [12]string{"janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"}}, " e ", ", "},
	{Lang{"it", "ltr", "Italiano"}, dates{full: "{d} {m} {y}", month: "{m} {y}", months: [12]string{"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"}}, " e ", ", "},
	{Lang{"ar", "rtl", "العربية"}, dates{full: "{d} {m} {y}", month: "{m} {y}", months: [12]string{"يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"}}, " و", "، "},
	{Lang{"zh", "ltr", "中文"}, dates{full: "{y}年{m}{d}日", month: "{y}年{m}", months: numbered("月")}, "和", "、"},
	{Lang{"ja", "ltr", "日本語"}, dates{full: "{y}年{m}{d}日", month: "{y}年{m}", months: numbered("月")}, "、", "、"},
	{Lang{"ko", "ltr", "한국어"}, dates{full: "{y}년 {m} {d}일", month: "{y}년 {m}", months: numbered("월")}, " 및 ", ", "},
	{Lang{"hi", "ltr", "हिन्दी"}, dates{full: "{d} {m} {y}", month: "{m} {y}", months: [12]string{"जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"}}, " और ", ", "},
	{Lang{"ru", "ltr", "Русский"}, dates{full: "{d} {m} {y} г.", month: "{m} {y} г.", months: [12]string{"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"}, alone: [12]string{"январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"}}, " и ", ", "},
	{Lang{"uk", "ltr", "Українська"}, dates{full: "{d} {m} {y} р.", month: "{m} {y} р.", months: [12]string{"січня", "лютого", "березня", "квітня", "травня", "червня", "липня", "серпня", "вересня", "жовтня", "листопада", "грудня"}, alone: [12]string{"січень", "лютий", "березень", "квітень", "травень", "червень", "липень", "серпень", "вересень", "жовтень", "листопад", "грудень"}}, " і ", ", "},
	{Lang{"tr", "ltr", "Türkçe"}, dates{full: "{d} {m} {y}", month: "{m} {y}", months: [12]string{"Ocak", "Şubat", "Mart", "Nisan", "Mayıs", "Haziran", "Temmuz", "Ağustos", "Eylül", "Ekim", "Kasım", "Aralık"}}, " ve ", ", "},
}

// Languages lists the languages that have words, in the house's order.
func (c *Catalog) Languages() []Lang { return append([]Lang(nil), c.languages...) }

// acceptable bounds an Accept-Language header, which the client writes.
const acceptable = 500

// Match chooses the language of a page: the override (a ?lang= or a cookie) when it names a language that we have, else the best for an
// Accept-Language header (RFC 9110 section 12.5.4), else English. Neither is trusted: anything odd simply does not match.
func (c *Catalog) Match(acceptLanguage, override string) Lang {
	switch override {
	case longEnglish:
		return Lang{Code: longEnglish, Dir: "ltr", Name: "[Éñĝļîšĥ]"}
	case mirroredEnglish:
		return Lang{Code: mirroredEnglish, Dir: "rtl", Name: "English, mirrored"}
	}
	for _, known := range c.languages {
		if known.Code == override {
			return known
		}
	}
	if tags := accepted(acceptLanguage); len(tags) > 0 {
		_, index, _ := c.matcher.Match(tags...)
		return c.languages[index]
	}
	return c.languages[0]
}

// accepted reads an Accept-Language header, best first. An element that is no language tag is passed over: one odd element must not cost the
// reader the others.
func accepted(header string) []language.Tag {
	if len(header) > acceptable {
		return nil
	}
	type weighted struct {
		tag    language.Tag
		weight float32
	}
	var list []weighted
	for element := range strings.SplitSeq(header, ",") {
		tags, weights, err := language.ParseAcceptLanguage(element)
		if err == nil && len(tags) == 1 {
			list = append(list, weighted{tags[0], weights[0]})
		}
	}
	slices.SortStableFunc(list, func(a, b weighted) int { return cmp.Compare(b.weight, a.weight) })
	tags := make([]language.Tag, len(list))
	for i, each := range list {
		tags[i] = each.tag
	}
	return tags
}

// grammar is how the language of a code writes dates and lists. The pseudo-languages follow English.
func grammar(code string) grammarOf {
	for _, known := range house {
		if known.Code == code {
			return known
		}
	}
	return house[0]
}

func directionOf(code string) string {
	if code == mirroredEnglish {
		return "rtl"
	}
	return grammar(code).Dir
}
