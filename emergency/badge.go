package emergency

import (
	"context"
	"errors"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/rules"
)

// BadgeID names a badge that was shown as a code.
type BadgeID string

// Badge is a short-lived proof that a member belongs to an organization, shown from another telephone.
type Badge struct {
	ID           BadgeID
	Organization OrganizationID
	Account      AccountID
	IssuedAt     time.Time
	ExpiresAt    time.Time
	RevokedAt    time.Time
}

// badged is what a verified badge says about whoever asks.
type badged struct {
	organization rules.Organization
	name         string    // of the organization
	bearer       string    // whom it calls its member
	member       AccountID // "" for the badge of another house
	authority    string    // the house that vouches for it, "" for this one
	until        time.Time // of one that was shown as a code, zero otherwise
}

func (b *badged) stated() Stated {
	return Stated{Badge: b.name, BadgeKind: b.organization.Kind, BadgeName: b.bearer, ForeignAuthority: b.authority}
}

const (
	// badgeLife is how long a badge that is shown as a code counts. Its page makes a new one before that.
	badgeLife = 15 * time.Minute
	// badgesByMember bounds how many badges one member makes in guessWindow: each is an entry of the log.
	badgesByMember = 30
	// openingsByBadge is what one badge can open in guessWindow: a mass casualty, and no harvest.
	openingsByBadge = 60
)

// badgeOf says what badge a caller wears: one that was shown as a code, or that of the account which is signed in. A badge that does not count is none:
// whoever shows it gets what the rules give to anyone.
func (s *Service) badgeOf(r Reader, c Caller, shown string, now time.Time) (*badged, error) {
	if shown != "" {
		return s.badgeShown(r, shown, now)
	}
	if !c.SignedIn() {
		return nil, nil
	}
	members, err := r.Memberships(c.Account)
	if err != nil {
		return nil, err
	}
	var worn *badged
	for _, member := range members {
		badge, err := s.badgeOfMember(r, member)
		if err != nil {
			return nil, err
		}
		if badge != nil && (worn == nil || member.Organization == c.Wears) {
			worn = badge
		}
	}
	return worn, nil
}

// badgeShown reads a badge that was shown as a code. One of this house counts while its member's own would; for one of another house that house vouches.
func (s *Service) badgeShown(r Reader, shown string, now time.Time) (*badged, error) {
	issuers, err := s.issuersIn(r)
	if err != nil {
		return nil, err
	}
	trusted, err := cards.TrustList{Issuers: issuers}.KeySet()
	if err != nil {
		return nil, err
	}
	badge, status, _, _ := cards.VerifyBadge(shown, trusted, now)
	if status != cards.StatusVerified || badge.Kind == KindOperator {
		return nil, nil
	}
	if badge.Issuer != s.Issuer() {
		// The issuer before the slash, which no identifier of ours has, keeps another house from naming an organization of this one.
		return &badged{organization: rules.Organization{ID: badge.Issuer + "/" + badge.Organization, Kind: badge.Kind, Country: badge.Country},
			name: badge.OrganizationName, bearer: badge.Name, authority: badge.Issuer, until: badge.ExpiresAt}, nil
	}
	row, err := r.Badge(BadgeID(badge.ID.String()))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !row.RevokedAt.IsZero() || !now.Before(row.ExpiresAt) || string(row.Organization) != badge.Organization {
		return nil, nil
	}
	member, err := r.Member(row.Organization, row.Account)
	if err != nil {
		return nil, err
	}
	worn, err := s.badgeOfMember(r, member)
	if worn != nil {
		worn.until = row.ExpiresAt
	}
	return worn, err
}

// badgeOfMember is the badge of a member, nil when it does not count.
func (s *Service) badgeOfMember(r Reader, member Member) (*badged, error) {
	if !member.SuspendedAt.IsZero() {
		return nil, nil
	}
	organization, err := r.Organization(member.Organization)
	if err != nil || !organization.SuspendedAt.IsZero() || organization.Kind == KindOperator {
		return nil, err
	}
	if organization.Hardware {
		if bound, err := s.boundToHardware(r, member.Account); err != nil || !bound {
			return nil, err
		}
	}
	name, err := s.unseal("organization", "name", string(organization.ID), organization.SealedName)
	if err != nil {
		return nil, err
	}
	bearer, err := s.unseal("member", "name", memberRow(member.Organization, member.Account), member.SealedName)
	if err != nil {
		return nil, err
	}
	return &badged{organization: rules.Organization{ID: string(organization.ID), Kind: organization.Kind, Country: organization.Country},
		name: string(name), bearer: string(bearer), member: member.Account}, nil
}

