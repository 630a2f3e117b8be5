package emergency

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// silent are the methods with a transaction that changes rows and makes no entry, and why none is needed.
var silent = map[string]string{
	"remember":      "a ceremony begins: nothing has happened yet",
	"take":          "a ceremony is used up, whatever comes of it; what comes of it is an entry",
	"Authenticate":  "a session was used",
	"SignOut":       "a session ends",
	"guess":         "a guess is counted before it is tried: entries of them would let anybody grow the log",
	"tryCode":       "a right guess is not counted",
	"spendAttempt":  "a try of a passcode is taken before it is made; how it ended is an entry",
	"OpenLink":      "a try of a passcode is given back; the opening is an entry",
	"countHandover": "a link of a responder is counted before it is made; that it was made is an entry",
	"MarkSeen":      "a keeper has read entries",
	"PruneLog":      "rows of erased entries go, after the entry that says so",
	"RemindDrills":  "keepers are reminded; that they could not be is an entry",
	"Sweep":         "what has ended by itself goes",
}

// reading are the methods that make no entry, by what they show and to whom.
var reading = map[string][]string{
	"what keepers have written or may read of their own patient, floor and what is confidential apart": {"Patients", "Patient", "Record", "Documents", "Document",
		"Card", "Cards", "CardForPrint", "PreviewCard", "PreviewImport", "Contacts", "Confidential", "Drills", "FollowGrant", "Grant", "Keepers", "MarkSeen", "Notices", "Proof",
		"People", "Requests", "Reviews", "Rules", "Simulate"},
	"the caller's own account, badge and log": {"Account", "AccountHistory", "Authenticate", "Memberships", "OwnBadge", "OwnOpenings", "SignOut"},
	"a ceremony that begins":                  {"BeginApproval", "BeginPasskey", "BeginSignin", "BeginSignup", "BeginInvitedSignup", "LinkFile"},
	"what everybody may know":                 {"HealthRevocations", "Issuer", "Issuers", "JWKS", "KnownRevocations", "RevocationEntries", "RevocationHead", "Revoked", "Status", "TrustedKeys", "TrustList"},
	"whoever was handed the link or badge: who invites, who asks, what is written to them; nothing of the record": {"CheckBadge", "Event", "FollowEvent", "FollowThread",
		"FollowWait", "Invitation", "Thread", "WaitState"},
	"an organization's own openings and complaints, to its administrators and the privacy officer; no patient is named": {"Crew", "Officer", "OrganizationsToReview", "ReviewMail",
		"ReviewsToAnswer"},
	"what runs the house, to the operator; no patient is named": {"Abuse", "DeadLetters", "Organizations"},
	"nothing; the server itself calls it":                       {"CanTell", "NextLetter", "RemindDrills", "Sweep", "Wait", "WatchLetters", "Welcome"},
}

// Issue 5, item 1: whatever changes or releases something makes an entry in the same transaction. A method that is added without one fails here until
// somebody has said why it needs none.
func TestEverythingIsAnEntry(t *testing.T) {
	c := readSource(t)
	if len(c.changing) < 40 || len(c.methods) < 120 {
		t.Fatalf("%d changing methods of Tx and %d methods of the service were found: the walk misses most of them", len(c.changing), len(c.methods))
	}
	unsaid := map[string]bool{}
	for _, p := range c.parts {
		if p.changes {
			c.uncovered(p, map[*part]bool{}, unsaid)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(unsaid)) {
		if silent[name] == "" {
			t.Errorf("%s changes something in a transaction without an entry: append one, or say in silent why none is needed", name)
		}
	}
	for name := range silent {
		if !unsaid[name] {
			t.Errorf("%s is said to need no entry, and has no transaction without one", name)
		}
	}
	listed := map[string]bool{}
	for _, name := range slices.Concat(slices.Collect(maps.Values(reading))...) {
		if listed[name] || !c.methods[name] || c.enters(name, map[string]bool{}) {
			t.Errorf("%s is listed as reading: it is so twice, or makes an entry, or is not there", name)
		}
		listed[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(c.methods)) {
		if !listed[name] && !c.enters(name, map[string]bool{}) {
			t.Errorf("%s shows something without an entry: append one, or say in reading to whom it is shown without", name)
		}
	}
}

// source is this package as the inventory sees it.
type source struct {
	changing map[string]bool    // the methods of Tx that change rows
	methods  map[string]bool    // the exported methods of the service
	named    map[string][]*part // by function: its own part and those that stand in it
	parts    []*part
}

// part is a function, or what a function hands to another one to be run there: to Store.Update for a transaction.
type part struct {
	function string          // that it stands in
	host     string          // the function that it is handed to; "" for a function itself
	calls    map[string]bool // functions of this package
	changes  bool            // rows, by itself
	appends  bool            // an entry, by itself
}

const update = "Update"

// readSource reads the methods of the service, and the functions that work in a transaction.
func readSource(t *testing.T) *source {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	c := &source{changing: map[string]bool{}, methods: map[string]bool{}, named: map[string][]*part{}}
	var functions []*ast.FuncDecl
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				if face, ok := n.Type.(*ast.InterfaceType); ok && n.Name.Name == "Tx" {
					for _, method := range face.Methods.List {
						if len(method.Names) == 1 && method.Names[0].Name != "Append" {
							c.changing[method.Names[0].Name] = true
						}
					}
				}
			case *ast.FuncDecl:
				if ofService(n) || takesTx(n) {
					functions = append(functions, n)
					c.named[n.Name.Name] = nil
					if ofService(n) && n.Name.IsExported() {
						c.methods[n.Name.Name] = true
					}
				}
			}
			return true
		})
	}
	for _, function := range functions {
		c.add(&part{function: function.Name.Name}, function.Body)
	}
	return c
}

