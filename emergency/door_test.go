package emergency

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestOneDoor walks the whole code: a sealed record is opened in one function, that function is called by two, of which one asks first whether the
// caller keeps the patient and the other is behind the log. A third way in fails this test.
func TestOneDoor(t *testing.T) {
	uses := map[string][]string{}        // what is called -> the functions that call it
	guards := map[string]*ast.FuncDecl{} // the functions that must ask before they open
	root := filepath.Join("..")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "vault" || entry.Name() == "cards" || strings.HasPrefix(entry.Name(), ".") && path != root) {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, source, 0)
		if err != nil {
			return err
		}
		for _, declared := range file.Decls {
			function, ok := declared.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if name := function.Name.Name; strings.HasSuffix(path, "emergency/record.go") && name == "ownRecord" || strings.HasSuffix(path, "emergency/document.go") && name == "Document" {
				guards[name] = function
			}
			ast.Inspect(function, func(n ast.Node) bool {
				var name string
				switch n := n.(type) {
				case *ast.SelectorExpr:
					name = n.Sel.Name
				case *ast.CallExpr:
					if called, ok := n.Fun.(*ast.Ident); ok {
						name = called.Name
					}
				}
				switch name {
				case "OpenRecord", "Reseal", "readRecord", "ownRecord", "disclose", "unsealRecord", "CardIdentity", "CardIdentityOf", "Decrypt", "DecryptHeader":
					if !slices.Contains(uses[name], function.Name.Name) {
						uses[name] = append(uses[name], function.Name.Name)
					}
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"OpenRecord":     {"Document", "unsealRecord"}, // Document opens originals, and asks keptIn first as ownRecord does
		"unsealRecord":   {"disclose", "readRecord"},
		"Reseal":         nil,
		"CardIdentity":   nil,
		"CardIdentityOf": {"disclose"}, // the card's own key opens nothing anywhere else
		"Decrypt":        nil,          // age itself is called in package vault alone
		"DecryptHeader":  nil,
		"readRecord":     {"ownRecord"},
		// openLink gives what the keeper has decided, openHandover what a grant gives, to whoever has the passcode.
		"disclose":  {"openHandover", "openLink", "pass", "reopen"},
		"ownRecord": {"Record", "RevokeCard", "birthIn", "changeRecord", "prepareCard"}, // birthIn gives the birth date alone
	} {
		got := uses[name]
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s is used by %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{"ownRecord", "Document"} {
		if guards[name] == nil || !asksFirst(guards[name]) {
			t.Errorf("%s opens something before it has asked whether the caller keeps the patient", name)
		}
	}
}

// asksFirst reports whether f calls keptIn before it calls what opens a record.
func asksFirst(f *ast.FuncDecl) bool {
	var asked, opened token.Pos
	ast.Inspect(f.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		name := ""
		switch called := call.Fun.(type) {
		case *ast.SelectorExpr:
			name = called.Sel.Name
		case *ast.Ident:
			name = called.Name
		}
		switch {
		case name == "keptIn" && !asked.IsValid():
			asked = call.Pos()
		case (name == "OpenRecord" || name == "readRecord") && !opened.IsValid():
			opened = call.Pos()
		}
		return true
	})
	return asked.IsValid() && opened.IsValid() && asked < opened
}
