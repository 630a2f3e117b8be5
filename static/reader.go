package static

// ReaderTemplate and ReaderStyle name the template of the reader page and the style sheet it inlines.
const (
	ReaderTemplate = "reader.html"
	ReaderStyle    = "reader"
)

// ReaderPage is the data of the reader page. The page depends on nothing else: not on the card's id, and never on its fragment, so its bytes
// are the same for every card and it can be kept for the day without a network.
type ReaderPage struct {
	Lang      string     // language of the page, one of Languages
	Dir       string     // "ltr" or "rtl"
	Demo      bool       // marks the page as a demonstration
	Issuer    string     // host of this service, for people ("locket.example"); how cards name it is said by its keys
	Languages []Language // what the language menu offers, in its order
	// T gives the words of a key; args are alternating names and values. It is emergency/locale's, bound to Lang.
	T func(key string, args ...any) string
}

// Language is one line of the language menu.
type Language struct {
	Code string // BCP 47: "ar"
	Name string // in the language itself: "العربية"
	Dir  string // "ltr" or "rtl"
}
