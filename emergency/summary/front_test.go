package summary

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/locket-health/locket/emergency/section"
)

var update = flag.Bool("update", false, "write the published vectors anew")

// vector is one file of testdata/vectors: an item of CBOR, and what a decoder makes of it.
type vector struct {
	Name    string `json:"name"`
	CBORHex string `json:"cbor_hex"`
	Expect  *Front `json:"expect,omitempty"`
	Error   string `json:"error,omitempty"` // "malformed" or "too_large"
}

// A dictionary that changed by one byte would make every compressed card unreadable.
func TestDictionaryIsFrozen(t *testing.T) {
	const want = "aab53e1894cc66b0f12de4387a71eaf54ebfa296c56cf2214b178ba20cee95b2"
	sum := sha256.Sum256(dictionary)
	if got := hex.EncodeToString(sum[:]); got != want || len(dictionary) > 4096 {
		t.Errorf("dictionary of %d bytes has the digest %s, want %s", len(dictionary), got, want)
	}
}

// fronts are fictional people whose cards look as cards do in four languages.
func fronts() map[string]Front {
	stated := func(f Front, source Source, confirmed Date) Front {
		for i := range f.Items {
			if f.Items[i].Source == (Source{}) {
				f.Items[i].Source = source
			}
			if f.Items[i].Confirmed == "" {
				f.Items[i].Confirmed = confirmed
			}
		}
		return f
	}
	return map[string]Front{
		"empty": {Items: []FrontItem{}},
		"name only": {
			Lang: "en", Identity: FrontIdentity{Name: "Robin Example", Birth: "1990"}, Items: []FrontItem{},
		},
		"old birth": {
			Identity: FrontIdentity{Name: "Methuselah Example", Birth: "1899-12-31", Gender: "male", AnswersTo: "Grandpa"}, Items: []FrontItem{},
		},
		"english": stated(Front{
			Lang: "en",
			Identity: FrontIdentity{
				Name: "Imogen Hartwell-Adeyemi", Birth: "1961-07-02", Gender: "female", Languages: []string{"en", "yo"}, Country: "GB",
			},
			Items: []FrontItem{
				{Section: section.Directives, Term: "directive-do-not-resuscitate", Detail: "Signed original in the blue folder at home", Date: "2024-03-09"},
				{
					Section: section.Allergies, Term: "allergy-penicillin", Severity: "severe", Criticality: "high",
					Reactions: []FrontConcept{{Term: "reaction-anaphylaxis"}, {Text: "hives on both arms"}},
				},
				{Section: section.Allergies, Text: "Adhesive plaster", Severity: "mild", Reactions: []FrontConcept{{Term: "reaction-rash", Text: "blisters"}}},
				{Section: section.Conditions, Term: "atrial-fibrillation", Date: "2018"},
				{Section: section.Conditions, Term: "chronic-kidney-disease", Text: "Kidney disease, stage 3b", Severity: "moderate", Status: "remission"},
				{Section: section.Baseline, Text: "Speech is slow but clear", Detail: "SpO2 93 % on air", Confirmed: "2026-01-15"},
				{Section: section.Medications, Term: "med-apixaban", Detail: "5 mg twice daily"},
				{Section: section.Medications, Text: "Rosuvastatin", Detail: "10 mg at night", Source: Source{Kind: SourceSelf}},
				{Section: section.Devices, Term: "device-pacemaker", Detail: "Biotronik Edora 8 DR-T", Note: "MRI conditional", Date: "2022-11"},
				{Section: section.Contacts, Name: "Tunde Adeyemi", Phone: "+447700900456", Relation: "HUSB"},
				{Section: section.Contacts, Name: "Ms Price", Phone: "020 7946 0018 ext. 4", Relation: "neighbour", Note: "has a key"},
				{Section: section.BloodGroup, Term: "blood-group-o-negative", Date: "2010-02-28"},
			},
		}, Source{SourceClinician, "Dr. Okoro, Meadow Lane Surgery"}, "2026-09-01"),
		"spanish": stated(Front{
			Lang:     "es",
			Identity: FrontIdentity{Name: "Ximena Duarte Robledo", Birth: "1974-05-30", Gender: "female", Languages: []string{"es", "ca"}},
			Items: []FrontItem{
				{Section: section.Allergies, Term: "allergy-nsaid", Severity: "severe", Criticality: "high", Reactions: []FrontConcept{{Term: "reaction-angioedema"}}},
				{Section: section.Allergies, Term: "allergy-latex", Reactions: []FrontConcept{{Term: "reaction-urticaria"}}},
				{Section: section.Conditions, Term: "diabetes-type-2", Date: "2012"},
				{Section: section.Conditions, Term: "hypertension"},
				{Section: section.Conditions, Term: "asthma"},
				{Section: section.Medications, Term: "med-metformin", Detail: "850 mg cada 12 horas con las comidas"},
				{Section: section.Medications, Term: "med-ramipril", Detail: "5 mg una vez al día"},
				{Section: section.Medications, Text: "Atorvastatina", Detail: "20 mg por la noche"},
				{Section: section.Medications, Term: "med-salbutamol", Detail: "2 inhalaciones si precisa"},
				{Section: section.Contacts, Name: "Íñigo Duarte", Phone: "+34600123456", Relation: "BRO"},
				{Section: section.Contacts, Name: "Consuelo Robledo", Phone: "+34911234567", Relation: "MTH"},
				{Section: section.BloodGroup, Term: "blood-group-o-positive"},
			},
		}, Source{Kind: SourceSelf}, "2026-08-20"),
		"arabic": stated(Front{
			Lang:     "ar",
			Identity: FrontIdentity{Name: "سلمى الحداد", Birth: "2019-04-11", Gender: "female", Languages: []string{"ar", "fr"}, AnswersTo: "سلّوم"},
			Items: []FrontItem{
				{Section: section.Allergies, Term: "allergy-peanut", Severity: "severe", Criticality: "high", Reactions: []FrontConcept{{Term: "reaction-anaphylaxis"}}},
				{Section: section.Conditions, Term: "asthma", Severity: "moderate"},
				{Section: section.Medications, Term: "med-salbutamol", Detail: "بختان عند الحاجة"},
				{Section: section.Medications, Term: "med-epinephrine", Detail: "0.15 mg عند الحاجة"},
				{Section: section.Child, Text: "الوزن", Detail: "23 kg", Date: "2026-09-02"},
				{Section: section.Child, Text: "يجوز أن يستلم الطفل", Detail: "الأم، الأب، الجد", Note: "لا يجوز أن يستلم الطفل: أي شخص آخر"},
				{Section: section.Contacts, Name: "هدى الحداد", Phone: "+96170123456", Relation: "MTH"},
				{Section: section.Contacts, Name: "كريم الحداد", Phone: "+96171234567", Relation: "FTH"},
			},
		}, Source{SourceGuardian, "هدى الحداد"}, "2026-09-02"),
		"japanese": stated(Front{
			Lang:     "ja",
			Identity: FrontIdentity{Name: "早川 千鶴", Birth: "1952-12-01", Gender: "female", Languages: []string{"ja"}, Country: "JP"},
			Items: []FrontItem{
				{Section: section.Allergies, Term: "allergy-iodinated-contrast", Severity: "severe", Reactions: []FrontConcept{{Term: "reaction-hypotension"}}},
				{Section: section.Conditions, Term: "atrial-fibrillation"},
				{Section: section.Conditions, Term: "stroke", Date: "2020-03", Text: "脳梗塞（左片麻痺）"},
				{Section: section.Medications, Term: "med-warfarin", Detail: "2 mg 1日1回夕食後"},
				{Section: section.Medications, Term: "med-amlodipine", Detail: "5 mg 1日1回朝食後"},
				{Section: section.Medications, Text: "ランソプラゾール", Detail: "15 mg 就寝前"},
				{Section: section.Needs, Term: "need-wheelchair"},
				{Section: section.Contacts, Name: "早川 誠", Phone: "+81312345678", Relation: "SONC"},
				{Section: section.BloodGroup, Term: "blood-group-a-positive"},
			},
		}, Source{SourceOrganization, "みどり町クリニック"}, "2026-07-07"),
		"no known allergies": {
			Lang:  "de",
			Items: []FrontItem{{Section: section.Allergies, Term: "no-known-allergy", Absent: AbsentKnownNone}, {Section: section.Medications, Absent: AbsentNoInformation}},
		},
		"markup is text": {
			Lang: "en", Identity: FrontIdentity{Name: `<script>alert("1")</script>`},
			Items: []FrontItem{{Section: section.Conditions, Text: `<img src=x onerror=alert(1)> & 'quoted'`}},
		},
		"number of a newer catalogue": {
			Lang: "en", Items: []FrontItem{{Section: section.Conditions, Number: 70000}, {Section: section.Conditions, Number: 9999, Text: "Text beside it"}},
		},
		"child to be collected": stated(Front{
			Lang: "en", Identity: FrontIdentity{Name: "Noor Example", Birth: "2023-02-11", AnswersTo: "Noni"},
			Items: []FrontItem{
				{Section: section.Child, Text: "Weight", Detail: "14.2 kg", Date: "2026-05-03"},
				{Section: section.Contacts, Name: "Hana Example", Phone: "+96170123456", Relation: "MTH", Collect: CollectMay},
				{Section: section.Contacts, Name: "Rami Example", Relation: "UNCLE", Note: "by order of the court", Collect: CollectMustNot},
				{Section: section.Contacts, Name: "Lina Example", Phone: "+4915112345678", Relation: "AUNT", Collect: CollectMay, OutOfArea: true},
				{Section: section.Contacts, Name: "Embassy", Phone: "+4930123456", Relation: "consulate", OutOfArea: true},
				{Section: section.Insurance, Text: "Travel insurance", Detail: "TR-0042", Name: "Example Mutual", Phone: "+442079460018"},
			},
		}, Source{Kind: SourceGuardian}, "2026-05-03"),
		"every rare field": stated(Front{
			Lang: "fr",
			Items: []FrontItem{
				{Section: section.Contacts, Name: "Zoé", Text: "words", Detail: "d", Date: "2020", Status: "a status of its own", Relation: "marraine"},
				{
					Section: section.Results, Text: "INR", Detail: "2.4", Note: "n", Date: "2026-09-30", Status: "preliminary", Severity: "mild", Criticality: "unable-to-assess",
					Reactions: []FrontConcept{{Text: "a"}, {Text: "b"}}, Name: "n", Phone: "112", Relation: "GUARD", Absent: AbsentNoInformation,
					Source: Source{Kind: SourceOrganization}, Confirmed: "2026",
				},
				{Section: section.Vitals, Text: "Pouls", Detail: "52 /min"},
			},
		}, Source{Kind: SourceImported, Name: "Document"}, "2025-12-31"),
	}
}

