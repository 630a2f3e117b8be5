package emergency

import "time"

// Caller says on whose behalf a method runs. It is the first argument of every method of Service, so that no method can
// forget to ask. The zero Caller is a stranger.
type Caller struct {
	Account  AccountID      // the account that signed in, "" for a stranger
	Session  Token          // hash of the session token, zero for a stranger
	Verified time.Time      // when this session last saw a passkey with user verification
	Limited  bool           // signed in by a recovery code: may only add a passkey
	Operator bool           // the command line on the data directory itself
	Wears    OrganizationID // whose badge counts, of somebody who belongs to several; "" for the first
	Network  string         // truncated address ("203.0.113.0/24", "2001:db8::/64"): never a whole one
	Lang     string         // BCP 47 tag of the caller's pages
}

// SignedIn reports whether the caller is an account with all its powers.
func (c Caller) SignedIn() bool { return c.Account != "" && !c.Limited }

// FreshFor is how long a verified passkey counts as fresh for acts that a stolen, unlocked browser must not be able to do.
const FreshFor = 5 * time.Minute

// fresh reports whether a passkey was verified in this session within FreshFor of now. A clock set back makes it stale.
func (c Caller) fresh(now time.Time) bool {
	age := now.Sub(c.Verified)
	return c.SignedIn() && age >= 0 && age <= FreshFor
}
