package web

import (
	"net/http"

	"github.com/locket-health/locket/emergency"
)

// home lists the patients of the household. What nobody has looked at yet is said in the heading; there is no way to switch that off.
func (s *Server) home(x *exchange) error {
	patients, err := s.Service.Patients(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	unseen := 0
	for _, patient := range patients {
		unseen += patient.Unseen
	}
	p := x.newPage("console.home.title")
	if unseen > 0 {
		p.Title = x.T("console.events", "count", unseen)
	}
	if p.Crew, err = s.Service.Memberships(x.r.Context(), x.caller); err != nil {
		return err
	}
	p.D = patients
	return x.show("home", p)
}

func (s *Server) newPatient(x *exchange) error { return x.newPatientPage("", nil) }

func (x *exchange) newPatientPage(name string, faults []fault) error {
	p := x.newPage("console.new.title")
	p.Back, p.Faults = "/home", faults
	asked := field{ID: "name", Kind: "text", Label: x.T("console.new.name"), Hint: x.T("console.new.name.hint"), Value: name}
	status := http.StatusOK
	if len(faults) > 0 {
		asked.Fault, status = faults[0].Text, http.StatusBadRequest
	}
	p.D = asked
	return x.render(status, "patient_new", p)
}

func (s *Server) createPatient(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	name := x.value("name")
	id, err := s.Service.CreatePatient(x.r.Context(), x.caller, name)
	if _, wrong := x.faultOf(err); wrong {
		return x.newPatientPage(name, []fault{{"name", x.T("console.new.name.fault")}})
	}
	if err != nil {
		return err
	}
	return x.redirect("/patients/" + string(id))
}

// patientPage begins a page about the patient of the path, whom the caller keeps.
func (x *exchange) patientPage(here, title string, args ...any) (page, emergency.PatientID, error) {
	id, err := x.patient()
	if err != nil {
		return page{}, "", err
	}
	view, err := x.Service.Patient(x.r.Context(), x.caller, id)
	if err != nil {
		return page{}, "", err
	}
	p := x.newPage(title, args...)
	p.Nav = &patientNav{ID: string(id), Name: view.Name, Here: here, Unseen: view.Unseen}
	p.Back = "/patients/" + string(id)
	return p, id, nil
}

// todo is one step on the way to a card.
type todo struct {
	Done             bool
	Title, Text, URL string
}

// patientData is the data of a patient's own page.
type patientData struct {
	emergency.PatientView
	Todo    []todo
	Next    int // index of the first step that is not done, -1 when all are
	Waits   []wait
	Rules   string // what the rules in force are called
	Pending *pending
	Keepers emergency.KeepersView
	Due     string // said when a child is old enough to keep the record
	Own     bool   // the reader is the patient
}

// overview says what there is about a patient and what to do next.
func (s *Server) overview(x *exchange) error {
	p, id, err := x.patientPage("overview", "console.patient.title")
	if err != nil {
		return err
	}
	view, err := s.Service.Patient(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	account, err := s.Service.Account(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	rules, err := s.Service.Rules(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	names, err := s.cardNames(x, id)
	if err != nil {
		return err
	}
	waits, err := x.waits(id, names)
	if err != nil {
		return err
	}
	base := "/patients/" + string(id)
	steps := []todo{
		{view.RecordVersion > 0, "console.todo.record", "console.todo.record.text", base + "/record"},
		{account.ReadyToIssue, "console.todo.recovery", "console.todo.recovery.text", "/account"},
		{rules.Approved, "console.todo.rules", "console.todo.rules.text", base + "/rules"},
		{view.ActiveCards > 0, "console.todo.card", "console.todo.card.text", base + "/cards"},
	}
	data := patientData{PatientView: view, Next: -1, Waits: waits, Rules: x.called(labelled(rules.Policy).Preset), Pending: x.pending(id, rules, people{}).brief()}
	if data.Keepers, err = s.Service.Keepers(x.r.Context(), x.caller, id); err != nil {
		return err
	}
	if data.Keepers.HandoverDue {
		data.Due = x.T("keepers.due", "name", view.Name)
	}
	data.Own = data.Keepers.Role == emergency.KeeperSelf
	for i, step := range steps {
		if !step.Done && data.Next < 0 {
			data.Next = i
		}
		step.Title, step.Text = x.T(step.Title), x.T(step.Text)
		data.Todo = append(data.Todo, step)
	}
	p.Title, p.Back, p.D = view.Name, "/home", data
	return x.show("patient", p)
}

func (s *Server) deletePatient(x *exchange) error {
	p, id, err := x.patientPage("", "console.delete_patient.title")
	if err != nil {
		return err
	}
	p.Scripts = []string{"js/console/approve.js"}
	p.D = deleteData{Kind: emergency.ActionDeletePatient, Target: string(id), Lead: x.T("console.delete_patient.lead", "name", p.Nav.Name),
		Button: x.T("console.delete_patient.button"), Export: true,
		Losses: []string{x.T("console.delete.record"), x.T("console.delete.cards"), x.T("console.delete.log")}}
	return x.show("approve_delete", p)
}
