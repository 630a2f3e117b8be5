package web

import (
	"io"
	"mime"
	"net/http"
	"path"
	"time"
)

// download is an answer that becomes a file on somebody's device. Its headers are set with its first byte, so that an error before that can
// still be answered in words.
type download struct {
	x     *exchange
	name  string
	begun bool
}

func (d *download) Write(body []byte) (int, error) {
	if !d.begun {
		d.begun = true
		d.x.attach(kindOfFile(d.name), d.name)
	}
	return d.x.w.Write(body)
}

// kindOfFile is the media type of a file by its name.
func kindOfFile(name string) string {
	switch path.Ext(name) {
	case ".csv":
		return "text/csv; charset=utf-8"
	case ".json":
		return "application/json"
	default:
		return "application/octet-stream"
	}
}

// stream answers a file that is written piece by piece. When something fails under way the connection is cut, so that a part is never taken for the whole.
func (x *exchange) stream(name string, write func(io.Writer) error) error {
	x.allow(downloadTimeout)
	download := &download{x: x, name: name}
	err := write(download)
	if err == nil || !download.begun {
		return err
	}
	x.Logger.ErrorContext(x.r.Context(), "an export broke off", "id", recorderOf(x.w).id, "error", err)
	panic(http.ErrAbortHandler)
}

// attach sets the headers of a file. It is never shown in our origin, whatever it holds.
func (x *exchange) attach(contentType, name string) {
	header := x.w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	header.Set("Content-Security-Policy", "sandbox; default-src 'none'")
}

// allow gives a large body more time than others get, in both directions.
func (x *exchange) allow(d time.Duration) {
	control, until := http.NewResponseController(x.w), time.Now().Add(d)
	_ = control.SetReadDeadline(until) // a connection without deadlines has no need of more time
	_ = control.SetWriteDeadline(until)
}
