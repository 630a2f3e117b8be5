package summary

import (
	"bytes"
	"compress/flate"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// Whatever our writer writes, the standard library reads back.
func TestDeflateIsReadByTheStandardLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, maxFrontInflated)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	inputs := map[string][]byte{
		"nothing": {}, "one byte": {0}, "two bytes": {255, 144}, "zeros": make([]byte, maxFrontInflated), "noise": noise,
		"the dictionary": dictionary, "its end": dictionary[len(dictionary)-2:], "its beginning": dictionary[:300],
		"words": []byte(strings.Repeat("500 mg 1-0-1 ", 400)), "scripts": []byte("みどり町クリニック قبل النوم 每日一次"),
	}
	for length := minMatch; length <= maxMatch+2; length++ {
		inputs["a match of "+string(rune('0'+length%10))+strings.Repeat("+", length/10)] = append(bytes.Repeat([]byte{7}, length), 8)
	}
	for distance := 1; distance < 16_000; distance += distance/3 + 1 {
		inputs["a distance of "+strings.Repeat("+", distance)] = append(append([]byte("unusual!"), noise[:distance]...), "unusual!"...)
	}
	for name, input := range inputs {
		d := new(deflater)
		stream := bytes.Clone(d.deflate(input))
		source := bytes.NewReader(stream)
		output, err := io.ReadAll(flate.NewReaderDict(source, dictionary))
		if err != nil || !bytes.Equal(input, output) || source.Len() != 0 {
			t.Errorf("%.40s: %d bytes in, %d out, %d left, %v", name, len(input), len(output), source.Len(), err)
		}
		if again := d.deflate(input); !bytes.Equal(again, stream) {
			t.Errorf("%.40s: a second run on the same memory gives other bytes", name)
		}
	}
}

// Our writer is not worse than the standard library's best on what it is for.
func TestDeflateIsAsGoodAsTheStandardLibrary(t *testing.T) {
	for name, front := range fronts() {
		plain, err := encodeMap(front)
		if err != nil {
			t.Fatal(err)
		}
		var theirs bytes.Buffer
		writer, err := flate.NewWriterDict(&theirs, flate.BestCompression, dictionary)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write(plain); err != nil {
			t.Fatal(err)
		}
		if err := writer.Close(); err != nil {
			t.Fatal(err)
		}
		ours := len(new(deflater).deflate(plain))
		t.Logf("%s: %d bytes, %d by the standard library", name, ours, theirs.Len())
		if ours > theirs.Len() {
			t.Errorf("%s: %d bytes, %d by the standard library", name, ours, theirs.Len())
		}
	}
}
