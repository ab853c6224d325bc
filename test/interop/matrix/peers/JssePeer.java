// Java's JSSE as a peer: a client that is a pipe, and a server that echoes. See README.md.

import java.io.*;
import java.net.*;
import java.nio.file.*;
import java.security.*;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.KeySpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.*;
import java.util.stream.Collectors;
import javax.net.ServerSocketFactory;
import javax.net.ssl.*;

public class JssePeer {
    private static final char[] PASSWORD = "not a secret".toCharArray();
    private final Map<String, String> given;
    private final SSLContext context;

    private JssePeer(Map<String, String> given) throws Exception {
        this.given = given;
        if (given.containsKey("groups")) {
            System.setProperty("jdk.tls.namedGroups", given.get("groups"));
        }
        context = SSLContext.getInstance("TLS");
        context.init(keys(), trusted(), null);
    }

    private static Collection<? extends Certificate> certificates(String file) throws Exception {
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            return CertificateFactory.getInstance("X.509").generateCertificates(in);
        }
    }

    private static PrivateKey privateKey(String file, String algorithm) throws Exception {
        String text = Files.readString(Path.of(file)).replaceAll("-----[A-Z ]+-----|\\s", "");
        KeySpec spec = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text));
        return KeyFactory.getInstance(algorithm).generatePrivate(spec);
    }

    private static KeyStore emptyStore() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private KeyManager[] keys() throws Exception {
        if (!given.containsKey("cert")) {
            return null;
        }
        Certificate[] chain = certificates(given.get("cert")).toArray(new Certificate[0]);
        KeyStore store = emptyStore();
        PrivateKey key = privateKey(given.get("key"), chain[0].getPublicKey().getAlgorithm());
        store.setKeyEntry("own", key, PASSWORD, chain);
        KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
        factory.init(store, PASSWORD);
        return factory.getKeyManagers();
    }

    private TrustManager[] trusted() throws Exception {
        if (!given.containsKey("ca")) {
            return null;
        }
        KeyStore store = emptyStore();
        for (Certificate certificate : certificates(given.get("ca"))) {
            store.setCertificateEntry("ca" + store.size(), certificate);
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        return factory.getTrustManagers();
    }

    private SSLParameters limit(SSLParameters parameters) {
        parameters.setProtocols(new String[] {"TLSv" + given.get("version")});
        if (given.containsKey("suite")) {
            parameters.setCipherSuites(new String[] {given.get("suite")});
        }
        if (given.containsKey("alpn")) {
            parameters.setApplicationProtocols(new String[] {given.get("alpn")});
        }
        return parameters;
    }

    private static void tell(SSLSocket socket) {
        SSLSession session = socket.getSession();
        System.err.println("handshake suite=" + session.getCipherSuite()
            + " alpn=" + socket.getApplicationProtocol());
    }

    private SSLSocket connect() throws Exception {
        String[] address = given.get("connect").split(":");
        Socket tcp = new Socket(address[0], Integer.parseInt(address[1]));
        SSLSocketFactory factory = context.getSocketFactory();
        SSLSocket socket =
            (SSLSocket) factory.createSocket(tcp, given.get("name"), tcp.getPort(), true);
        SSLParameters parameters = limit(socket.getSSLParameters());
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        parameters.setServerNames(List.of(new SNIHostName(given.get("name"))));
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        tell(socket);
        return socket;
    }

    private void client() throws Exception {
        if (given.containsKey("resume")) {
            SSLSocket first = connect();
            first.getOutputStream().write("ticket, please\n".getBytes());
            first.shutdownOutput();
            first.getInputStream().readAllBytes();
            first.close();
        }
        SSLSocket socket = connect();
        Thread writer = new Thread(() -> copyInput(socket));
        writer.setDaemon(true);
        writer.start();
        copy(socket.getInputStream(), new FileOutputStream(FileDescriptor.out));
        socket.close();
    }

    private static void copyInput(SSLSocket socket) {
        try {
            copy(new FileInputStream(FileDescriptor.in), socket.getOutputStream());
            socket.shutdownOutput();
        } catch (IOException error) {
            System.err.println("error: " + error);
            System.exit(1);
        }
    }

    private static void copy(InputStream in, OutputStream out) throws IOException {
        byte[] buffer = new byte[65536];
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            out.write(buffer, 0, count);
            out.flush();
        }
    }

    private void server() throws Exception {
        int port = Integer.parseInt(given.get("listen"));
        ServerSocketFactory factory = context.getServerSocketFactory();
        try (SSLServerSocket listener = (SSLServerSocket) factory.createServerSocket(port)) {
            SSLParameters parameters = limit(listener.getSSLParameters());
            parameters.setNeedClientAuth(given.containsKey("ca"));
            listener.setSSLParameters(parameters);
            while (true) {
                SSLSocket socket = (SSLSocket) listener.accept();
                new Thread(() -> serve(socket)).start();
            }
        }
    }

    private static void serve(SSLSocket socket) {
        try (socket) {
            socket.startHandshake();
            tell(socket);
            copy(socket.getInputStream(), socket.getOutputStream());
        } catch (IOException error) {
            System.err.println("end: " + error);
        }
    }

    public static void main(String[] words) throws Exception {
        Map<String, String> given = Arrays.stream(words).skip(1).map(word -> word.split("=", 2))
            .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
        switch (words[0]) {
            case "client" -> new JssePeer(given).client();
            case "server" -> new JssePeer(given).server();
            default -> System.out.println("Java " + System.getProperty("java.runtime.version")
                + ", provider " + Security.getProvider("SunJSSE").getInfo());
        }
    }
}
