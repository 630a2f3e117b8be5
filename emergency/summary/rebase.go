package summary

import (
	"reflect"
	"strings"
)

// Conflict is a field that two edits of one record changed in two ways. Mine stands in the record that Rebase returns; Theirs is what was
// saved meanwhile, for the person to choose.
type Conflict struct {
	ItemID string `json:"item,omitempty"` // "" for the record and its identity
	Path   string `json:"path"`           // of the JSON form inside the item, or inside the record: "detail", "identity.birth"; "" when one side took the whole item away
	Mine   any    `json:"mine"`           // nil when my edit took the item away
	Theirs any    `json:"theirs"`
}

// Rebase puts my edit of a record onto what somebody else made of the same record meanwhile (two tabs, two parents). Changes to different
// items and to different fields of one item are both kept. Where both changed one field, mine stands and the conflict is returned; an
// item that one side took away and the other changed is kept, and returned. The version is that of theirs.
func Rebase(base, mine, theirs Record) (Record, []Conflict) {
	var conflicts []Conflict
	out := theirs
	if changed(base.Lang, mine.Lang) {
		if changed(base.Lang, theirs.Lang) && changed(mine.Lang, theirs.Lang) {
			conflicts = append(conflicts, Conflict{"", "lang", mine.Lang, theirs.Lang})
		}
		out.Lang = mine.Lang
	}
	identity, inIdentity := rebaseStruct("", "identity.", base.Identity, mine.Identity, theirs.Identity)
	out.Identity = identity
	conflicts = append(conflicts, inIdentity...)

	baseItems, mineItems, theirItems := byID(base), byID(mine), byID(theirs)
	out.Items = nil
	for _, their := range theirs.Items {
		old, existed := baseItems[their.ID]
		my, kept := mineItems[their.ID]
		switch {
		case kept && existed:
			item, inItem := rebaseStruct(their.ID, "", old, my, their)
			out.Items = append(out.Items, item)
			conflicts = append(conflicts, inItem...)
		case kept: // both made an item of this identifier
			item, inItem := rebaseStruct(their.ID, "", Item{ID: their.ID}, my, their)
			out.Items = append(out.Items, item)
			conflicts = append(conflicts, inItem...)
		case existed && !changed(old, their): // I took it away
		case existed:
			out.Items = append(out.Items, their)
			conflicts = append(conflicts, Conflict{their.ID, "", nil, their})
		default: // they added it
			out.Items = append(out.Items, their)
		}
	}
	for _, my := range mine.Items {
		if _, there := theirItems[my.ID]; there {
			continue
		}
		old, existed := baseItems[my.ID]
		if existed && !changed(old, my) {
			continue // they took it away
		}
		if existed {
			conflicts = append(conflicts, Conflict{my.ID, "", my, nil})
		}
		out.Items = append(out.Items, my)
	}
	return out.Sorted(), conflicts
}

func byID(r Record) map[string]Item {
	items := make(map[string]Item, len(r.Items))
	for _, item := range r.Items {
		items[item.ID] = item
	}
	return items
}

// rebaseStruct goes through the fields of a struct, so that a field added later is never forgotten here.
func rebaseStruct[T any](itemID, prefix string, base, mine, theirs T) (T, []Conflict) {
	var conflicts []Conflict
	out := theirs
	outValue := reflect.ValueOf(&out).Elem()
	baseValue, mineValue, theirValue := reflect.ValueOf(base), reflect.ValueOf(mine), reflect.ValueOf(theirs)
	for i := range outValue.NumField() {
		b, m, t := baseValue.Field(i).Interface(), mineValue.Field(i).Interface(), theirValue.Field(i).Interface()
		if !changed(b, m) {
			continue
		}
		if changed(b, t) && changed(m, t) {
			name, _, _ := strings.Cut(outValue.Type().Field(i).Tag.Get("json"), ",")
			conflicts = append(conflicts, Conflict{itemID, prefix + name, m, t})
		}
		outValue.Field(i).Set(mineValue.Field(i))
	}
	return out, conflicts
}

func changed(a, b any) bool { return !reflect.DeepEqual(a, b) }