// filled is the front as DecodeFront returns it: the head, the numbers and the keys of the catalogue are there.
func filled(t testing.TB, f Front) Front {
	t.Helper()
	encoded, err := EncodeFront(f)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := DecodeFront(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

// said takes away what DecodeFront adds, so that what was encoded and what was decoded can be compared.
func said(f Front) Front {
	f.Sources, f.Confirmed = nil, ""
	f.Items = append([]FrontItem{}, f.Items...)
	for i := range f.Items {
		item := &f.Items[i]
		if item.Term != "" {
			item.Number = 0
		}
		item.Reactions = append([]FrontConcept(nil), item.Reactions...)
		for j := range item.Reactions {
			if item.Reactions[j].Term != "" {
				item.Reactions[j].Number = 0
			}
		}
	}
	return f
}

func TestFrontRoundTrip(t *testing.T) {
	for name, front := range fronts() {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(said(front), said(filled(t, front))); diff != "" {
				t.Errorf("decoded front differs (-encoded +decoded):\n%s", diff)
			}
		})
	}
}

// What people keep is small in every language: a wallet card holds about 280 bytes beside the envelope and the secret, and the long-winded
// English example misses that by two lines.
func TestFrontIsSmallInEveryLanguage(t *testing.T) {
	for lang, limit := range map[string]int{"english": 340, "spanish": 280, "arabic": 280, "japanese": 280} {
		encoded, err := EncodeFront(fronts()[lang])
		if err != nil {
			t.Fatal(err)
		}
		plain, err := encodeMap(fronts()[lang])
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes, %d before compression", lang, len(encoded), len(plain))
		if len(encoded) > limit {
			t.Errorf("%s: %d bytes, want at most %d", lang, len(encoded), limit)
		}
	}
}

