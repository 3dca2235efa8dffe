package containers

import (
	"context"
	"io"
	"net"
	"net/http"
	"os/exec"
	"time"

	"github.com/ragenv/ragenv/internal/program"
)

// connections is the maximum number of open connections to the engine. Each is a process of the docker
// program.
const connections = 4

// engineClient returns an HTTP client for the engine that the docker program connects to. "docker system
// dial-stdio" connects its standard input and output to the engine's API, as in Docker's own ssh://
// contexts. So docker handles contexts, DOCKER_HOST, TLS and ssh.
func engineClient(docker string, env []string) *http.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		cmd := exec.Command(docker, "system", "dial-stdio") //nolint:gosec // the docker of PATH
		cmd.Env = env
		program.Detach(cmd)
		in, err := cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		return &programConn{cmd: cmd, in: in, out: out}, nil
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial, MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections, DisableCompression: true}}
}

// programConn is a connection over a program's standard input and output.
type programConn struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.ReadCloser
}

func (c *programConn) Read(p []byte) (int, error)  { return c.out.Read(p) }
func (c *programConn) Write(p []byte) (int, error) { return c.in.Write(p) }

// Close ends the program.
func (c *programConn) Close() error {
	_ = c.in.Close()
	_ = program.Kill(c.cmd)
	_ = c.out.Close()
	_ = c.cmd.Wait() // it was killed, or has reported its error already
	return nil
}

type programAddr struct{}

func (programAddr) Network() string { return "docker" }
func (programAddr) String() string  { return "docker" }

func (c *programConn) LocalAddr() net.Addr              { return programAddr{} }
func (c *programConn) RemoteAddr() net.Addr             { return programAddr{} }
func (c *programConn) SetDeadline(time.Time) error      { return nil } // requests end with their context, by Close
func (c *programConn) SetReadDeadline(time.Time) error  { return nil }
func (c *programConn) SetWriteDeadline(time.Time) error { return nil }
