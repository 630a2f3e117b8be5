package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// witness is a running litewitness, whose key is in an ssh-agent.
type witness struct {
	url, vkey, database string
}

var verifierKey = regexp.MustCompile(`msg="verifier key" vkey=(\S+)`)

// newWitness starts a witness that knows no log yet. It ends with the test.
func newWitness(t *testing.T) *witness {
	t.Helper()
	dir := t.TempDir()
	socket, key := filepath.Join(dir, "agent"), filepath.Join(dir, "key")
	must(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	start(t, nil, "ssh-agent", "-D", "-a", socket)
	await(t, "the agent", func() bool { _, err := os.Stat(socket); return err == nil })
	add := exec.Command("ssh-add", "-q", key)
	add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("ssh-add: %v\n%s", err, out)
	}
	fingerprint := strings.Fields(must(t, "ssh-keygen", "-lf", key+".pub"))[1]
	address := free(t)
	w := &witness{url: "http://" + address, database: filepath.Join(dir, "witness.db")}
	told := make(chan string, 1)
	start(t, func(line string) {
		if found := verifierKey.FindStringSubmatch(line); found != nil {
			told <- found[1]
		}
	}, litewitness, "-db", w.database, "-key", fingerprint, "-name", "witness.example/w1", "-ssh-agent", socket, "-listen", address)
	select {
	case w.vkey = <-told:
	case <-time.After(patience):
		t.Fatal("the witness does not start")
	}
	await(t, "the witness", func() bool {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			connection.Close()
		}
		return err == nil
	})
	return w
}

// learn tells the witness of a log.
func (w *witness) learn(t *testing.T, vkey string) {
	t.Helper()
	origin, _, _ := strings.Cut(vkey, "+")
	const empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" // the root of a tree without entries
	query(t, w.database, fmt.Sprintf("INSERT INTO log VALUES ('%s', 0, '%s'); INSERT INTO key VALUES ('%[1]s', '%[3]s');", origin, empty, vkey))
}

// start runs a program until the test ends. line is called with each line of its standard error.
func start(t *testing.T, line func(string), name string, args ...string) {
	t.Helper()
	command := exec.Command(name, args...)
	output, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(output); lines.Scan(); {
			fmt.Fprintln(&said, lines.Text())
			if line != nil {
				line(lines.Text())
			}
		}
		_ = command.Wait() // it is ended below, or has said why it ended
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		<-ended
		if t.Failed() {
			t.Logf("%s:\n%s", filepath.Base(name), said.String())
		}
	})
}

// await waits until something is so.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	late := time.After(patience)
	for tick := time.Tick(20 * time.Millisecond); !is(); {
		select {
		case <-tick:
		case <-late:
			t.Fatalf("%s does not come", what)
		}
	}
}

