package locale

// categories are the plural categories of Unicode CLDR.
var categories = []string{"zero", "one", "two", "few", "many", "other"}

// plural is the CLDR cardinal category of a whole number (CLDR 46, supplemental/plurals.xml). The category "many" that Spanish, French,
// Italian and Portuguese have for whole millions is left out: nothing here counts millions.
func plural(lang string, n int) string {
	if n < 0 {
		n = -n
	}
	switch lang {
	case "ja", "zh", "ko":
		return "other"
	case "fr", "pt", "hi":
		return choose(n <= 1, "one", "other")
	case "ru", "uk":
		return slavic(n)
	case "ar":
		return arabic(n)
	default: // en es de it tr
		return choose(n == 1, "one", "other")
	}
}

func slavic(n int) string {
	unit, ten := n%10, n%100
	switch {
	case unit == 1 && ten != 11:
		return "one"
	case unit >= 2 && unit <= 4 && (ten < 12 || ten > 14):
		return "few"
	default:
		return "many"
	}
}

func arabic(n int) string {
	switch ten := n % 100; {
	case n == 0:
		return "zero"
	case n == 1:
		return "one"
	case n == 2:
		return "two"
	case ten >= 3 && ten <= 10:
		return "few"
	case ten >= 11:
		return "many"
	default:
		return "other"
	}
}

// forms lists the categories that whole numbers take in a language: what a message with plural forms must have there.
func forms(lang string) []string {
	seen := map[string]bool{"other": true}
	for n := range 200 {
		seen[plural(lang, n)] = true
	}
	var list []string
	for _, category := range categories {
		if seen[category] {
			list = append(list, category)
		}
	}
	return list
}

func choose(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}
