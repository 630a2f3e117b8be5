package web

// chain puts texts one after another as a language does, by a key that joins two of them ("{first}, {next}"). Empty ones are left out.
func (x *exchange) chain(key string, parts ...string) string {
	chained := ""
	for _, part := range parts {
		switch {
		case part == "":
		case chained == "":
			chained = part
		default:
			chained = x.T(key, "first", chained, "next", part)
		}
	}
	return chained
}