// free is an address on which nobody listens.
func free(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// TestAWitnessFindsARestoredBackupAndAFork: a foreign witness cosigns a log that grows, and refuses one that was set back and one that went on otherwise.
func TestAWitnessFindsARestoredBackupAndAFork(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	h := &house{dir: filepath.Join(t.TempDir(), "data")}
	h.longer(t, 1000)

	log := h.serve(t)
	vkey := get(t, log+"/vkey")
	ask("submit", log, w.url, "0").fails(t, "404 ") // of a log that the witness does not know
	w.learn(t, vkey)
	ask("submit", log, w.url, "0").holds(t)
	h.stop(t)
	backup := copied(t, h.dir)

	h.longer(t, 500)
	log = h.serve(t)
	ask("submit", log, w.url, "1000").holds(t)
	h.stop(t)

	backup.longer(t, 200)
	log = backup.serve(t)
	ask("submit", log, w.url, "1000").fails(t, "409 1500")
	backup.stop(t)
	backup.longer(t, 600)
	log = backup.serve(t)
	ask("submit", log, w.url, "1500").fails(t, "422 ")
	ask("torchwood", log, vkey).holds(t) // by itself nothing is wrong with it: only who has seen the other one knows
}

// TestTheHouseHearsItsWitness: locket asks the foreign witness by itself and serves what it cosigned; once the witness contradicts the log, nothing more is
// signed and the operator is told to open an epoch.
func TestTheHouseHearsItsWitness(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	list := filepath.Join(t.TempDir(), "witnesses")
	if err := os.WriteFile(list, fmt.Appendf(nil, "# ours\n%s %s\n", w.vkey, w.url), 0o600); err != nil {
		t.Fatal(err)
	}
	asking := []string{"--witnesses", list, "--witness-every", "1s"}

	h := &house{dir: filepath.Join(t.TempDir(), "data")}
	h.longer(t, 1000)
	backup := copied(t, h.dir)
	log := h.serve(t, asking...)
	vkey := get(t, log+"/vkey")
	await(t, "the answer of a witness that does not know the log", func() bool { return strings.Contains(h.said(), "404") })
	ask("torchwood", log, vkey, w.vkey).fails(t, "checkpoint")
	w.learn(t, vkey)
	await(t, "a cosignature", func() bool { return ask("torchwood", log, vkey, w.vkey).ok })
	h.stop(t)
	h.longer(t, 500)
	log = h.serve(t, asking...)
	await(t, "a cosignature of the longer log", func() bool {
		v := ask("torchwood", log, vkey, w.vkey)
		return v.ok && strings.Contains(v.said, "1500 entries")
	})
	h.stop(t)

	refused := map[string]*house{}
	for _, c := range []struct {
		name  string
		more  int
		alarm string
	}{{"a restored backup", 200, "witness_ahead"}, {"a fork", 800, "witness_fork"}} {
		restored := copied(t, backup.dir)
		refused[c.name] = restored
		t.Run(c.name, func(t *testing.T) {
			restored.longer(t, c.more)
			restored.serve(t, asking...)
			await(t, "the refusal to sign", func() bool { return strings.Contains(get(t, restored.url+"/readyz"), `"log":"refusing"`) })
			// It refuses first, then writes down why, then tells the operator.
			await(t, "what the operator is told to do", func() bool { return strings.Contains(restored.said(), "locket audit epoch") })
			if cause := restored.query(t, "SELECT alarm FROM log_witness"); cause != c.alarm {
				t.Errorf("the alarm is %q, want %q", cause, c.alarm)
			}
			if n := restored.query(t, "SELECT count(*) FROM audit_entry WHERE type = 'log.alarm'"); n != "1" {
				t.Errorf("%s entries tell of the alarm, want one", n)
			}
			restored.stop(t)
			log := restored.serve(t) // started anew and without a witness, it still signs nothing
			if published := strings.Split(get(t, log+"/checkpoint"), "\n")[1]; published != fmt.Sprint(1000+c.more) {
				t.Errorf("it has signed %s entries after the alarm", published)
			}
			restored.stop(t)
		})
	}

	t.Run("a new epoch", func(t *testing.T) {
		restored := refused["a restored backup"]
		must(t, locket, "audit", "epoch", "--data", restored.dir, "--reason", "restored from a backup, for a test")
		log := restored.serve(t, asking...)
		next := get(t, log+"/2/vkey")
		if next == vkey || !strings.HasPrefix(next, "localhost/audit/log/2+") {
			t.Fatalf("the key of the new epoch is %s", next)
		}
		w.learn(t, next)
		await(t, "a cosignature of the new epoch", func() bool { return ask("torchwood", log+"/2", next, w.vkey).ok })
		ask("tessera", log+"/2", next).holds(t)
		ask("tessera", log, vkey).holds(t) // the epoch before is served as it ended
		must(t, locket, "audit", "verify", "--url", restored.url, "--vkey", next)
		must(t, locket, "audit", "verify", "--url", restored.url, "--vkey", vkey)
		if ready := get(t, restored.url+"/readyz"); !strings.Contains(ready, `"log":"ok"`) {
			t.Errorf("the alarm of the epoch before stands: %s", ready)
		}
	})
}
