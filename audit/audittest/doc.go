// Package audittest tests stores of the audit log. [TestStore] is the conformance suite that every store passes; [Memory] is a
// store in memory that can be made to fail and be tampered with; [Sealer] and [Event] are fixtures about fictional people.
package audittest
