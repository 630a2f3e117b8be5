package web

import "io"

// logExport asks a keeper whether the log of a patient shall leave, and says what is in the file.
func (s *Server) logExport(x *exchange) error {
	p, _, err := x.patientPage("log", "logexport.title")
	if err != nil {
		return err
	}
	p.Back += "/log"
	p.Scripts = []string{"js/console/approve.js"}
	p.D = struct {
		Action string
		Fresh  int
	}{p.Back + "/export", x.freshSeconds()}
	return x.show("log_export", p)
}

// exportLog gives a keeper the log of a patient as a file.
func (s *Server) exportLog(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	return x.stream("locket-log.zip", func(w io.Writer) error { return s.Service.ExportLog(x.r.Context(), x.caller, id, w) })
}
