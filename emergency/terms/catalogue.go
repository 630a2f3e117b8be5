// Package terms is the catalogue of coded terms that change what a responder does: their codes, their labels in fourteen
// languages, and their numbers on a card.
//
// Promise to old cards: a number, once given, means the same term for ever. catalogue/numbers.csv only grows at its end.
package terms

import (
	"embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/locket-health/locket/emergency/section"
)

//go:embed catalogue/*.csv
var files embed.FS

// Term is one entry of the catalogue.
type Term struct {
	Key      string // stable slug: "allergy-penicillin"
	Number   int    // on a card, from 1
	Category Category
	System   string // URI of the code system; "" for a local term
	Code     string // "" for a local term
	Display  string // name of the code in its own system, in English
	ICD10    string // class of WHO ICD-10; "" where none was confirmed
	ICD11    string
	ATC      string
	Priority int // 1 life-critical, 2 changes treatment, 3 useful
}

// Local reports whether the term has no code outside this catalogue.
func (t Term) Local() bool { return t.Code == "" }

// Category is the kind of a term.
type Category string

// The categories.
const (
	Allergy    Category = "allergy"
	Reaction   Category = "reaction"
	Condition  Category = "condition"
	Medication Category = "medication"
	Device     Category = "device"
	Need       Category = "need"
	Directive  Category = "directive"
	BloodGroup Category = "blood-group"
	Pregnancy  Category = "pregnancy"
	Vaccine    Category = "vaccine"
)

// Section returns the part of a record to which terms of the category belong. Reactions belong to the allergy that they
// are reactions to.
func (c Category) Section() (section.Section, bool) {
	switch c {
	case Allergy, Reaction:
		return section.Allergies, true
	case Condition:
		return section.Conditions, true
	case Medication:
		return section.Medications, true
	case Device:
		return section.Devices, true
	case Need:
		return section.Needs, true
	case Directive:
		return section.Directives, true
	case BloodGroup:
		return section.BloodGroup, true
	case Pregnancy:
		return section.Pregnancy, true
	case Vaccine:
		return section.Immunizations, true
	}
	return 0, false
}

// Section returns the part of a record in which the term is kept unless the holder says otherwise. A few conditions are
// sensitive by nature: they start in a section that no rule opens unless it is named.
func (t Term) Section() section.Section {
	switch t.Key {
	case "schizophrenia", "bipolar-disorder", "suicide-attempt-history":
		return section.MentalHealth
	case "hiv-infection":
		return section.SexualHealth
	case "alcohol-dependence", "opioid-dependence":
		return section.SubstanceUse
	}
	s, _ := t.Category.Section()
	return s
}

// Catalogue is the whole list. It is immutable and safe for concurrent use.
type Catalogue struct {
	terms   []Term // by number, terms[0] unused
	byKey   map[string]int
	byCode  map[coding]int
	byAlt   map[coding]int
	byClass map[coding]int // 0 where a class belongs to several terms
	labels  map[string]map[string]label
	indexes map[string]func() []indexed
}

type coding struct{ system, code string }

type label struct {
	text       string
	provenance Provenance
}

var load = sync.OnceValues(read)

// Load returns the catalogue that is part of the program. It is read once; an error means that the program was built from
// damaged files.
func Load() (*Catalogue, error) { return load() }

func read() (*Catalogue, error) {
	c := &Catalogue{
		byKey: map[string]int{}, byCode: map[coding]int{}, byAlt: map[coding]int{}, byClass: map[coding]int{},
		labels: map[string]map[string]label{}, indexes: map[string]func() []indexed{},
	}
	for _, step := range []func(*Catalogue) error{readNumbers, readTerms, readAlternatives, readLabels} {
		if err := step(c); err != nil {
			return nil, err
		}
	}
	for lang := range c.labels {
		c.indexes[lang] = sync.OnceValue(func() []indexed { return c.index(lang) })
	}
	return c, nil
}

