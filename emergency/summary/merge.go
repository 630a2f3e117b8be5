package summary

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
)

// Merge adds what other says to a record and takes nothing away. Of the identity it fills in what is missing. An item that stands in the record
// already, in the same words, is not written twice: it takes over the codes that it lacked and the later confirmation. An item whose id is taken by
// another one gets an id of its own, made from its content, so that merging the same document twice changes nothing the second time.
func Merge(record, other Record) Record {
	record.Identity = mergeIdentity(record.Identity, other.Identity)
	if record.Lang == "" {
		record.Lang = other.Lang
	}
	record.Items = slices.Clone(record.Items)
	at := make(map[string]int, len(record.Items))
	taken := make(map[string]bool, len(record.Items))
	for i, item := range record.Items {
		at[content(item)], taken[item.ID] = i, true
	}
	for _, item := range other.Items {
		key := content(item)
		if i, found := at[key]; found {
			record.Items[i] = confirmedBy(record.Items[i], item)
			continue
		}
		if item.ID == "" || taken[item.ID] {
			sum := sha256.Sum256([]byte(item.ID + "\x00" + key))
			item.ID = base64.RawURLEncoding.EncodeToString(sum[:16])
		}
		at[key], taken[item.ID] = len(record.Items), true
		record.Items = append(record.Items, item)
	}
	return record.Sorted()
}

// content is what an item says, whoever said it, whenever it was confirmed, how much of it is at hand, and whatever the holder decided about it.
func content(item Item) string {
	item.ID, item.Source, item.Confirmed, item.Codings, item.Front, item.Hidden = "", Source{}, "", nil, "", false
	item.SupplyUntil, item.Collect, item.OutOfArea = "", "", false
	item.Reactions = slices.Clone(item.Reactions)
	for i := range item.Reactions {
		item.Reactions[i].Codings = nil
	}
	text, err := json.Marshal(item)
	if err != nil {
		return item.ID
	}
	return string(text)
}

// confirmedBy adds to an item what the same one says elsewhere. Where both say who may collect the child, the record's own word stands.
func confirmedBy(item, again Item) Item {
	if again.SupplyUntil != "" && (item.SupplyUntil == "" || again.Confirmed > item.Confirmed) {
		item.SupplyUntil = again.SupplyUntil
	}
	if again.Confirmed > item.Confirmed {
		item.Confirmed, item.Source = again.Confirmed, again.Source
	}
	if item.Collect == "" {
		item.Collect = again.Collect
	}
	item.OutOfArea = item.OutOfArea || again.OutOfArea
	for _, coding := range again.Codings {
		if !slices.Contains(item.Codings, coding) && len(item.Codings) < maxCodings {
			item.Codings = append(slices.Clip(item.Codings), coding)
		}
	}
	return item
}

func mergeIdentity(identity, other Identity) Identity {
	if identity.Name.String() == "" {
		identity.Name = other.Name
	}
	for _, field := range []struct{ mine, theirs *string }{
		{(*string)(&identity.Birth), (*string)(&other.Birth)}, {&identity.Gender, &other.Gender}, {&identity.Country, &other.Country},
		{&identity.AnswersTo, &other.AnswersTo},
	} {
		if *field.mine == "" {
			*field.mine = *field.theirs
		}
	}
	for _, language := range other.Languages {
		if !slices.Contains(identity.Languages, language) {
			identity.Languages = append(slices.Clip(identity.Languages), language)
		}
	}
	for _, identifier := range other.Identifiers {
		if !slices.Contains(identity.Identifiers, identifier) {
			identity.Identifiers = append(slices.Clip(identity.Identifiers), identifier)
		}
	}
	return identity
}
