package summary

import "strings"

// structural names the members that say nothing about the person: they hold the document together, name its parts, or repeat for machines
// what another member says. They are never reported. Everything else that no reader used is.
var structural = map[string]bool{
	"resourceType": true, "id": true, "meta": true, "implicitRules": true, "language": true, "fullUrl": true, // of any resource
	"link": true, "search": true, "request": true, "response": true, // of entries of a bundle
	"reference": true,                                        // the address of another resource; the words beside it are reported
	"system":    true, "version": true, "userSelected": true, // of a code that is itself used or reported
	"use": true, "rank": true, "sequence": true, // order and purpose of names, numbers, doses
	"subject": true, "patient": true, // the person whom the whole document is about
	"category": true, "intent": true, "scope": true, // which drawer of the source system it comes from
	"primarySource": true, // whether the maker of the record gave the vaccine
}

// leftovers reports what nobody used, in the largest pieces that are wholly unused.
func (im *importer) leftovers() {
	for _, r := range im.entries {
		im.leftoversOf(r.node, r.path, leftContext{kind: r.kind, section: im.placed[r.node], resource: true})
	}
	for i, entry := range im.root.get("entry").list() {
		for j, kid := range entry.kids {
			if name := entry.memberName(j); name != "resource" && !structural[name] {
				im.leftoversOf(kid, join(index("entry", i), name), leftContext{})
			}
		}
	}
	for i, kid := range im.root.kids {
		switch name := im.root.memberName(i); name {
		case "entry", "type", "identifier", "timestamp", "total":
		default:
			if !structural[name] {
				im.leftoversOf(kid, name, leftContext{})
			}
		}
	}
}

// leftContext is what the way down to a value says about it.
type leftContext struct {
	kind      string // of the resource
	section   string // LOINC of the section that lists it
	resource  bool   // the value is a resource
	extension bool   // inside an extension
}

func (im *importer) leftoversOf(n *node, path string, in leftContext) {
	if !n.pending(in) {
		return
	}
	if !n.touched() && !in.resource {
		im.report(path, sectionOfLOINC(in.section), words(n), WhyField, nil)
		return
	}
	if in.resource && !n.touched() {
		im.report(path, sectionOfLOINC(in.section), words(n), WhyKind, map[string]any{"kind": in.kind})
		return
	}
	for i, kid := range n.kids {
		if n.kind == arrayNode {
			im.leftoversOf(kid, index(path, i), in.into("", kid))
			continue
		}
		if name := n.names[i]; !skipped(name, n, in) {
			im.leftoversOf(kid, join(path, name), in.into(name, kid))
		}
	}
}

func (in leftContext) into(name string, kid *node) leftContext {
	next := leftContext{kind: in.kind, section: in.section, extension: in.extension || name == "extension" || name == "modifierExtension"}
	if kind := kid.get("resourceType").str(); kind != "" {
		next.kind, next.resource = kind, true
	}
	return next
}

// skipped reports whether a member of parent is structural.
func skipped(name string, parent *node, in leftContext) bool {
	switch name {
	case "text": // a narrative, not a text
		narrative := parent.get("text")
		return narrative.get("div") != nil || narrative.get("status") != nil
	case "identifier": // of a resource other than the person
		return in.resource && in.kind != "Patient"
	case "url": // the name of an extension
		return in.extension
	}
	return structural[name]
}

// pending reports whether anything below is unused and not structural.
func (n *node) pending(in leftContext) bool {
	if n == nil || n.used && len(n.kids) == 0 {
		return false
	}
	switch n.kind {
	case nullNode:
		return false
	case arrayNode:
		for _, kid := range n.kids {
			if kid.pending(in.into("", kid)) {
				return true
			}
		}
		return false
	case objectNode:
		if n.get("url").str() == urlAbsentReason && n.get("valueCode").str() == "unknown" {
			return false // says that nothing is said
		}
		for i, kid := range n.kids {
			if !skipped(n.names[i], n, in) && kid.pending(in.into(n.names[i], kid)) {
				return true
			}
		}
		return false
	}
	return !n.used
}

// touched reports whether anything below was used.
func (n *node) touched() bool {
	if n == nil {
		return false
	}
	if n.used {
		return true
	}
	for _, kid := range n.kids {
		if kid.touched() {
			return true
		}
	}
	return false
}

func (n *node) memberName(i int) string {
	if i < len(n.names) {
		return n.names[i]
	}
	return ""
}

// words collects what a value says: its texts and numbers, without addresses and names of code systems; its narrative only where it says
// nothing else.
func words(n *node) string {
	var said []string
	size := 0
	narrative := ""
	var walk func(n *node, name string)
	walk = func(n *node, name string) {
		if n == nil || size > maxLineWords {
			return
		}
		if structural[name] || name == "url" {
			return
		}
		if div := n.get("div"); div != nil {
			narrative = plainText(div.str())
			return
		}
		if n.kind == objectNode || n.kind == arrayNode {
			for i, kid := range n.kids {
				kidName := name
				if n.kind == objectNode {
					kidName = n.names[i]
				}
				walk(kid, kidName)
			}
			return
		}
		text := cleaned(n.text)
		if text == "" || len(said) > 0 && said[len(said)-1] == text {
			return
		}
		said = append(said, text)
		size += len(text)
	}
	walk(n, "")
	if len(said) == 0 && narrative != "" {
		return narrative
	}
	if len(said) == 0 && n != nil { // nothing but addresses: say them
		return cleaned(n.get("reference").str() + n.get("url").str())
	}
	return strings.Join(said, " · ")
}

// plainText takes the markup out of a narrative. The result is text to be escaped, never markup.
func plainText(markup string) string {
	var text strings.Builder
	inTag := false
	for _, r := range markup {
		switch {
		case r == '<':
			inTag = true
			text.WriteByte(' ')
		case r == '>' && inTag:
			inTag = false
		case !inTag:
			text.WriteRune(r)
		}
	}
	return cleaned(entities.Replace(text.String()))
}

// entities are the five of XML and the one that narratives are full of.
var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&#39;", "'", "&nbsp;", " ", "&#160;", " ", "&amp;", "&")