func readNumbers(c *Catalogue) error {
	c.terms = make([]Term, 1)
	return rows("numbers.csv", 2, func(row []string) error {
		number, err := strconv.Atoi(row[0])
		if err != nil || number != len(c.terms) {
			return fmt.Errorf("number %s is out of order", row[0])
		}
		if c.byKey[row[1]] != 0 {
			return fmt.Errorf("%s has two numbers", row[1])
		}
		c.byKey[row[1]] = number
		c.terms = append(c.terms, Term{Key: row[1], Number: number})
		return nil
	})
}

func readTerms(c *Catalogue) error {
	return rows("terms.csv", 10, func(row []string) error {
		number := c.byKey[row[0]]
		if number == 0 {
			return fmt.Errorf("%s has no number", row[0])
		}
		priority, err := strconv.Atoi(row[8])
		if err != nil {
			return fmt.Errorf("%s has no priority", row[0])
		}
		t := Term{
			Key: row[0], Number: number, Category: Category(row[1]), System: row[2], Code: row[3], Display: row[4],
			ICD10: row[5], ICD11: row[6], ATC: row[7], Priority: priority,
		}
		if _, known := t.Category.Section(); !known {
			return fmt.Errorf("%s has the unknown category %q", t.Key, t.Category)
		}
		c.terms[number] = t
		if !t.Local() {
			c.byCode[coding{t.System, t.Code}] = number
		}
		for _, class := range []coding{{icd10, t.ICD10}, {icd11, t.ICD11}, {atc, t.ATC}} {
			if class.code == "" {
				continue
			}
			if _, taken := c.byClass[class]; taken {
				number = 0
			}
			c.byClass[class] = number
			number = t.Number
		}
		return nil
	})
}

func readAlternatives(c *Catalogue) error {
	return rows("alt_codes.csv", 5, func(row []string) error {
		number := c.byKey[row[0]]
		if number == 0 {
			return fmt.Errorf("%s is not a term", row[0])
		}
		alternative := coding{row[1], row[2]}
		if _, taken := c.byAlt[alternative]; !taken {
			c.byAlt[alternative] = number
		}
		return nil
	})
}

func readLabels(c *Catalogue) error {
	return rows("labels.csv", 4, func(row []string) error {
		if c.byKey[row[0]] == 0 {
			return fmt.Errorf("%s is not a term", row[0])
		}
		if c.labels[row[1]] == nil {
			c.labels[row[1]] = map[string]label{}
		}
		c.labels[row[1]][row[0]] = label{row[2], Provenance(row[3])}
		return nil
	})
}

func rows(name string, columns int, each func([]string) error) error {
	file, err := files.Open("catalogue/" + name)
	if err != nil {
		return fmt.Errorf("terms: %w", err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.FieldsPerRecord = columns
	all, err := reader.ReadAll()
	if err != nil {
		return fmt.Errorf("terms: %s: %w", name, err)
	}
	for i, row := range all[1:] {
		if err := each(row); err != nil {
			return fmt.Errorf("terms: %s, row %d: %w", name, i+2, err)
		}
	}
	return nil
}

// All returns every term by number.
func (c *Catalogue) All() []Term { return slices.Clone(c.terms[1:]) }

// Len is the number of terms, and the highest number in use.
func (c *Catalogue) Len() int { return len(c.terms) - 1 }

// ByKey returns the term with the given slug.
func (c *Catalogue) ByKey(key string) (Term, bool) {
	number := c.byKey[key]
	return c.terms[number], number != 0
}

// ByNumber returns the term with the given number on a card.
func (c *Catalogue) ByNumber(number int) (Term, bool) {
	if number < 1 || number >= len(c.terms) {
		return Term{}, false
	}
	return c.terms[number], true
}

// Languages returns the languages (BCP 47) in which labels exist, in alphabetical order.
func (c *Catalogue) Languages() []string {
	languages := make([]string, 0, len(c.labels))
	for lang := range c.labels {
		languages = append(languages, lang)
	}
	slices.Sort(languages)
	return languages
}

// base returns the language of a BCP 47 tag without script, region or variants: "pt-BR" is looked up as "pt".
func base(lang string) string {
	primary, _, _ := strings.Cut(strings.ToLower(lang), "-")
	return primary
}
