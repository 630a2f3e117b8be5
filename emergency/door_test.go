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
	uses := map[string][]string{} // what is called -> the functions that call it
	var guard *ast.FuncDecl
	root := filepath.Join("..")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "vault" || strings.HasPrefix(entry.Name(), ".") && path != root) {
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
			if function.Name.Name == "ownRecord" {
				guard = function
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
				case "OpenRecord", "Reseal", "readRecord", "ownRecord", "disclose":
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
		"OpenRecord": {"Document", "readRecord"}, // Document opens originals, and asks keptIn first as ownRecord does
		"Reseal":     nil,
		"readRecord": {"disclose", "ownRecord"},
		"disclose":   {"open", "reopen"},
		"ownRecord":  {"IssueCard", "Record", "RevokeCard", "changeRecord"},
	} {
		got := uses[name]
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s is used by %v, want %v", name, got, want)
		}
	}
	if guard == nil || !strings.Contains(firstCall(guard), "keptIn") {
		t.Error("ownRecord does not begin by asking whether the caller keeps the patient")
	}
}

// firstCall is the name of the first function that f calls.
func firstCall(f *ast.FuncDecl) string {
	name := ""
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && name == "" {
			if selected, ok := call.Fun.(*ast.SelectorExpr); ok {
				name = selected.Sel.Name
			}
		}
		return name == ""
	})
	return name
}
