package storage

import (
	"time"

	"github.com/locket-health/locket/emergency"
)

const (
	organizationColumns = `id, sealed_name, sealed_mail, kind, country, hardware, created_at, suspended_at`
	memberColumns       = `organization, account, role, sealed_name, created_at, suspended_at`
	badgeColumns        = `id, organization, account, issued_at, expires_at, revoked_at`
)

var (
	organizationPut = portable(`INSERT INTO organization (` + organizationColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET sealed_name = excluded.sealed_name, sealed_mail = excluded.sealed_mail, kind = excluded.kind, country = excluded.country,
			hardware = excluded.hardware, suspended_at = excluded.suspended_at`)
	organizationByID = portable(`SELECT ` + organizationColumns + ` FROM organization WHERE id = $1`)
	organizationsAll = portable(`SELECT ` + organizationColumns + ` FROM organization ORDER BY created_at, id`)

	memberPut = portable(`INSERT INTO member (` + memberColumns + `) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (organization, account) DO UPDATE SET role = excluded.role, sealed_name = excluded.sealed_name,
			suspended_at = excluded.suspended_at`)
	memberOne       = portable(`SELECT ` + memberColumns + ` FROM member WHERE organization = $1 AND account = $2`)
	membersOfOne    = portable(`SELECT ` + memberColumns + ` FROM member WHERE organization = $1 ORDER BY created_at, account`)
	membersOfPerson = portable(`SELECT ` + memberColumns + ` FROM member WHERE account = $1 ORDER BY created_at, organization`)

	badgePut = portable(`INSERT INTO badge (` + badgeColumns + `) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO UPDATE SET revoked_at = excluded.revoked_at
		WHERE badge.organization = excluded.organization AND badge.account = excluded.account`)
	badgeByID         = portable(`SELECT ` + badgeColumns + ` FROM badge WHERE id = $1`)
	badgesRevoke      = portable(`UPDATE badge SET revoked_at = $1 WHERE organization = $2 AND revoked_at = 0`)
	badgesRevokeOfOne = portable(`UPDATE badge SET revoked_at = $1 WHERE organization = $2 AND account = $3 AND revoked_at = 0`)
	badgesSwept       = portable(`DELETE FROM badge WHERE expires_at < $1`)
	grantsEndHouse    = portable(`UPDATE access_grant SET ended_at = $1
		WHERE organization = $2 AND organization <> '' AND until_at > $3 AND ended_at = 0`)
	grantsEndMember = portable(`UPDATE access_grant SET ended_at = $1
		WHERE organization = $2 AND organization <> '' AND until_at > $3 AND ended_at = 0 AND member = $4`)
)

func organizationTargets(o *emergency.Organization) []any {
	return []any{&o.ID, &o.SealedName, &o.SealedMail, &o.Kind, &o.Country, &o.Hardware, when{&o.CreatedAt}, when{&o.SuspendedAt}}
}

func memberTargets(m *emergency.Member) []any {
	return []any{&m.Organization, &m.Account, &m.Role, &m.SealedName, when{&m.CreatedAt}, when{&m.SuspendedAt}}
}

func badgeTargets(b *emergency.Badge) []any {
	return []any{&b.ID, &b.Organization, &b.Account, when{&b.IssuedAt}, when{&b.ExpiresAt}, when{&b.RevokedAt}}
}

// PutOrganization implements emergency.Tx.
func (t *tx) PutOrganization(o emergency.Organization) error {
	_, err := t.t.exec(organizationPut, o.ID, o.SealedName, o.SealedMail, o.Kind, o.Country, flag(o.Hardware), millis(o.CreatedAt), millis(o.SuspendedAt))
	return err
}

// PutMember implements emergency.Tx.
func (t *tx) PutMember(m emergency.Member) error {
	_, err := t.t.exec(memberPut, m.Organization, m.Account, m.Role, m.SealedName, millis(m.CreatedAt), millis(m.SuspendedAt))
	return err
}

// PutBadge implements emergency.Tx. The id of somebody else's badge is ErrInvalid.
func (t *tx) PutBadge(b emergency.Badge) error {
	return t.t.write(emergency.ErrInvalid, badgePut, b.ID, b.Organization, b.Account, millis(b.IssuedAt), millis(b.ExpiresAt), millis(b.RevokedAt))
}

// RevokeBadges implements emergency.Tx.
func (t *tx) RevokeBadges(organization emergency.OrganizationID, account emergency.AccountID, at time.Time) error {
	if account == "" {
		_, err := t.t.exec(badgesRevoke, millis(at), organization)
		return err
	}
	_, err := t.t.exec(badgesRevokeOfOne, millis(at), organization, account)
	return err
}

// EndMemberGrants implements emergency.Tx.
func (t *tx) EndMemberGrants(organization emergency.OrganizationID, account emergency.AccountID, at time.Time) error {
	if account == "" {
		_, err := t.t.exec(grantsEndHouse, millis(at), organization, millis(at))
		return err
	}
	_, err := t.t.exec(grantsEndMember, millis(at), organization, millis(at), account)
	return err
}

// Organization implements emergency.Reader.
func (r reader) Organization(id emergency.OrganizationID) (emergency.Organization, error) {
	var o emergency.Organization
	err := r.t.one(organizationByID, []any{id}, organizationTargets(&o)...)
	return o, err
}

// Organizations implements emergency.Reader.
func (r reader) Organizations() ([]emergency.Organization, error) {
	return all(r, organizationsAll, organizationTargets)
}

// Member implements emergency.Reader.
func (r reader) Member(organization emergency.OrganizationID, account emergency.AccountID) (emergency.Member, error) {
	var m emergency.Member
	err := r.t.one(memberOne, []any{organization, account}, memberTargets(&m)...)
	return m, err
}

// Members implements emergency.Reader.
func (r reader) Members(organization emergency.OrganizationID) ([]emergency.Member, error) {
	return all(r, membersOfOne, memberTargets, organization)
}

// Memberships implements emergency.Reader.
func (r reader) Memberships(account emergency.AccountID) ([]emergency.Member, error) {
	return all(r, membersOfPerson, memberTargets, account)
}

// Badge implements emergency.Reader.
func (r reader) Badge(id emergency.BadgeID) (emergency.Badge, error) {
	var b emergency.Badge
	err := r.t.one(badgeByID, []any{id}, badgeTargets(&b)...)
	return b, err
}
