// Package summary is the emergency record of one person: its model, what makes it valid, how two edits of it meet, which
// of its lines a stranger must read first, the compact form that fits on a card, FHIR R4 International Patient Summaries in
// and out, and the Bundle that a SMART Health Card tells in codes.
//
// The package knows nothing of cards, accounts, rules or storage. What it promises to old data:
//
//   - The front codec (front.go) decodes every front that any earlier version encoded.
//   - The JSON form of a Record only ever gains optional fields.
//   - Import loses nothing in silence: whatever it does not take over, it names.
package summary
