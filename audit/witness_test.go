package audit_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
)

// The example of c2sp.org/tlog-cosignature is by an unknown key; this one is by the key of RFC 8032 section 7.1, test 1.
const (
	witnessName  = "witness.example/w1"
	cosignedTime = 1_679_315_147
)

func witnessKey(t testing.TB) audit.Witness {
	t.Helper()
	w, err := audit.NewWitness(witnessName, rfc8032(t).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// cosign writes a cosignature line as c2sp.org/tlog-cosignature words it.
func cosign(key ed25519.PrivateKey, w audit.Witness, text string, seconds uint64) string {
	sig := make([]byte, 0, 76)
	fmt.Sscanf(strings.Split(w.String(), "+")[1], "%x", &sig)
	sig = binary.BigEndian.AppendUint64(sig, seconds)
	sig = append(sig, ed25519.Sign(key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", seconds, text))...)
	return "— " + w.Name() + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
}

func knownText() string { return strings.SplitAfter(knownCheckpoint, "=\n")[0] }

func TestWitnessVKeyVector(t *testing.T) {
	w := witnessKey(t)
	back, err := audit.ParseWitness(w.String())
	if err != nil || back.String() != w.String() || back.Name() != witnessName {
		t.Fatalf("ParseWitness(%s) = %s, %v", w, back, err)
	}
	for name, vkey := range map[string]string{
		"the key of a log": knownVKey, "another key ID": strings.Replace(w.String(), "+", "+0", 1), "nothing": "", "a name alone": witnessName,
		"a space": strings.Replace(w.String(), "w1", "w 1", 1), "something behind": w.String() + "=",
		"too long": strings.Repeat("w", 600) + w.String(),
	} {
		if _, err := audit.ParseWitness(vkey); !errors.Is(err, audit.ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := audit.NewWitness(witnessName, nil); !errors.Is(err, audit.ErrKey) {
		t.Errorf("a witness without a key: %v", err)
	}
}

// request is one for the known checkpoint.
func request(old int64) audit.WitnessRequest {
	return audit.WitnessRequest{Old: old, Signed: audit.Signed{Size: 1, Note: []byte(knownCheckpoint)}}
}

func TestWitnessRequestText(t *testing.T) {
	r := request(0)
	text, err := r.MarshalText()
	if want := "old 0\n\n" + knownCheckpoint; err != nil || string(text) != want {
		t.Errorf("from nothing: %q, %v", text, err)
	}
	r.Old, r.Proof = 1, []tlog.Hash{audit.Commit(counting(), []byte("{}")).LeafHash()}
	text, err = r.MarshalText()
	if want := "old 1\nFxpjg4wsyBrOCHD4k29wRuJffImvqZtIkaIaARTtZhA=\n\n" + knownCheckpoint; err != nil || string(text) != want {
		t.Errorf("with a proof: %q, %v", text, err)
	}
	for name, wrong := range map[string]audit.WitnessRequest{"old above the checkpoint": request(2), "a negative size": request(-1),
		"a proof that is too long": {Proof: make([]tlog.Hash, 64), Signed: r.Signed}} {
		if text, err := wrong.MarshalText(); err == nil {
			t.Errorf("%s: %q", name, text)
		}
	}
}

func TestWitnessAnswers(t *testing.T) {
	w, key := witnessKey(t), rfc8032(t)
	good := cosign(key, w, knownText(), cosignedTime)
	other, err := audit.NewWitness("witness.example/w2", key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	foreign := cosign(key, other, knownText(), cosignedTime)
	const sized = audit.WitnessSizeType
	for _, c := range []struct {
		name   string
		old    int64
		status int
		media  string
		body   string
		known  int64       // of a conflict
		alarm  audit.Alarm // of an alarm
		plain  bool        // neither
	}{
		{name: "its cosignature", status: 200, body: good},
		{name: "its cosignature after others", status: 200, body: foreign + foreign + good},
		{name: "a bad line and a good one", status: 200, body: cosign(key, w, emptyCheckpointText, 1) + good},
		{name: "another witness's cosignature", status: 200, body: foreign, plain: true},
		{name: "a log's signature", status: 200, body: sign(t, knownText(), witnessName, key), plain: true},
		{name: "nothing", status: 200, body: "", plain: true},
		{name: "a page", status: 200, media: "text/html", body: "<html>\nSign in to the network\n</html>\n", plain: true},
		{name: "no newline", status: 200, body: strings.TrimSuffix(good, "\n"), plain: true},
		{name: "more than is read", status: 200, body: good + strings.Repeat("\n", audit.MaxWitnessAnswer), plain: true},
		{name: "behind too many lines", status: 200, body: strings.Repeat(foreign, 16) + good, plain: true},
		{name: "a cosignature of another checkpoint", status: 200, body: cosign(key, w, emptyCheckpointText, cosignedTime), alarm: audit.AlarmSignature},
		{name: "a cosignature with another time", status: 200, body: retime(t, good), alarm: audit.AlarmSignature},
		{name: "a cosignature that is cut", status: 200, body: resize(t, good, -1), alarm: audit.AlarmSignature},
		{name: "a cosignature with something behind", status: 200, body: resize(t, good, 1), alarm: audit.AlarmSignature},
		{name: "a time after the end of times", status: 200, body: cosign(key, w, knownText(), 1<<63), alarm: audit.AlarmSignature},
		{name: "a smaller size", status: 409, old: 1, media: sized, body: "0\n", known: 0},
		{name: "a larger size", status: 409, old: 1, media: sized + "; charset=utf-8", body: "1500\n", known: 1500},
		{name: "this very size", status: 409, old: 1, media: sized, body: "1\n", alarm: audit.AlarmFork},
		{name: "a conflict about no size", status: 409, media: sized, body: "many\n", plain: true},
		{name: "a conflict about a page", status: 409, media: "text/html", body: "1500\n", plain: true},
		{name: "a size with a zero in front", status: 409, media: sized, body: "01500\n", plain: true},
		{name: "a negative size", status: 409, media: sized, body: "-1\n", plain: true},
		{name: "a size out of range", status: 409, media: sized, body: "9223372036854775807\n", plain: true},
		{name: "an endless size", status: 409, media: sized, body: strings.Repeat("1", 1<<20), plain: true},
		{name: "a proof that does not hold", status: 422, old: 1, alarm: audit.AlarmFork},
		{name: "not understood", status: 400, body: good, plain: true},
		{name: "another key of the log", status: 403, body: good, plain: true},
		{name: "a log that it does not know", status: 404, body: good, plain: true},
		{name: "a redirect", status: 302, body: good, plain: true},
		{name: "no room", status: 503, body: good, plain: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := w.Answer(request(c.old), c.status, c.media, []byte(c.body))
			var conflict *audit.WitnessConflict
			var alarm *audit.AlarmError
			switch {
			case c.plain:
				if !errors.Is(err, audit.ErrWitness) || errors.Is(err, audit.ErrAlarm) {
					t.Errorf("Answer: %v", err)
				}
			case c.alarm != "":
				if !errors.As(err, &alarm) || alarm.Alarm != c.alarm || alarm.Who != witnessName || !errors.Is(err, audit.ErrAlarm) {
					t.Errorf("Answer: %v, want the alarm %s", err, c.alarm)
				}
				if event := alarm.Event(time.Unix(cosignedTime, 0)); event.Validate() != nil {
					t.Errorf("its entry: %v", event.Validate())
				}
			case c.status == 409:
				if !errors.As(err, &conflict) || conflict.Known != c.known {
					t.Errorf("Answer: %v, want a conflict with %d", err, c.known)
				}
			case err != nil || got.Size != 1 || !got.At.Equal(time.Unix(cosignedTime, 0)) || string(got.Line) != good || got.Witness != w.String():
				t.Errorf("Answer = %+v, %v", got, err)
			}
			if err != nil && got.Line != nil {
				t.Errorf("a line comes with the error: %q", got.Line)
			}
		})
	}
}

// retime changes the time of a cosignature and leaves its signature.
func retime(t *testing.T, line string) string {
	return respell(t, line, func(sig []byte) []byte { sig[11]++; return sig })
}

// resize cuts a byte off a cosignature, or adds one.
func resize(t *testing.T, line string, by int) string {
	return respell(t, line, func(sig []byte) []byte { return append(sig, 0)[:len(sig)+by] })
}

func respell(t *testing.T, line string, edit func([]byte) []byte) string {
	t.Helper()
	head, encoded, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "w1 ")
	sig, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return head + "w1 " + base64.StdEncoding.EncodeToString(edit(sig)) + "\n"
}

func FuzzWitnessAnswer(f *testing.F) {
	w, key := witnessKey(f), rfc8032(f)
	good := cosign(key, w, knownText(), cosignedTime)
	f.Add(200, "", []byte(good))
	f.Add(200, "text/plain", []byte("— witness.example/w2 AAAA\n"+good))
	f.Add(409, audit.WitnessSizeType, []byte("1500\n"))
	f.Add(422, "", []byte{})
	f.Add(404, "text/html", []byte("<html>"))
	f.Fuzz(func(t *testing.T, status int, media string, body []byte) {
		got, err := w.Answer(request(1), status, media, body)
		var conflict *audit.WitnessConflict
		switch {
		case err == nil:
			// Only what verifies is taken, and it verifies again under the checkpoint.
			if _, _, err := w.Verify([]byte(knownCheckpoint), got.Line); err != nil || status != 200 {
				t.Errorf("took %q with status %d: %v", got.Line, status, err)
			}
		case errors.As(err, &conflict):
			if conflict.Known < 0 || status != 409 {
				t.Errorf("a conflict about %d with status %d", conflict.Known, status)
			}
		case !errors.Is(err, audit.ErrWitness) && !errors.Is(err, audit.ErrAlarm):
			t.Errorf("an error of no kind: %v", err)
		}
	})
}
