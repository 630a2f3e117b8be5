package summary

import "time"

// loincNote is the LOINC code of what somebody has noted beside the summary: 34109-9, "Note".
const loincNote = "34109-9"

// Note is what somebody who treats the person has added for whoever takes over. It is none of the record's items: it stands in a section of its own, with
// its author as they said who they are.
type Note struct {
	Author string // "" when they did not say
	At     time.Time
	Text   string
}

// notes is the section of the Composition that holds what was added.
func (ex *exporter) notes(notes []Note) object {
	title := ex.title(loincNote, "Added by the responder")
	n := narrator{exporter: ex, words: ex.options.Words.inEnglish(), lang: ex.options.Lang, own: ex.record.Lang}
	n.open(title)
	n.out.WriteString(`<ul>`)
	var authors []object
	named := make(map[string]bool)
	for _, note := range notes {
		line := escaped(n.words.Moment(note.At)) + ": " + isolated(note.Text)
		if note.Author != "" {
			line += "; " + escaped(n.words.StatedBy) + ": " + isolated(note.Author)
			if author := cleaned(note.Author); !named[author] {
				named[author] = true
				authors = append(authors, object{"display": author})
			}
		}
		n.out.WriteString(`<li>` + line + `</li>`)
	}
	n.out.WriteString(`</ul>`)
	text := n.close()
	text["status"] = "additional" // it is nowhere else in the document
	section := object{"title": title, "code": coded(systemLOINC, loincNote), "text": text}
	put(section, "author", authors)
	return section
}

// isolated keeps what somebody wrote, in whatever language, from turning the line around it.
func isolated(text string) string { return "\u2068" + escaped(text) + "\u2069" }
