package emergency_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// logFiles are the files of an export of the log.
type logFiles map[string]string

func readLogFiles(t *testing.T, archive []byte, folder string) logFiles {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	files := logFiles{}
	for _, file := range r.File {
		name, inside := strings.CutPrefix(file.Name, folder)
		if !inside {
			continue
		}
		content, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	return files
}

// lines reads a file of one JSON object a line.
func lines[T any](t *testing.T, file string) (all []T) {
	t.Helper()
	for _, line := range strings.SplitAfter(file, "\n") {
		if line == "" {
			continue
		}
		var one T
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

// fhirEvent is what the tests look at in an AuditEvent.
type fhirEvent struct {
	ID   string
	Meta struct {
		Source  string
		Profile []string
	}
	Outcome string
}

// profiles counts the AuditEvents of an export by the last word of the profile that they claim, "" for none.
func (f logFiles) profiles(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, event := range lines[fhirEvent](t, f["events.ndjson"]) {
		profile := ""
		for _, address := range event.Meta.Profile {
			profile = address[strings.LastIndex(address, "IHE.BasicAudit.")+len("IHE.BasicAudit."):]
		}
		counts[profile]++
	}
	return counts
}

// table reads the accounting of disclosures: each line by the names of its columns.
func (f logFiles) table(t *testing.T) (rows []map[string]string) {
	t.Helper()
	text, marked := strings.CutPrefix(f["disclosures.csv"], "\ufeff")
	if !marked || strings.Count(text, "\n") != strings.Count(text, "\r\n") {
		t.Error("the table has no byte order mark, or its lines do not end as RFC 4180 has it")
	}
	cells, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range cells[1:] {
		row := map[string]string{}
		for i, name := range cells[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// exportedEntry is a line of entries.ndjson.
type exportedEntry struct {
	Epoch                  int
	Index                  int64
	Leaf                   []byte
	Salt, Payload, Receipt *string
}

// verified checks every receipt against the keys of the export, and that the events and the bundle are about the same entries.
func (f logFiles) verified(t *testing.T) []exportedEntry {
	t.Helper()
	vkeys := strings.Fields(f["vkeys/1.txt"])
	keys, err := audit.NewKeyring("localhost/audit/log", vkeys...)
	if err != nil || len(vkeys) == 0 {
		t.Fatalf("the keys %q: %v", vkeys, err)
	}
	entries := lines[exportedEntry](t, f["entries.ndjson"])
	for _, entry := range entries {
		if entry.Receipt == nil {
			t.Errorf("entry %d has no receipt", entry.Index)
			continue
		}
		proof, err := audit.ParseReceipt([]byte(*entry.Receipt))
		if err != nil {
			t.Fatal(err)
		}
		leaf := proof.Entry.LeafHash()
		epoch, _, err := keys.OpenCheckpoint(proof.Proof.Checkpoint)
		if err != nil || epoch != entry.Epoch || proof.Proof.Index != entry.Index || !bytes.Equal(leaf[:], entry.Leaf) {
			t.Errorf("the receipt of entry %d is one of entry %d in epoch %d (%v)", entry.Index, proof.Proof.Index, epoch, err)
		}
		verified := false
		for _, v := range keys.Of(entry.Epoch) {
			verified = verified || audit.VerifyProof(v, proof.Entry, proof.Proof) == nil
		}
		if !verified {
			t.Errorf("the receipt of entry %d does not hold", entry.Index)
		}
		if entry.Payload == nil && proof.Raw != nil || entry.Payload != nil && string(proof.Raw) != *entry.Payload {
			t.Errorf("entry %d and its receipt say different things", entry.Index)
		}
	}
	var bundle struct {
		Type  string
		Entry []struct {
			FullURL  string
			Resource fhirEvent
		}
	}
	if err := json.Unmarshal([]byte(f["bundle.json"]), &bundle); err != nil {
		t.Fatal(err)
	}
	events := lines[fhirEvent](t, f["events.ndjson"])
	if bundle.Type != "collection" || len(bundle.Entry) != len(events) {
		t.Fatalf("a %s of %d, %d events", bundle.Type, len(bundle.Entry), len(events))
	}
	for i, event := range events {
		if bundle.Entry[i].Resource.ID != event.ID || !strings.HasPrefix(event.Meta.Source, "https://localhost/audit/log#") {
			t.Errorf("event %d is %q of %q", i, event.ID, event.Meta.Source)
		}
	}
	return entries
}

// TestTheLogLeavesWithItsProofs: a keeper takes along who looked, in every form, and each entry can be checked without the house.
func TestTheLogLeavesWithItsProofs(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	ctx, s := context.Background(), w.app.Service
	w.open(t, stranger, w.issued)
	w.open(t, w.medic.Caller(t), w.issued)
	wrong := emergencytest.OpenRequest(w.issued)
	wrong.Secret = make([]byte, 16)
	if _, err := s.Open(ctx, stranger, wrong); !errors.Is(err, emergency.ErrNoCard) {
		t.Fatal(err)
	}
	s.Wait()
	var out bytes.Buffer
	if err := s.ExportLog(ctx, w.anna.Caller(t), w.patient, &out); err != nil {
		t.Fatal(err)
	}
	files := readLogFiles(t, out.Bytes(), "")
	entries := files.verified(t)
	history, err := s.History(ctx, w.anna.Caller(t), w.patient, 0, 500)
	if err != nil || len(history.Entries) != len(entries)+1 { // that it is done came after
		t.Errorf("%d entries are exported of %d (%v)", len(entries), len(history.Entries), err)
	}
	for i, entry := range entries {
		if string(history.Entries[i].Payload) != *entry.Payload {
			t.Errorf("entry %d is exported as %s", i, *entry.Payload)
		}
	}
	if last := history.Entries[len(entries)].Event; last.Type != audit.DataExported || last.Outcome != audit.Done || last.Details["what"] != "log_file" {
		t.Errorf("the entry of the export is %+v", last)
	}
	proofs := 0
	for name := range files {
		if strings.HasPrefix(name, "proofs/1-") {
			proofs++
		}
	}
	if proofs != len(entries) || files["checkpoints/1.txt"] == "" || !strings.Contains(files["README.txt"], "locket-verify") {
		t.Errorf("%d proofs for %d entries, or no checkpoint or README", proofs, len(entries))
	}
	counts := files.profiles(t)
	// Both openings name an organization; the wrong secret asks no rules.
	if counts["PrivacyDisclosure.Source"] != 2 || counts["AuthZconsent"] != 2 || counts[""] < 6 {
		t.Errorf("the AuditEvents are %v", counts)
	}
	rows := files.table(t)
	if len(rows) != 2 {
		t.Fatalf("%d disclosures, want 2", len(rows))
	}
	for i, want := range []map[string]string{{"received_by": "Kim Example", "verified": "claimed"}, {"received_by": "Med Ic", "verified": "badge", "organization": "Ambulance 7"}} {
		for name, value := range want {
			if rows[i][name] != value {
				t.Errorf("row %d: %s is %q, want %q", i, name, rows[i][name], value)
			}
		}
		if !strings.Contains(rows[i]["disclosed"], "allergies") || rows[i]["patient"] != string(w.patient) || rows[i]["purpose"] != "unconscious" {
			t.Errorf("row %d is %v", i, rows[i])
		}
	}
	// The export of the whole account has the same folder.
	out.Reset()
	if err := s.Export(ctx, w.anna.Caller(t), &out, ""); err != nil {
		t.Fatal(err)
	}
	if whole := readLogFiles(t, out.Bytes(), "patient-1/log/"); len(whole.verified(t)) <= len(entries) || whole.profiles(t)["PatientRead"] != 1 {
		t.Errorf("the export of the account holds %v", whole.profiles(t))
	}
	if account := readLogFiles(t, out.Bytes(), "account-log/"); account.profiles(t)["PatientRead"] != 0 || len(account.verified(t)) == 0 {
		t.Error("what is about the account is read as if it were a patient's")
	}
}

func TestWhoMayTakeALogAlong(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	ctx, s := context.Background(), w.app.Service
	for name, c := range map[string]struct {
		call func(io.Writer) error
		want error
	}{
		"a stranger":               {func(to io.Writer) error { return s.ExportLog(ctx, stranger, w.patient, to) }, emergency.ErrSignIn},
		"somebody else":            {func(to io.Writer) error { return s.ExportLog(ctx, w.medic.Caller(t), w.patient, to) }, emergency.ErrNotFound},
		"an officer for a patient": {func(to io.Writer) error { return s.ExportLog(ctx, w.officer.Caller(t), w.patient, to) }, emergency.ErrNotFound},
		"a patient for the house":  {func(to io.Writer) error { return s.ExportHouse(ctx, w.anna.Caller(t), emergency.LogQuery{}, to) }, emergency.ErrSignIn},
		"an operator for nobody":   {func(to io.Writer) error { return s.ExportHouse(ctx, operator, emergency.LogQuery{Patient: "x"}, to) }, emergency.ErrNotFound},
		"a patient as an officer": {func(to io.Writer) error {
			return s.ExportDisclosures(ctx, w.anna.Caller(t), emergency.OfficerQuery{}, to)
		}, emergency.ErrNotFound},
		"a stranger as an officer": {func(to io.Writer) error { return s.ExportDisclosures(ctx, stranger, emergency.OfficerQuery{}, to) }, emergency.ErrSignIn},
		"an officer, about nobody": {func(to io.Writer) error {
			return s.ExportDisclosures(ctx, w.officer.Caller(t), emergency.OfficerQuery{Patient: "x"}, to)
		}, emergency.ErrNotFound},
		"without a log, a keeper": {func(to io.Writer) error {
			return muted(s, func() error { return s.ExportLog(ctx, w.anna.Caller(t), w.patient, to) })
		}, emergency.ErrLogUnavailable},
		"without a log, an officer": {func(to io.Writer) error {
			return muted(s, func() error { return s.ExportDisclosures(ctx, w.officer.Caller(t), emergency.OfficerQuery{}, to) })
		}, emergency.ErrLogUnavailable},
		"without a log, the operator": {func(to io.Writer) error {
			return muted(s, func() error { return s.ExportHouse(ctx, operator, emergency.LogQuery{}, to) })
		}, emergency.ErrLogUnavailable},
	} {
		var out bytes.Buffer
		if err := c.call(&out); !errors.Is(err, c.want) || out.Len() > 0 {
			t.Errorf("%s: %v and %d bytes, want %v and none", name, err, out.Len(), c.want)
		}
	}
	w.app.Clock.Add(emergency.FreshFor + time.Second)
	if err := s.ExportLog(ctx, w.anna.Caller(t), w.patient, io.Discard); !errors.Is(err, emergency.ErrFreshPasskey) {
		t.Errorf("without a fresh passkey: %v", err)
	}
	if err := s.ExportDisclosures(ctx, w.officer.Caller(t), emergency.OfficerQuery{}, io.Discard); !errors.Is(err, emergency.ErrFreshPasskey) {
		t.Errorf("an officer without a fresh passkey: %v", err)
	}
}

// muted runs a call in a house that cannot write.
func muted(s *emergency.Service, call func() error) error {
	store := s.Store
	s.Store = mute{store}
	defer func() { s.Store = store }()
	return call()
}

// TestAnExportThatBrokeOffIsSaidToHaveFailed: what left may have left in part, and the log says so.
func TestAnExportThatBrokeOffIsSaidToHaveFailed(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	if err := w.app.Service.ExportLog(context.Background(), w.anna.Caller(t), w.patient, &brokenPipe{room: 3000}); !errors.Is(err, errGone) {
		t.Errorf("the export: %v", err)
	}
	if last := w.lastEntry(t); last.Type != audit.DataExported || last.Outcome != audit.Failed || last.Details["intent"] == "" || last.Details["intent_epoch"] != "1" {
		t.Errorf("the log says %+v", last)
	}
}

// TestAnOfficerTakesOpeningsAlong: the entries about what was found and nothing else, every patient learns of it, and who a contact is stays with the house.
func TestAnOfficerTakesOpeningsAlong(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	ctx, s := context.Background(), w.app.Service
	other := w.anna.Patient(t, "traveller-ja")
	elsewhere := w.anna.Issue(t, other)
	opened := w.open(t, w.medic.Caller(t), w.issued)
	w.app.Clock.Add(time.Hour)
	w.open(t, stranger, elsewhere)
	w.open(t, stranger, w.issued)
	if err := w.anna.SignIn(t); err != nil {
		t.Fatal(err)
	}
	if err := s.EndGrant(ctx, w.anna.Caller(t), w.patient, opened.GrantID); err != nil {
		t.Fatal(err)
	}
	if err := w.officer.SignIn(t); err != nil {
		t.Fatal(err)
	}
	take := func(query emergency.OfficerQuery) logFiles {
		t.Helper()
		var out bytes.Buffer
		if err := s.ExportDisclosures(ctx, w.officer.Caller(t), query, &out); err != nil {
			t.Fatal(err)
		}
		return readLogFiles(t, out.Bytes(), "")
	}
	files := take(emergency.OfficerQuery{Organization: w.organization, Reason: "unconscious"})
	if entries := files.verified(t); len(entries) != 2 || len(files.table(t)) != 1 {
		t.Errorf("%d entries and %d disclosures by the ambulance, want an opening, its end, and one", len(entries), len(files.table(t)))
	}
	if last := w.lastEntry(t); last.Type != audit.OfficerExported || last.Outcome != audit.Done {
		t.Errorf("the patient reads %+v of the export", last)
	}
	if files := take(emergency.OfficerQuery{Organization: w.organization, Reason: "evacuation"}); len(files.verified(t)) != 0 || len(files.table(t)) != 0 {
		t.Error("a reason that nobody stated finds something")
	}
	if files := take(emergency.OfficerQuery{}); len(files.table(t)) != 3 {
		t.Errorf("%d disclosures in all, want 3", len(files.table(t)))
	}
	near := named(t, w.app, w.anna, w.patient, emergency.NewContact{Name: "Benedetta Near"})
	asks := emergency.ContactOpenRequest{EventProof: near.proof, Step: "critical", Reason: "unconscious"}
	_, err := s.OpenAsContact(ctx, stranger, asks)
	var refusal *emergency.Refusal
	if errors.As(err, &refusal) && refusal.Waits {
		w.app.Clock.Add(refusal.WaitUntil.Sub(w.app.Clock.Now()))
		_, err = s.OpenAsContact(ctx, stranger, asks)
	}
	if err := errors.Join(err, w.officer.SignIn(t), w.anna.SignIn(t)); err != nil {
		t.Fatal(err)
	}
	files = take(emergency.OfficerQuery{Patient: w.patient, Since: w.app.Clock.Now()})
	if entries := files.verified(t); len(entries) != 1 || entries[0].Payload != nil || files.table(t)[0]["received_by"] != "contact of the patient" {
		t.Errorf("the opening by the contact is %+v", entries)
	}
	for name, content := range files {
		if strings.Contains(content, "Benedetta") {
			t.Errorf("%s says who is near to the patient", name)
		}
	}
	view, err := s.History(ctx, w.anna.Caller(t), other, 0, 500)
	if err != nil || view.Entries[len(view.Entries)-1].Event.Type != audit.OfficerExported {
		t.Errorf("the other patient is not told (%v)", err)
	}
}

// TestTheHouseTakesItsLogAlong: all of it, or a patient's, or a time's.
func TestTheHouseTakesItsLogAlong(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	ctx, s := context.Background(), w.app.Service
	w.open(t, stranger, w.issued)
	w.app.Clock.Add(time.Hour)
	since := w.app.Clock.Now()
	w.open(t, stranger, w.issued)
	take := func(query emergency.LogQuery) logFiles {
		t.Helper()
		var out bytes.Buffer
		if err := s.ExportHouse(ctx, operator, query, &out); err != nil {
			t.Fatal(err)
		}
		return readLogFiles(t, out.Bytes(), "")
	}
	files := take(emergency.LogQuery{})
	state, err := w.app.Store.LogState(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if entries := files.verified(t); int64(len(entries)) != state.Size-1 || len(files.table(t)) != 2 { // that it is done came after
		t.Errorf("%d entries of %d are exported", len(entries), state.Size)
	}
	for name := range files {
		if strings.HasPrefix(name, "proofs/") {
			t.Fatal("a whole log has a file for each proof: nothing could hold their names")
		}
	}
	if entries := take(emergency.LogQuery{Since: since}).verified(t); len(entries) > 5 || len(entries) < 2 {
		t.Errorf("%d entries since the second opening", len(entries))
	}
	if rows := take(emergency.LogQuery{Patient: w.patient, Until: since}).table(t); len(rows) != 1 {
		t.Errorf("%d disclosures before the second opening, want 1", len(rows))
	}
	if last := w.lastEntry(t); last.Type != audit.DataExported || last.Actor.Kind != audit.ByOperator {
		t.Errorf("the patient reads %+v", last)
	}
}

// TestWhatIsLeftOfAnErasedEntryLeavesToo: its place, its proof, and that there was a disclosure.
func TestWhatIsLeftOfAnErasedEntryLeavesToo(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	ctx, s := context.Background(), w.app.Service
	opened := w.open(t, stranger, w.issued)
	w.app.Clock.Add(24 * time.Hour)
	if done, err := s.EraseEntries(ctx, operator, emergency.Erasure{Subject: string(w.patient), Grant: opened.GrantID, Ground: audit.OnRequest}); err != nil || done.Erased == 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	if err := w.anna.SignIn(t); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := s.ExportLog(ctx, w.anna.Caller(t), w.patient, &out); err != nil {
		t.Fatal(err)
	}
	files := readLogFiles(t, out.Bytes(), "")
	erased := 0
	for _, entry := range files.verified(t) {
		if entry.Payload == nil {
			erased++
		}
	}
	if erased == 0 || strings.Count(files["events.ndjson"], "The content of this entry was erased on 2026-11-23") != erased {
		t.Errorf("%d entries without content, %d that say so", erased, strings.Count(files["events.ndjson"], "was erased on"))
	}
	if rows := files.table(t); len(rows) != 1 || rows[0]["received_by"] != "erased" || rows[0]["disclosed"] != "" {
		t.Errorf("the table is %v", rows)
	}
	for name, content := range files {
		if strings.Contains(content, "Kim Example") {
			t.Errorf("%s still says who it was", name)
		}
	}
}

// TestADemonstrationIsMarkedAsOne: nobody takes its events for real ones.
func TestADemonstrationIsMarkedAsOne(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	for _, demo := range []bool{false, true} {
		if demo {
			w.app.Service.Welcome(w.patient)
		}
		var out bytes.Buffer
		if err := w.app.Service.ExportHouse(context.Background(), operator, emergency.LogQuery{}, &out); err != nil {
			t.Fatal(err)
		}
		files := readLogFiles(t, out.Bytes(), "")
		if marked, all := strings.Count(files["events.ndjson"], `"code":"HTEST"`), strings.Count(files["events.ndjson"], "\n"); marked != 0 != demo || demo && marked != all {
			t.Errorf("demonstration %t: %d of %d events are marked as a test", demo, marked, all)
		}
	}
}
