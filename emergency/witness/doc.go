// Package witness shows the published log to witnesses: servers of other people who sign that they have seen it, and that it only ever grew
// (c2sp.org/tlog-witness). Whoever wants to change what was published would have to change what they remember.
//
// A witness is asked on its own time. Nothing waits for one: an opening never, the publication of the log neither. A witness that is down is a warning
// and an age that grows. A witness that contradicts the log is an alarm: nothing more is signed until an operator has looked.
package witness