func TestEncodeFrontPutsItemsInSectionOrder(t *testing.T) {
	front := Front{Items: []FrontItem{
		{Section: section.BloodGroup, Text: "A", Source: Source{Kind: SourceSelf}},
		{Section: section.Allergies, Text: "b", Source: Source{Kind: SourceGuardian}},
		{Section: section.Allergies, Text: "a", Source: Source{Kind: SourceClinician}},
	}}
	decoded := filled(t, front)
	order := ""
	for _, item := range decoded.Items {
		order += item.Text
	}
	if order != "baA" {
		t.Errorf("items come back as %q, want the order of sections, and inside a section the order given", order)
	}
}

func TestEncodeFrontRefuses(t *testing.T) {
	item := func(change func(*FrontItem)) Front {
		i := FrontItem{Section: section.Conditions, Text: "x"}
		change(&i)
		return Front{Items: []FrontItem{i}}
	}
	tests := map[string]Front{
		"sensitive section":   item(func(i *FrontItem) { i.Section = section.MentalHealth }),
		"the floor":           item(func(i *FrontItem) { i.Section = section.PrivateNotes }),
		"identity as an item": item(func(i *FrontItem) { i.Section = section.Identity }),
		"no section":          item(func(i *FrontItem) { i.Section = 0 }),
		"long text":           item(func(i *FrontItem) { i.Text = strings.Repeat("x", 501) }),
		"control character":   item(func(i *FrontItem) { i.Note = "a\x1b[2Jb" }),
		"line break":          item(func(i *FrontItem) { i.Note = "a\nb" }),
		"not UTF-8":           item(func(i *FrontItem) { i.Note = "\xff" }),
		"unknown term":        item(func(i *FrontItem) { i.Term = "no-such-term" }),
		"wrong number":        item(func(i *FrontItem) { i.Term, i.Number = "asthma", 1 }),
		"negative number":     item(func(i *FrontItem) { i.Number = -1 }),
		"unknown severity":    item(func(i *FrontItem) { i.Severity = "awful" }),
		"unknown criticality": item(func(i *FrontItem) { i.Criticality = "awful" }),
		"unknown collect":     item(func(i *FrontItem) { i.Collect = "perhaps" }),
		"unknown source":      item(func(i *FrontItem) { i.Source.Kind = "rumour" }),
		"bad date":            item(func(i *FrontItem) { i.Date = "2026-02-30" }),
		"nothing said":        item(func(i *FrontItem) { i.Text = "" }),
		"empty reaction":      item(func(i *FrontItem) { i.Reactions = []FrontConcept{{}} }),
		"many reactions":      item(func(i *FrontItem) { i.Reactions = make([]FrontConcept, 17) }),
		"unknown gender":      {Identity: FrontIdentity{Gender: "x"}},
		"language with space": {Identity: FrontIdentity{Languages: []string{"en us"}}},
		"many items":          {Items: make([]FrontItem, 201)},
	}
	for name, front := range tests {
		t.Run(name, func(t *testing.T) {
			if encoded, err := EncodeFront(front); !errors.Is(err, ErrFrontInvalid) {
				t.Errorf("EncodeFront = %x, %v, want ErrFrontInvalid", encoded, err)
			}
		})
	}
	random, noise := rand.New(rand.NewPCG(1, 2)), Front{}
	for range 10 {
		words := make([]byte, 400)
		for i := range words {
			words[i] = byte('!' + random.IntN(90))
		}
		noise.Items = append(noise.Items, FrontItem{Section: section.Conditions, Text: string(words)})
	}
	if _, err := EncodeFront(noise); !errors.Is(err, ErrFrontTooLarge) {
		t.Errorf("4,000 random bytes: %v, want ErrFrontTooLarge", err)
	}
}

