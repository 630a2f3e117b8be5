// Package notify takes the letters out of the outbox of the domain and sends them: by mail, and by a webhook to a gateway for telephones.
//
// A letter is sent at least once. Its id is the same in each attempt, in the Message-ID of a mail and in the body for a gateway, so that whoever gets
// it twice can tell. Nothing of a record is in any message, no name in full, and nothing that a responder has typed.
package notify
