package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
)

// client is one connection that is kept.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	read int64 // bytes that came in
}

func dial(ctx context.Context, address string) (*client, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn}
	c.in = bufio.NewReader(c)
	return c, nil
}

// Read counts what comes in.
func (c *client) Read(p []byte) (int, error) {
	n, err := c.conn.Read(p)
	c.read += int64(n)
	return n, err
}

func (c *client) close() { _ = c.conn.Close() }

// ask sends a whole request and reads the answer into body. Any answer but a 2xx is ErrVoid.
func (c *client) ask(request []byte, body io.Writer) error {
	if _, err := c.conn.Write(request); err != nil {
		return fmt.Errorf("%w: %w", ErrVoid, err)
	}
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrVoid, err)
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%w: a request was answered with %s", ErrVoid, response.Status)
	}
	if _, err := io.Copy(body, response.Body); err != nil {
		return fmt.Errorf("%w: an answer was cut short: %w", ErrVoid, err)
	}
	return nil
}

// connect makes sure that a child has this many connections, and closes them when ctx ends, so that nobody waits for an answer any more.
func (c *child) connect(ctx context.Context, clients int) error {
	for len(c.clients) < clients {
		client, err := dial(ctx, c.address)
		if err != nil {
			return err
		}
		context.AfterFunc(ctx, client.close)
		c.clients = append(c.clients, client)
	}
	return nil
}

// probe asks once, and returns the body and how many bytes came in with it.
func (c *child) probe(ctx context.Context, request []byte) (body []byte, size int, err error) {
	if err := c.connect(ctx, 1); err != nil {
		return nil, 0, err
	}
	var into bytes.Buffer
	before := c.clients[0].read
	err = c.clients[0].ask(request, &into)
	return into.Bytes(), int(c.clients[0].read - before), err
}
