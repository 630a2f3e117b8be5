// Package audit is the log that nobody can quietly change.
//
// An [Event] says what happened. [Append] gives events their place in the log inside a transaction of the caller's, so that a
// decision and the entry that records it become durable together or not at all. What the public sees of an entry is a salted
// [Commitment] of 48 bytes: the tree is public and the people in it are not. A [Log] signs checkpoints of the tree, serves it as
// tiles and proves single entries; [VerifyStore] and [VerifyRemote] check a whole log without trusting the server that holds it.
//
// The formats are those of other transparency logs, and foreign verifiers read them:
//
//   - tree: RFC 6962 section 2.1, by golang.org/x/mod/sumdb/tlog;
//   - checkpoint: c2sp.org/tlog-checkpoint, a signed note (c2sp.org/signed-note) with an Ed25519 signature;
//   - tiles and entry bundles: c2sp.org/tlog-tiles;
//   - proof of one entry: c2sp.org/tlog-proof@v1.
//
// # Compatibility
//
// An entry that was ever logged stays provable: the commitment ("locket-audit/v1"), the leaf and the tree never change. A payload is
// kept as the bytes that were committed to and is never written again from its parsed form, so a later version of the payload
// (the number "v") can add fields without touching old entries.
//
// The package knows neither HTTP nor SQL. What it needs of a store is declared in [Tx], [Reader] and [Store]; the package
// audittest holds the conformance suite that every store passes.
package audit
