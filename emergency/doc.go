// Package emergency is the domain of Locket: accounts and the patients they keep, records, cards, rules and the glass that
// responders break. It knows no HTTP and no SQL: web serves it, storage keeps it.
//
// Every method of Service takes a Caller first. Only Service.Open returns anything of a patient that is behind the glass to
// somebody who does not keep that patient, and never before the log entry that says so is durable.
package emergency
