package storage

import "github.com/locket-health/locket/emergency"

const issuerColumns = `thumbprint, issuer, name, url, point, added_at, not_after, compromised_since`

var (
	// The earlier end stays, of times of which 0 is never: nothing brings back a key that was retired or withdrawn.
	issuerPut = portable(`INSERT INTO issuer_key (` + issuerColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (thumbprint) DO UPDATE SET name = excluded.name, url = excluded.url,
			not_after = CASE WHEN excluded.not_after = 0 OR (issuer_key.not_after <> 0 AND issuer_key.not_after < excluded.not_after)
				THEN issuer_key.not_after ELSE excluded.not_after END,
			compromised_since = CASE WHEN excluded.compromised_since = 0
					OR (issuer_key.compromised_since <> 0 AND issuer_key.compromised_since < excluded.compromised_since)
				THEN issuer_key.compromised_since ELSE excluded.compromised_since END
		WHERE issuer_key.issuer = excluded.issuer`)
	issuerDelete = portable(`DELETE FROM issuer_key WHERE issuer = $1`)
	issuersAll   = portable(`SELECT ` + issuerColumns + ` FROM issuer_key ORDER BY issuer, added_at, thumbprint`)
)

// PutIssuerKey implements emergency.Tx.
func (t *tx) PutIssuerKey(k emergency.IssuerKey) error {
	return t.t.write(emergency.ErrConflict, issuerPut, k.Thumbprint[:], k.Issuer, k.Name, k.URL, k.Point, millis(k.AddedAt), millis(k.NotAfter),
		millis(k.CompromisedSince))
}

// DeleteIssuerKeys implements emergency.Tx.
func (t *tx) DeleteIssuerKeys(issuer string) error {
	_, err := t.t.exec(issuerDelete, issuer)
	return err
}

// IssuerKeys implements emergency.Reader.
func (r reader) IssuerKeys() ([]emergency.IssuerKey, error) {
	return all(r, issuersAll, func(k *emergency.IssuerKey) []any {
		return []any{fixed(k.Thumbprint[:]), &k.Issuer, &k.Name, &k.URL, &k.Point, when{&k.AddedAt}, when{&k.NotAfter}, when{&k.CompromisedSince}}
	})
}
