// Go's crypto/tls as a peer: a client that is a pipe, and a server that echoes. See ../README.md.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
)

var versions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

var groups = map[string]tls.CurveID{
	"x25519": tls.X25519, "secp256r1": tls.CurveP256, "secp384r1": tls.CurveP384,
	"secp521r1": tls.CurveP521,
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "error:", err)
	os.Exit(1)
}

func check(err error) {
	if err != nil {
		fail(err)
	}
}

// options splits words of the form name=value.
func options(words []string) map[string]string {
	found := map[string]string{}
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		found[name] = value
	}
	return found
}

func suiteID(name string) uint16 {
	for _, suite := range tls.CipherSuites() {
		if suite.Name == name {
			return suite.ID
		}
	}
	fail(fmt.Errorf("no suite %q", name))
	return 0
}

func configure(given map[string]string) *tls.Config {
	version := versions[given["version"]]
	config := &tls.Config{MinVersion: version, MaxVersion: version, ServerName: given["name"]}
	if given["suite"] != "" {
		config.CipherSuites = []uint16{suiteID(given["suite"])}
	}
	if given["groups"] != "" {
		for _, name := range strings.Split(given["groups"], ",") {
			config.CurvePreferences = append(config.CurvePreferences, groups[name])
		}
	}
	if given["cert"] != "" {
		pair, err := tls.LoadX509KeyPair(given["cert"], given["key"])
		check(err)
		config.Certificates = []tls.Certificate{pair}
	}
	if given["alpn"] != "" {
		config.NextProtos = []string{given["alpn"]}
	}
	return config
}

func trusted(file string) *x509.CertPool {
	pem, err := os.ReadFile(file)
	check(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return pool
}

func tell(conn *tls.Conn) {
	state := conn.ConnectionState()
	fmt.Fprintf(os.Stderr, "handshake suite=%s resumed=%t alpn=%s sni=%s\n",
		tls.CipherSuiteName(state.CipherSuite), state.DidResume, state.NegotiatedProtocol,
		state.ServerName)
}

func connect(given map[string]string, config *tls.Config) *tls.Conn {
	conn, err := tls.Dial("tcp", given["connect"], config)
	check(err)
	tell(conn)
	return conn
}

// firstSession talks once, so that there is a session to resume.
func firstSession(conn *tls.Conn) {
	_, err := conn.Write([]byte("ticket, please\n"))
	check(err)
	check(conn.CloseWrite())
	_, err = io.Copy(io.Discard, conn)
	check(err)
	conn.Close()
}

func client(given map[string]string) {
	config := configure(given)
	config.RootCAs = trusted(given["ca"])
	config.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	if given["resume"] != "" {
		firstSession(connect(given, config))
	}
	conn := connect(given, config)
	go func() {
		io.Copy(conn, os.Stdin)
		conn.CloseWrite()
	}()
	_, err := io.Copy(os.Stdout, conn)
	check(err)
	conn.Close()
}

func serve(conn *tls.Conn) {
	defer conn.Close()
	if err := conn.Handshake(); err != nil {
		fmt.Fprintln(os.Stderr, "handshake failed:", err)
		return
	}
	tell(conn)
	_, err := io.Copy(conn, conn)
	fmt.Fprintln(os.Stderr, "end:", errors.Unwrap(err), err)
}

func server(given map[string]string) {
	config := configure(given)
	if given["ca"] != "" {
		config.ClientCAs = trusted(given["ca"])
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	listener, err := net.Listen("tcp4", ":"+given["listen"])
	check(err)
	for {
		conn, err := listener.Accept()
		check(err)
		go serve(tls.Server(conn, config))
	}
}

func main() {
	given := options(os.Args[2:])
	switch os.Args[1] {
	case "client":
		client(given)
	case "server":
		server(given)
	default:
		fmt.Println("Go crypto/tls,", runtime.Version())
	}
}
