// Node's tls as a peer: a client that is a pipe, and a server that echoes. See README.md.
"use strict";
const fs = require("fs");
const tls = require("tls");

const CURVES = { x25519: "X25519", secp256r1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };

function options(words) {
  return Object.fromEntries(words.map((word) => {
    const at = word.indexOf("=");
    return [word.slice(0, at), word.slice(at + 1)];
  }));
}

function openSslName(suite) {
  const name = suite.replace(/^TLS_/, "").replace("_WITH_", "-").replace("AES_", "AES");
  return name.replace(/POLY1305_SHA256$/, "POLY1305").replace(/_/g, "-");
}

function configure(given) {
  const version = `TLSv${given.version}`;
  const config = { minVersion: version, maxVersion: version };
  if (given.suite) {
    config.ciphers = given.version === "1.3" ? given.suite : openSslName(given.suite);
  }
  if (given.groups) config.ecdhCurve = given.groups.split(",").map((name) => CURVES[name]).join(":");
  if (given.cert) {
    config.cert = fs.readFileSync(given.cert);
    config.key = fs.readFileSync(given.key);
  }
  if (given.ca) config.ca = fs.readFileSync(given.ca);
  if (given.alpn) config.ALPNProtocols = [given.alpn];
  return config;
}

function tell(socket) {
  const { standardName } = socket.getCipher();
  console.error(`handshake suite=${standardName} resumed=${socket.isSessionReused()} ` +
    `alpn=${socket.alpnProtocol || ""} sni=${socket.servername || ""}`);
}

function fail(error) {
  console.error(`error: ${error.message}`);
  process.exit(1);
}

function connect(given, more, ready) {
  const [host, port] = given.connect.split(":");
  const config = { ...configure(given), ...more, host, port, servername: given.name };
  // Both directions end on their own: what comes after our end is still read.
  const socket = tls.connect({ ...config, allowHalfOpen: true }, () => {
    tell(socket);
    ready(socket);
  });
  socket.on("error", fail);
  return socket;
}

function pipe(socket) {
  process.stdin.pipe(socket);
  socket.pipe(process.stdout);
}

// Talks once, so that there is a session to resume, and then again.
function resume(given) {
  let session;
  const socket = connect(given, {}, () => socket.end("ticket, please\n"));
  socket.on("session", (data) => { session = data; });
  socket.resume();
  socket.on("close", () => connect(given, { session }, pipe));
}

function server(given) {
  const asks = { requestCert: Boolean(given.ca), rejectUnauthorized: Boolean(given.ca) };
  const config = { ...configure(given), ...asks, allowHalfOpen: true };
  const listener = tls.createServer(config, (socket) => {
    tell(socket);
    socket.on("error", (error) => console.error(`end: ${error.message}`));
    socket.pipe(socket);
  });
  listener.on("tlsClientError", (error) => console.error(`handshake failed: ${error.message}`));
  listener.listen(Number(given.listen), "0.0.0.0");
}

const [role, ...words] = process.argv.slice(2);
const given = options(words);
if (role === "server") server(given);
else if (role !== "client") console.log(`Node.js ${process.version}, its OpenSSL ${process.versions.openssl}`);
else if (given.resume) resume(given);
else connect(given, {}, pipe);
