package web

import (
	"strconv"

	"github.com/locket-health/locket/emergency"
)

// proofPath is where the proof of an entry is a file, "" while no checkpoint covers it.
func proofPath(id emergency.PatientID, e emergency.HistoryEntry) string {
	if e.Proof == nil {
		return ""
	}
	return "/patients/" + string(id) + "/log/" + strconv.FormatUint(e.Seq, 10) + ".tlog-proof"
}

// entryProof gives a keeper the proof of an entry as a file.
func (s *Server) entryProof(x *exchange) error {
	id, err := x.patient()
	if err != nil {
		return err
	}
	seq, err := strconv.ParseUint(x.variable("seq"), 10, 53)
	if err != nil {
		return notFound
	}
	return x.proof(s.Service.Proof(x.r.Context(), x.caller, id, seq))
}

// openingProof gives a responder the proof of their own opening, while it lasts. The token of the grant travels in the body, as it does everywhere.
func (s *Server) openingProof(x *exchange) error {
	var request struct {
		Grant string `json:"grant"`
	}
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	return x.proof(s.Service.OpeningProof(x.r.Context(), x.caller, request.Grant))
}

// proof answers a proof as a file.
func (x *exchange) proof(file emergency.ProofFile, err error) error {
	if err != nil {
		return err
	}
	x.attach("application/octet-stream", file.Name)
	return x.write(file.Body)
}
