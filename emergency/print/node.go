package print

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Node is the decoders that run in Node.js: zxing-wasm, which the scanner page uses too, and jsQR. All of them share one process, which answers one
// caller at a time.
type Node struct {
	mu      sync.Mutex
	command *exec.Cmd
	stdin   io.WriteCloser
	answers *bufio.Scanner
	stderr  strings.Builder
}

// maxAnswer is how long a line of the process may be, in bytes: two texts of the largest QR code, escaped.
const maxAnswer = 1 << 17

// StartNode starts the process with the script print/decode.mjs of a folder (emergency/e2e) and the npm packages that are installed there. Close ends it.
func StartNode(ctx context.Context, folder string) (*Node, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	n := &Node{command: exec.CommandContext(ctx, "node", filepath.Join(folder, "print", "decode.mjs"), folder)}
	n.command.Stderr = &n.stderr
	if n.stdin, err = n.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := n.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	n.answers = bufio.NewScanner(out)
	n.answers.Buffer(nil, maxAnswer)
	if err := n.command.Start(); err != nil {
		return nil, err
	}
	return n, nil
}

// Close ends the process. It returns an error when the process did not end well.
func (n *Node) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return errors.Join(n.stdin.Close(), n.ended(n.command.Wait()))
}

// ended adds what the process said last to its error.
func (n *Node) ended(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("node: %w: %s", err, strings.TrimSpace(n.stderr.String()))
}

// Names are the decoders, as the script answers for them.
func (n *Node) Names() []string { return []string{"zxing-wasm", "jsqr"} }

// Foreign is true.
func (n *Node) Foreign() bool { return true }

// Read sends the names of the files, one a line, and reads a line of JSON for each.
func (n *Node) Read(_ context.Context, files []string) ([][]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	names := n.Names()
	texts := make([][]string, len(names))
	for _, file := range files {
		if _, err := io.WriteString(n.stdin, file+"\n"); err != nil {
			return nil, n.ended(errors.Join(err, n.command.Wait()))
		}
		if !n.answers.Scan() {
			return nil, n.ended(errors.Join(io.ErrUnexpectedEOF, n.answers.Err(), n.command.Wait()))
		}
		var answer struct {
			File  string            `json:"file"`
			Texts map[string]string `json:"texts"`
		}
		if err := json.Unmarshal(n.answers.Bytes(), &answer); err != nil {
			return nil, fmt.Errorf("node: %w", err)
		}
		if answer.File != file {
			return nil, fmt.Errorf("node: asked for %s, answered for %s", file, answer.File)
		}
		for i, name := range names {
			text, ok := answer.Texts[name]
			if !ok {
				return nil, fmt.Errorf("node: no answer of %s", name)
			}
			texts[i] = append(texts[i], text)
		}
	}
	return texts, nil
}