// badFronts are items that every decoder refuses.
func badFronts(t testing.TB) map[string][]byte {
	deflated := func(plain []byte) []byte {
		item := compress(append(plain, bytes.Repeat([]byte{0}, 4000)...))
		return item
	}
	good, err := EncodeFront(fronts()["english"])
	if err != nil {
		t.Fatal(err)
	}
	stream, ok := byteString(good)
	if !ok || len(stream) < 256 {
		t.Fatal("the english front is not compressed")
	}
	headed := func(stream []byte) []byte { return append(appendHead(nil, majorBytes, uint64(len(stream))), stream...) }
	return map[string][]byte{
		"stream without its end":        headed(stream[:len(stream)-1]),
		"stream with a byte behind it":  headed(append(bytes.Clone(stream), 0)),
		"length in three bytes":         append([]byte{0x5a, 0, 0, byte(len(stream) >> 8), byte(len(stream))}, stream...),
		"nothing":                       {},
		"truncated":                     good[:len(good)-1],
		"byte after the item":           append(bytes.Clone(good), 0),
		"not a map":                     {0x80},
		"map that ends too early":       {0xa7, 0x06, 0x82, 0x6f, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30},
		"text key":                      {0xa1, 0x61, 'a', 0x01},
		"sensitive section":             {0xa1, 0x13, 0x81, 0x01},
		"floor":                         {0xa1, 0x17, 0x81, 0x01},
		"key in two bytes":              {0xa1, 0x18, 0x04, 0x81, 0x01},
		"number in two bytes":           {0xa1, 0x04, 0x81, 0x18, 0x01},
		"keys out of order":             {0xa2, 0x05, 0x81, 0x01, 0x04, 0x81, 0x01},
		"key twice":                     {0xa2, 0x04, 0x81, 0x01, 0x04, 0x81, 0x02},
		"indefinite array":              {0xa1, 0x04, 0x9f, 0x01, 0xff},
		"tag":                           {0xa1, 0x04, 0x81, 0xc1, 0x01},
		"float":                         {0xa1, 0x04, 0x81, 0xf9, 0x3c, 0x00},
		"true":                          {0xa1, 0x04, 0x81, 0xf5},
		"undefined":                     {0xa1, 0x04, 0x81, 0x82, 0x01, 0xf7},
		"negative number":               {0xa1, 0x04, 0x81, 0x20},
		"empty section":                 {0xa1, 0x04, 0x80},
		"empty item":                    {0xa1, 0x04, 0x81, 0x80},
		"null item":                     {0xa1, 0x04, 0x81, 0xf6},
		"item in a needless array":      {0xa1, 0x04, 0x81, 0x81, 0x01},
		"null at the end of the row":    {0xa1, 0x04, 0x81, 0x82, 0x01, 0xf6},
		"column in the map":             {0xa1, 0x04, 0x81, 0x82, 0x01, 0xa1, 0x07, 0x61, 'a'},
		"unknown rare field":            {0xa1, 0x04, 0x81, 0x82, 0x01, 0xa1, 0x0e, 0x01},
		"standing beyond the list":      {0xa1, 0x0b, 0x81, 0x85, 0x61, 'a', 0xf6, 0xf6, 0xf6, 0xa1, 0x0d, 0x08},
		"standing of an unknown word":   {0xa1, 0x0b, 0x81, 0x85, 0x61, 'a', 0xf6, 0xf6, 0xf6, 0xa1, 0x0d, 0x03},
		"standing that says nothing":    {0xa1, 0x0b, 0x81, 0x85, 0x61, 'a', 0xf6, 0xf6, 0xf6, 0xa1, 0x0d, 0x00},
		"source that is not there":      {0xa1, 0x04, 0x81, 0x82, 0x01, 0xa1, 0x00, 0x03},
		"date that does not exist":      {0xa1, 0x04, 0x81, 0x83, 0x01, 0xf6, 0x19, 0xff, 0xff},
		"number as text date":           {0xa1, 0x04, 0x81, 0x83, 0x01, 0xf6, 0x64, '2', '0', '2', '6'},
		"phone as text that is E.164":   {0xa1, 0x0b, 0x81, 0x82, 0x61, 'a', 0x69, '+', '1', '2', '3', '4', '5', '6', '7', '8'},
		"phone of one digit as number":  {0xa1, 0x0b, 0x81, 0x82, 0x61, 'a', 0x01},
		"flags beyond the list":         {0xa1, 0x03, 0x81, 0x82, 0x01, 0x10},
		"gender beyond the list":        {0xa1, 0x01, 0x83, 0xf6, 0xf6, 0x05},
		"text that is not UTF-8":        {0xa1, 0x04, 0x81, 0x61, 0xff},
		"control character":             {0xa1, 0x04, 0x81, 0x61, 0x1b},
		"empty text":                    {0xa1, 0x04, 0x81, 0x60},
		"deep nesting":                  {0xa1, 0x04, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x01},
		"array longer than the bytes":   {0xa1, 0x04, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"text longer than the bytes":    {0xa1, 0x04, 0x81, 0x7b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"stream that is not DEFLATE":    {0x43, 0xff, 0xff, 0xff},
		"stream with bytes after a map": deflated([]byte{0xa1, 0x04, 0x81, 0x01}),
		"empty stream":                  {0x40},
	}
}

func TestDecodeFrontRefuses(t *testing.T) {
	for name, item := range badFronts(t) {
		t.Run(name, func(t *testing.T) {
			if front, err := DecodeFront(item); !errors.Is(err, ErrFrontMalformed) {
				t.Errorf("DecodeFront = %+v, %v, want ErrFrontMalformed", front, err)
			}
		})
	}
	bomb := compress(bytes.Repeat([]byte{0}, 1<<18))
	for name, item := range map[string][]byte{"bomb": bomb, "long item": make([]byte, MaxFront+1)} {
		t.Run(name, func(t *testing.T) {
			if _, err := DecodeFront(item); !errors.Is(err, ErrFrontTooLarge) {
				t.Errorf("DecodeFront of %d bytes = %v, want ErrFrontTooLarge", len(item), err)
			}
		})
	}
}

// The published vectors hold: what they expect is what the decoder says, and what it says is what their maker encoded.
func TestFrontVectors(t *testing.T) {
	dir := filepath.Join("testdata", "vectors")
	if *update {
		writeVectors(t, dir)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "front-*.json"))
	if err != nil || len(paths) < len(fronts())+len(badFronts(t)) {
		t.Fatalf("%d vectors, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var v vector
			if err := json.Unmarshal(data, &v); err != nil {
				t.Fatal(err)
			}
			item, err := hex.DecodeString(v.CBORHex)
			if err != nil {
				t.Fatal(err)
			}
			front, err := DecodeFront(item)
			if v.Error != "" {
				want := map[string]error{"malformed": ErrFrontMalformed, "too_large": ErrFrontTooLarge}[v.Error]
				if want == nil || !errors.Is(err, want) {
					t.Errorf("DecodeFront = %v, want %q", err, v.Error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(*v.Expect, front, cmp.Transformer("set", func(list []Source) []Source { return append([]Source{}, list...) })); diff != "" {
				t.Errorf("decoded front differs (-vector +decoded):\n%s", diff)
			}
		})
	}
}

func writeVectors(t *testing.T, dir string) {
	t.Helper()
	write := func(kind string, v vector) {
		data, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		name := "front-" + kind + "-" + strings.ReplaceAll(strings.ToLower(v.Name), " ", "-") + ".json"
		if err := os.WriteFile(filepath.Join(dir, name), append(data, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, front := range fronts() {
		encoded, err := EncodeFront(front)
		if err != nil {
			t.Fatal(err)
		}
		expect := filled(t, front)
		write("good", vector{Name: name, CBORHex: hex.EncodeToString(encoded), Expect: &expect})
		plain, err := encodeMap(front)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(plain, encoded) && len(plain) <= MaxFront {
			write("good", vector{Name: name + " not compressed", CBORHex: hex.EncodeToString(plain), Expect: &expect})
		}
	}
	turned := turnedFront()
	expect := filled(t, turned)
	plain, err := encodeMap(turned)
	if err != nil {
		t.Fatal(err)
	}
	write("good", vector{Name: "letters turned round", CBORHex: hex.EncodeToString(plain), Expect: &expect})
	for name, item := range badFronts(t) {
		write("bad", vector{Name: name, CBORHex: hex.EncodeToString(item), Error: "malformed"})
	}
	write("bad", vector{Name: "bomb", CBORHex: hex.EncodeToString(compress(bytes.Repeat([]byte{0}, 1<<18))), Error: "too_large"})
}

// Whatever the format can say comes back as it was said, in whichever mixture.
func TestFrontRoundTripOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		front := Front{Lang: rapid.SampledFrom([]string{"", "en", "ar"}).Draw(t, "lang"), Items: []FrontItem{}}
		front.Identity = FrontIdentity{Name: drawText(t), Birth: drawDate(t), Gender: rapid.SampledFrom(genders).Draw(t, "gender")}
		for s := section.Directives; s <= section.BloodGroup; s++ {
			for range rapid.IntRange(0, 2).Draw(t, "items") {
				item := FrontItem{
					Section: s, Text: drawText(t), Detail: drawText(t), Note: drawText(t), Date: drawDate(t), Name: "n" + drawText(t),
					Phone:    rapid.SampledFrom([]string{"", "+46701740605", "112", "+0", "+12"}).Draw(t, "phone"),
					Relation: rapid.SampledFrom(append([]string{"aunt"}, relations...)).Draw(t, "relation"),
					Severity: rapid.SampledFrom(severities).Draw(t, "severity"), Criticality: rapid.SampledFrom(criticalities).Draw(t, "criticality"),
					Status: rapid.SampledFrom(append([]string{"odd"}, statuses...)).Draw(t, "status"), Absent: rapid.SampledFrom(absences).Draw(t, "absent"),
					Collect: rapid.SampledFrom(collects).Draw(t, "collect"), OutOfArea: rapid.Bool().Draw(t, "out of area"),
					Source:    Source{rapid.SampledFrom(kinds).Draw(t, "kind"), drawText(t)},
					Confirmed: drawDate(t), Number: rapid.SampledFrom([]int{0, 1, 23, 24, 255, 256, 451, 70000}).Draw(t, "number"),
				}
				for range rapid.IntRange(0, 3).Draw(t, "reactions") {
					item.Reactions = append(item.Reactions, FrontConcept{Text: "r" + drawText(t)})
				}
				front.Items = append(front.Items, item)
			}
		}
		plain, err := encodeMap(front)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeFront(plain)
		if errors.Is(err, ErrFrontTooLarge) && len(plain) > MaxFront {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range back.Items {
			back.Items[i].Term = ""
		}
		if diff := cmp.Diff(front.Items, back.Items); diff != "" {
			t.Fatalf("decoded items differ (-encoded +decoded):\n%s", diff)
		}
	})
}

func drawText(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "a", "MRI conditional", "日本", "مرحبا", "<b>&amp;</b>"}).Draw(t, "text")
}

func drawDate(t *rapid.T) Date {
	return rapid.SampledFrom([]Date{"", "1900", "1899-12", "1901", "2026-10-01", "1999-02", "2199-12-31"}).Draw(t, "date")
}

func FuzzDecodeFront(f *testing.F) {
	for _, front := range fronts() {
		encoded, err := EncodeFront(front)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
		plain, err := encodeMap(front)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(plain)
	}
	for _, item := range badFronts(f) {
		f.Add(item)
	}
	f.Fuzz(func(t *testing.T, item []byte) {
		front, _, err := decodeFront(item)
		if err != nil {
			return
		}
		plain, err := encodeMap(front)
		if err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v", err)
		}
		if item[0]>>5 == majorMap && !bytes.Equal(plain, item) {
			t.Fatalf("decoded %x, encoded %x", item, plain)
		}
		again, _, err := decodeFront(plain)
		if err == nil && !cmp.Equal(front, again) {
			t.Fatalf("two readings of one front differ:\n%s", cmp.Diff(front, again))
		}
		shown, err := DecodeFront(item)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(shown)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(string(text), overrides) {
			t.Fatalf("letters are turned round: %q", text)
		}
	})
}

func BenchmarkEncodeFront(b *testing.B) {
	front := fronts()["english"]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := EncodeFront(front); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeFront(b *testing.B) {
	encoded, err := EncodeFront(fronts()["english"])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeFront(encoded); err != nil {
			b.Fatal(err)
		}
	}
}
