package storage

import "github.com/locket-health/locket/emergency"

const rulesColumns = `patient, version, sealed, sealed_approval, approved_at`

var (
	rulesInsert = portable(`INSERT INTO rules (` + rulesColumns + `) VALUES ($1, $2, $3, $4, $5)`)
	rulesNumber = portable(`SELECT COALESCE(max(version), 0) FROM rules WHERE patient = $1`)
	rulesLatest = portable(`SELECT ` + rulesColumns + ` FROM rules WHERE patient = $1 ORDER BY version DESC LIMIT 1`)
	rulesAll    = portable(`SELECT ` + rulesColumns + ` FROM rules WHERE patient = $1 ORDER BY version`)
	rulesDelete = portable(`DELETE FROM rules WHERE patient = $1`)
)

func rulesTargets(r *emergency.Rules) []any {
	return []any{&r.Patient, &r.Version, &r.Sealed, &r.SealedApproval, when{&r.ApprovedAt}}
}

// PutRules implements emergency.Tx. Two that write the same version at once are kept apart by the primary key.
func (t *tx) PutRules(r emergency.Rules) error {
	var latest int
	if err := t.t.one(rulesNumber, []any{r.Patient}, &latest); err != nil {
		return err
	}
	if r.Version != latest+1 {
		return emergency.ErrConflict
	}
	_, err := t.t.exec(rulesInsert, r.Patient, r.Version, r.Sealed, r.SealedApproval, millis(r.ApprovedAt))
	return err
}

// Rules implements emergency.Reader.
func (r reader) Rules(patient emergency.PatientID) (emergency.Rules, error) {
	var rules emergency.Rules
	err := r.t.one(rulesLatest, []any{patient}, rulesTargets(&rules)...)
	return rules, err
}

// RulesHistory implements emergency.Reader.
func (r reader) RulesHistory(patient emergency.PatientID) ([]emergency.Rules, error) {
	return all(r, rulesAll, rulesTargets, patient)
}
