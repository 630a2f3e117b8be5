package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"slices"
	"time"
)

// Model is what an authenticator says of itself when it makes a passkey (Web Authentication level 3, section 6.5).
type Model struct {
	AAGUID [16]byte
	Format string            // of the attestation statement: "none" or "packed"
	Chain  [][]byte          // certificates behind a packed statement, DER; none: it is signed by the passkey itself
	Key    *ecdsa.PrivateKey // of the first certificate
}

func (m *Model) aaguid() []byte {
	if m == nil {
		return make([]byte, 16)
	}
	return m.AAGUID[:]
}

// attest makes the attestation statement.
func (m *Model) attest(passkey *ecdsa.PrivateKey, data, client []byte) (format string, statement map[string]any, err error) {
	if m == nil || m.Format == "none" {
		return "none", map[string]any{}, nil
	}
	key := passkey
	statement = map[string]any{"alg": -7}
	if len(m.Chain) > 0 {
		key = m.Key
		chain := make([]any, len(m.Chain))
		for i, certificate := range m.Chain {
			chain[i] = certificate
		}
		statement["x5c"] = chain
	}
	sum := sha256.Sum256(client)
	digest := sha256.Sum256(slices.Concat(data, sum[:]))
	statement["sig"], err = ecdsa.SignASN1(rand.Reader, key, digest[:])
	return m.Format, statement, err
}

// Manufacturer makes security keys and vouches for them, and publishes the list of their models as the FIDO Alliance does.
type Manufacturer struct {
	root    *x509.Certificate
	rootDER []byte
	key     *ecdsa.PrivateKey
	entries []any
}

// NewManufacturer makes one with a certificate of its own.
func NewManufacturer() (*Manufacturer, error) {
	m := &Manufacturer{}
	var err error
	if m.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example Keys Root"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().AddDate(10, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	if m.rootDER, err = x509.CreateCertificate(rand.Reader, template, template, &m.key.PublicKey, m.key); err != nil {
		return nil, err
	}
	m.root, err = x509.ParseCertificate(m.rootDER)
	return m, err
}

// Make makes a model and puts it on the list, with a status of the FIDO Alliance: "FIDO_CERTIFIED", "REVOKED", ...
func (m *Manufacturer) Make(status string) (*Model, error) {
	model := &Model{Format: "packed"}
	rand.Read(model.AAGUID[:])
	var err error
	if model.Key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0), BasicConstraintsValid: true,
		Subject: pkix.Name{Country: []string{"SE"}, Organization: []string{"Example Keys"}, OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "Example Key"}}
	certificate, err := x509.CreateCertificate(rand.Reader, template, m.root, &model.Key.PublicKey, m.key)
	if err != nil {
		return nil, err
	}
	model.Chain = [][]byte{certificate}
	id := hex.EncodeToString(model.AAGUID[:])
	id = id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
	m.entries = append(m.entries, map[string]any{
		"aaguid": id, "timeOfLastStatusChange": "2026-01-01", "statusReports": []any{map[string]any{"status": status, "effectiveDate": "2026-01-01"}},
		"metadataStatement": map[string]any{"aaguid": id, "description": "Example Key", "protocolFamily": "fido2", "schema": 3, "attestationTypes": []string{"basic_full"},
			"attestationRootCertificates": []string{base64.StdEncoding.EncodeToString(m.rootDER)}},
	})
	return model, nil
}

// Metadata is the list, and the certificate that signs it, as passkey.Config takes the two.
func (m *Manufacturer) Metadata() (blob []byte, root string, err error) {
	root = base64.StdEncoding.EncodeToString(m.rootDER)
	header, err := json.Marshal(map[string]any{"alg": "ES256", "typ": "JWT", "x5c": []string{root}})
	if err != nil {
		return nil, "", err
	}
	payload, err := json.Marshal(map[string]any{"legalHeader": "for tests", "no": 1, "nextUpdate": "2036-01-01", "entries": m.entries})
	if err != nil {
		return nil, "", err
	}
	signed := encode(header) + "." + encode(payload)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, m.key, digest[:])
	if err != nil {
		return nil, "", err
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return []byte(signed + "." + encode(signature)), root, nil
}
