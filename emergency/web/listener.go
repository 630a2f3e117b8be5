package web

import (
	"net"
	"sync"
)

// cappedListener keeps at most a number of connections open. Beyond it new ones wait in the kernel's queue, where they cost next to nothing,
// until a time-out ends one of those that hold a place.
type cappedListener struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	once   sync.Once
}

func capped(listener net.Listener, connections int) net.Listener {
	return &cappedListener{Listener: listener, places: make(chan struct{}, connections), closed: make(chan struct{})}
}

func (l *cappedListener) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &cappedConn{Conn: conn, release: sync.OnceFunc(func() { <-l.places })}, nil
}

func (l *cappedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type cappedConn struct {
	net.Conn
	release func()
}

func (c *cappedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
