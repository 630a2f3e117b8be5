package web

// receiptsRequest carries what a device could not report while it had no network.
type receiptsRequest struct {
	Receipts []string `json:"receipts"`
}

// reportReadings takes the receipts of fronts that were read offline. What it answers tells nothing about any card.
func (s *Server) reportReadings(x *exchange) error {
	var request receiptsRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	results, err := s.Service.ReportReadings(x.r.Context(), x.caller, request.Receipts)
	if err != nil {
		return err
	}
	return x.json(map[string][]string{"results": results})
}
