package static

import (
	"fmt"
	"html/template"
	"maps"
	"path"
)

// Templates parses files of templates/ into one set, each under its own path ("reader.html", "console/home.html"); execute one of them by that
// name. Two functions are always there, besides those of the caller:
//
//	asset PATH        the address of a file in this build; a file that does not exist stops the rendering
//	style NAME        the text of css/NAME.css for a <style> element; its hash is in [StyleHash]
//	modules PREFIX    the paths of the scripts below a folder ("js/reader/"), for modulepreload links
//
// A set is parsed once at start and may be executed concurrently. Never put a function into it that answers for one request (a
// translator, say): pass those in the data, or a page may be rendered in another reader's language.
func (a *Assets) Templates(functions template.FuncMap, names ...string) (*template.Template, error) {
	all := template.FuncMap{"asset": a.asset, "style": style, "modules": a.modules}
	maps.Copy(all, functions)
	set := template.New("").Funcs(all)
	for _, name := range names {
		text, err := private.ReadFile(path.Join("templates", name))
		if err != nil {
			return nil, fmt.Errorf("static: there is no template %q", name)
		}
		if _, err := set.New(name).Parse(string(text)); err != nil {
			return nil, fmt.Errorf("static: %w", err)
		}
	}
	return set, nil
}

func (a *Assets) asset(name string) (string, error) {
	if _, found := a.files[name]; !found {
		return "", fmt.Errorf("static: there is no asset %q", name)
	}
	return a.URL(name), nil
}

func (a *Assets) modules(folder string) []string { return a.under(folder, ".js") }

func style(name string) (template.CSS, error) {
	text, err := public.ReadFile("css/" + name + ".css")
	return template.CSS(text), err
}