func ofService(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return false
	}
	star, ok := f.Recv.List[0].Type.(*ast.StarExpr)
	return ok && fmt.Sprint(star.X) == "Service"
}

func takesTx(f *ast.FuncDecl) bool {
	return slices.ContainsFunc(f.Type.Params.List, func(field *ast.Field) bool { return fmt.Sprint(field.Type) == "Tx" })
}

// add begins a part.
func (c *source) add(p *part, body ast.Node) {
	p.calls = map[string]bool{}
	c.parts = append(c.parts, p)
	c.named[p.function] = append(c.named[p.function], p)
	c.visit(p, body)
}

// visit fills in a part, and begins another one for each function that it hands over.
func (c *source) visit(p *part, node ast.Node) {
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			switch on, name := fmt.Sprint(n.X), n.Sel.Name; {
			case on == "tx" && name == "Append":
				p.appends = true
			case on == "tx" && c.changing[name]:
				p.changes = true
			case on == "s" && c.knows(name):
				p.calls[name] = true
			}
		case *ast.CallExpr:
			host := ""
			switch called := n.Fun.(type) {
			case *ast.Ident:
				if host = called.Name; c.knows(host) {
					p.calls[host] = true
				}
			case *ast.SelectorExpr:
				host = called.Sel.Name
				if handsTx := slices.ContainsFunc(n.Args, func(e ast.Expr) bool { return fmt.Sprint(e) == "tx" }); handsTx && c.knows(host) {
					p.calls[host] = true
				} else if host != update && fmt.Sprint(called.X) != "s" {
					return true
				}
			}
			if host != update && !c.knows(host) {
				return true
			}
			c.visit(p, n.Fun)
			for _, argument := range n.Args {
				if handed, ok := argument.(*ast.FuncLit); ok {
					c.add(&part{function: p.function, host: host}, handed.Body)
				} else {
					c.visit(p, argument)
				}
			}
			return false
		}
		return true
	})
}

func (c *source) knows(function string) bool {
	_, known := c.named[function]
	return known
}

// entered reports whether p makes an entry, by itself or by what it calls. What a function does in a transaction of its own counts for what runs in it alone.
func (c *source) entered(p *part, seen map[*part]bool) bool {
	if p.appends || seen[p] {
		return p.appends
	}
	seen[p] = true
	for called := range p.calls {
		for _, q := range c.named[called] {
			if q.host != update && c.entered(q, seen) {
				return true
			}
		}
	}
	return false
}

// uncovered adds to found the functions with a transaction in which p changes something and nothing makes an entry.
func (c *source) uncovered(p *part, seen map[*part]bool, found map[string]bool) {
	if seen[p] || c.entered(p, map[*part]bool{}) {
		return
	}
	seen[p] = true
	switch p.host {
	case update:
		found[p.function] = true
	case "":
		for _, q := range c.parts {
			if q.calls[p.function] {
				c.uncovered(q, seen, found)
			}
		}
	default: // it runs in a transaction of whoever it is handed to
		for _, q := range c.named[p.host] {
			c.uncovered(q, seen, found)
		}
	}
}

// enters reports whether a function makes an entry, in whatever transaction.
func (c *source) enters(function string, seen map[string]bool) bool {
	if seen[function] {
		return false
	}
	seen[function] = true
	for _, p := range c.named[function] {
		if p.appends {
			return true
		}
		for called := range p.calls {
			if c.enters(called, seen) {
				return true
			}
		}
	}
	return false
}
