// Command e2e-registry serves the registries of the end-to-end world over TLS until it is stopped.
//
//	e2e-registry -app FILE -dir DIR [-interface IP | -listen ADDRESS]
//
// -interface is for a new network namespace: it brings the loopback interface up, adds the address to it,
// and serves on ports 443 and 5000 of that address. -listen serves on one address, such as 127.0.0.1:8443,
// and needs no privilege.
//
// DIR receives ca.pem (the CA of the server certificate, new at each start), hosts (lines for /etc/hosts),
// key and second-password (mode 0600: the values that the registries accept, read for each request),
// control.sock (see registry.Journal) and, once everything listens, ready.
package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/ragenv/ragenv/test/e2e/registry"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("e2e-registry: ")
	app := flag.String("app", "", "static executable that the images run")
	dir := flag.String("dir", "", "directory for what clients need")
	ip := flag.String("interface", "", "address to give to the loopback interface and to serve on")
	listen := flag.String("listen", "", "address and port to serve on")
	flag.Parse()
	if *app == "" || *dir == "" || (*ip == "") == (*listen == "") || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	addresses := []string{*listen}
	if *ip != "" {
		if err := loopbackUp(*ip); err != nil {
			log.Fatal(err)
		}
		addresses = []string{net.JoinHostPort(*ip, "443"), net.JoinHostPort(*ip, "5000")}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := serve(ctx, *app, *dir, addresses); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, appFile, dir string, addresses []string) error {
	app, err := os.ReadFile(appFile)
	if err != nil {
		return err
	}
	keyFile, passwordFile := filepath.Join(dir, "key"), filepath.Join(dir, "second-password")
	for file, value := range map[string]string{keyFile: "nvapi-" + randomText(64), passwordFile: randomText(24)} {
		if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
			return err
		}
	}
	world, err := registry.NewWorld(registry.Config{
		App: app, Architecture: runtime.GOARCH,
		Key:            func() string { return content(keyFile) },
		SecondPassword: func() string { return content(passwordFile) },
	})
	if err != nil {
		return err
	}
	authority, err := registry.NewAuthority()
	if err != nil {
		return err
	}
	cert, err := authority.Issue(world.HostNames()...)
	if err != nil {
		return err
	}

	failed := make(chan error, 1)
	start := func(l net.Listener, h http.Handler) {
		server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
		go func() { failed <- server.Serve(l) }()
	}
	config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	for _, address := range addresses {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		start(tls.NewListener(l, config), world)
	}
	control, err := net.Listen("unix", filepath.Join(dir, "control.sock"))
	if err != nil {
		return err
	}
	start(control, &world.Journal)

	ip, _, err := net.SplitHostPort(addresses[0])
	if err != nil {
		return err
	}
	var hosts strings.Builder
	for _, host := range world.HostNames() {
		fmt.Fprintf(&hosts, "%s %s\n", ip, host)
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{"ca.pem", authority.PEM()}, {"hosts", []byte(hosts.String())}, {"ready", nil}} {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.data, 0o644); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// content returns a file's text without the final line break. If the file cannot be read, it returns "",
// which no gate accepts.
func content(file string) string {
	data, _ := os.ReadFile(file)
	return strings.TrimRight(string(data), "\r\n")
}

// randomText returns n random characters of [A-Za-z0-9_-], the alphabet of NGC keys.
func randomText(n int) string {
	random := make([]byte, n)
	_, _ = rand.Read(random) // does not fail, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(random)[:n]
}
