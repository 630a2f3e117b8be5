package web

import (
	"io"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/locket-health/locket/emergency"
)

// accountData is the data of the account page.
type accountData struct {
	emergency.AccountView
	Fresh  int  // seconds for which no passkey has to be touched
	Lone   bool // the only passkey cannot be removed
	Recent []entry
}

func (s *Server) account(x *exchange) error {
	if x.caller.Limited {
		return x.redirect("/account/passkeys/new")
	}
	view, err := s.Service.Account(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	recent, err := x.recent()
	if err != nil {
		return err
	}
	p := x.newPage("console.account.title")
	p.Back, p.Scripts = "/home", []string{"js/console/approve.js"}
	p.D = accountData{view, x.freshSeconds(), len(view.Passkeys) < 2, recent}
	return x.show("account", p)
}

// recentEntries is how many entries about the account its page shows.
const recentEntries = 10

// recent are the newest entries about the account itself: sign-ins, passkeys, exports.
func (x *exchange) recent() ([]entry, error) {
	newest, err := x.Service.AccountHistory(x.r.Context(), x.caller, 0, 1)
	if err != nil {
		return nil, err
	}
	view, err := x.Service.AccountHistory(x.r.Context(), x.caller, newest.Last-min(newest.Last, recentEntries), recentEntries)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, e := range slices.Backward(view.Entries) {
		entries = append(entries, x.entry(e, nil))
	}
	return entries, nil
}

// newPasskeyData is the data of the page on which a passkey is added.
type newPasskeyData struct {
	Label   field
	Fresh   int
	Limited bool
}

func (s *Server) newPasskey(x *exchange) error {
	p := x.newPage("console.passkey.title")
	p.Back, p.Scripts = "/account", []string{"js/console/newpasskey.js"}
	if x.caller.Limited {
		p.Back = ""
	}
	p.D = newPasskeyData{Label: field{ID: "label", Kind: "text", Label: x.T("console.passkey.label"), Hint: x.T("console.passkey.label.hint")},
		Fresh: x.freshSeconds(), Limited: x.caller.Limited}
	return x.show("passkey_new", p)
}

func (s *Server) removePasskey(x *exchange) error {
	if err := s.Service.RemovePasskey(x.r.Context(), x.caller, x.variable("passkey")); err != nil {
		return err
	}
	return x.redirect("/account")
}

// makeRecovery shows a new recovery code, this once: the page is the answer to the form, so that no address leads to it again.
func (s *Server) makeRecovery(x *exchange) error {
	code, err := s.Service.MakeRecovery(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	p := x.newPage("console.recovery.title")
	p.Scripts = []string{"js/console/print.js"}
	p.D = code
	return x.render(http.StatusOK, "recovery_code", p)
}

// deleteData is the data of the pages that ask for a passkey before something is destroyed.
type deleteData struct {
	Kind, Target string
	Lead         string
	Losses       []string // what will be gone
	Button       string
	Export       bool
}

func (s *Server) deleteAccount(x *exchange) error {
	p := x.newPage("console.delete_account.title")
	p.Back, p.Scripts = "/account", []string{"js/console/approve.js"}
	p.D = deleteData{Kind: emergency.ActionDeleteAccount, Lead: x.T("console.delete_account.lead"), Button: x.T("console.delete_account.button"), Export: true,
		Losses: []string{x.T("console.delete.records"), x.T("console.delete.cards"), x.T("console.delete.passkeys"), x.T("console.delete.log")}}
	return x.show("approve_delete", p)
}

func (s *Server) exportForm(x *exchange) error { return x.exportPage(nil) }

func (x *exchange) exportPage(faults []fault) error {
	p := x.newPage("console.export.title")
	p.Back, p.Scripts, p.Faults = "/account", []string{"js/console/approve.js"}, faults
	asked := field{ID: "passphrase", Kind: "password", Label: x.T("console.export.passphrase"), Hint: x.T("console.export.passphrase.hint"), Auto: "new-password"}
	status := http.StatusOK
	if len(faults) > 0 {
		asked.Fault, status = faults[0].Text, http.StatusBadRequest
	}
	p.D = struct {
		Passphrase field
		Fresh      int
	}{asked, x.freshSeconds()}
	return x.render(status, "export", p)
}

// export writes everything of the account into one file.
func (s *Server) export(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	passphrase := x.r.PostForm.Get("passphrase")
	if x.value("seal") == "yes" && utf8.RuneCountInString(passphrase) < emergency.MinPassphrase {
		return x.exportPage([]fault{{"passphrase", x.T("console.export.too_short", "count", emergency.MinPassphrase)}})
	}
	name := "locket-export.zip"
	if x.value("seal") != "yes" {
		passphrase = ""
	} else {
		name += ".age"
	}
	return x.stream(name, func(w io.Writer) error { return s.Service.Export(x.r.Context(), x.caller, w, passphrase) })
}