// countOpening counts an opening by a badge, in its transaction, and slows a badge down that opens more than any crew can treat. No card is locked by it.
func (s *Service) countOpening(ctx context.Context, tx Tx, badge *badged) error {
	if badge == nil {
		return nil
	}
	now := s.now()
	since := now.Truncate(guessWindow)
	bearer := string(badge.member)
	if bearer == "" {
		bearer = badge.bearer // another house's members have no other name here
	}
	n, err := tx.CountGuess(s.guessKey("badge", badge.organization.ID+"\x00"+bearer), now, since)
	if err != nil {
		return err
	}
	if n == openingsByBadge {
		s.Logger.WarnContext(ctx, "unusually many openings by one badge", "organization", badge.organization.ID, "since", since)
	}
	if n > openingsByBadge {
		return ErrTooMany.with("retry_after", int(since.Add(guessWindow).Sub(now)/time.Second)+1)
	}
	return nil
}

// BadgeView is a badge in words.
type BadgeView struct {
	Organization OrganizationID
	Name         string // of the organization
	Kind         string
	Bearer       string
	Authority    string // the house that vouches for it, "" for this one
	Until        time.Time
	Address      string // of a badge that was made now: what its code says
}

// ShowBadge makes a badge of the caller to be read from the screen by another device. The organization is one of the caller's, the first in which their badge
// counts when it is "".
func (s *Service) ShowBadge(ctx context.Context, c Caller, id OrganizationID) (BadgeView, error) {
	if err := signedIn(c); err != nil {
		return BadgeView{}, err
	}
	var view BadgeView
	c.Wears = id
	err := s.Store.Update(ctx, func(tx Tx) error {
		now := s.now()
		worn, err := s.badgeOf(tx, c, "", now)
		if err != nil {
			return err
		}
		if worn == nil || id != "" && worn.organization.ID != string(id) {
			return ErrNotFound
		}
		since := now.Truncate(guessWindow)
		n, err := tx.CountGuess(s.guessKey("badge shown", string(c.Account)), now, since)
		if err != nil {
			return err
		}
		if n > badgesByMember {
			return ErrTooMany.with("retry_after", int(since.Add(guessWindow).Sub(now)/time.Second)+1)
		}
		jti, err := cards.NewID(s.Rand)
		if err != nil {
			return err
		}
		if err := s.signs(tx); err != nil {
			return err
		}
		made := now.Truncate(time.Second)
		badge := Badge{ID: BadgeID(jti.String()), Organization: OrganizationID(worn.organization.ID), Account: c.Account, IssuedAt: made, ExpiresAt: made.Add(badgeLife)}
		text, err := s.Signer.SignBadge(cards.Badge{ID: jti, Issuer: s.Issuer(), Organization: worn.organization.ID, OrganizationName: worn.name,
			Kind: worn.organization.Kind, Country: worn.organization.Country, Name: worn.bearer, IssuedAt: badge.IssuedAt, ExpiresAt: badge.ExpiresAt})
		if err != nil {
			return err
		}
		event := s.event(c, audit.BadgeIssued, worn.organization.ID)
		event.Until = badge.ExpiresAt
		event.Details = map[string]string{"member": string(c.Account), "badge": string(badge.ID)}
		tx.Append(event)
		worn.until = badge.ExpiresAt
		view = worn.view()
		view.Address = cards.BadgeAddress(s.URL, text)
		return tx.PutBadge(badge)
	})
	return view, err
}

func (b *badged) view() BadgeView {
	return BadgeView{Organization: OrganizationID(b.organization.ID), Name: b.name, Kind: b.organization.Kind, Bearer: b.bearer, Authority: b.authority, Until: b.until}
}

// OwnBadge is the badge that the caller wears: what counts when they open a card. ErrNotFound when they wear none.
func (s *Service) OwnBadge(ctx context.Context, c Caller) (BadgeView, error) {
	return s.readBadge(ctx, c, "")
}

// CheckBadge reads a badge that was shown as a code. Whatever is wrong with one that does not count, the answer is ErrNotFound.
func (s *Service) CheckBadge(ctx context.Context, c Caller, shown string) (BadgeView, error) {
	if shown == "" {
		return BadgeView{}, ErrNotFound
	}
	return s.readBadge(ctx, c, shown)
}

func (s *Service) readBadge(ctx context.Context, c Caller, shown string) (BadgeView, error) {
	var view BadgeView
	err := s.Store.View(ctx, func(r Reader) error {
		worn, err := s.badgeOf(r, c, shown, s.now())
		if err != nil {
			return err
		}
		if worn == nil {
			return ErrNotFound
		}
		view = worn.view()
		return nil
	})
	return view, err
}
