import FoundationEssentials
import Testing

@testable import ConnmixDurable

@Suite("addresses of centers, and who may know what of them")
struct AccessTests {
    @Test("schemes, ports, user and password")
    func forms() throws {
        let plain = try CenterAddress("h")
        #expect(plain.address == NodeAddress(host: "h", port: 6787) && !plain.isSecure && plain.credentials == nil)
        #expect(try CenterAddress("http://h:1/") == CenterAddress("h:1"))
        let secure = try CenterAddress("HTTPS://us%40er:p%3A%2Fw@[::1]:8/")
        #expect(secure.isSecure && secure.address == NodeAddress(host: "::1", port: 8))
        #expect(secure.description == "https://[::1]:8")
        // printf 'us@er:p:/w' | base64
        #expect(secure.credentials?.authorization == "Basic dXNAZXI6cDovdw==")
        #expect(try CenterAddress("u:a@b@h").credentials?.authorization == "Basic dTphQGI=")
    }

    @Test(
        "what is none is refused with a line, and without the password",
        arguments: [
            "ftp://h:1", "u@h:1", "u:secret%4@h:1", "u:secret%zz@h", ":secret@h:1", "a%3Ab:secret@h:1", "u:secret/x@h:1",
            "u:secret%00@h", "u:secret%ff@h", "https://u:secret@h:1/x", "u:secret@", "http://u:secret@h:x",
            "wss://u:secret@h:1", "u:secret@http://h", "https://u:secret@https://h:1",
        ])
    func refused(text: String) {
        let error = #expect(throws: ConnmixError.self) { try CenterAddress(text) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("secret") == false, "\(error?.message ?? "")")
    }

    @Test("credentials are in no description, error or mirror")
    func hidden() throws {
        let text = "https://hanna:secret@h:1"
        let center = try CenterAddress(text)
        var configuration = ConsumerConfiguration(centers: [text, "http://hanna:secret@k"], topics: ["t"])
        var dumped = ""
        dump(configuration, to: &dumped)
        dump(center, to: &dumped)
        let mixed = #expect(throws: ConnmixError.self) { try configuration.validate() }
        configuration.centers = [text]
        let node = #expect(throws: ConnmixError.self) { try NodeAddress(text) }
        for shown in [
            "\(configuration)", String(reflecting: configuration), dumped, "\(center)", String(reflecting: center),
            String(reflecting: center.credentials), "\(node as Any)", "\(mixed as Any)",
        ] {
            #expect(!shown.contains("secret") && !shown.contains("hanna"), "\(shown)")
        }
        #expect("\(configuration)".contains("h:1"))
    }

    @Test("TLS options without https, and files that are none, are refused by name")
    func tlsOptions() throws {
        var configuration = ConsumerConfiguration(centers: ["h:1"], topics: ["t"])
        configuration.tls.trustRoots = "/no/such/file"
        let unused = #expect(throws: ConnmixError.self) { try configuration.validate() }
        #expect(unused?.message.contains("https://") == true)
        configuration.centers = ["https://h:1"]
        _ = try configuration.validate()
        for options in [
            configuration.tls, TLSOptions(clientCertificate: .init(certificate: "/no/such/file", key: "/no/such/file")),
            TLSOptions(trustRoots: #filePath),
        ] {
            let error = #expect(throws: ConnmixError.self) { try TLSClient(options) }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains("/no/such/file") == true || error?.message.contains("AccessTests") == true)
        }
    }

    @Test("a certificate or key that cannot be used is told with the file and the reason")
    func unusableFiles() throws {
        let certificates = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Certificates").path
        func reason(_ options: TLSOptions) -> String {
            let error = #expect(throws: ConnmixError.self) { try TLSClient(options) }
            return error?.message ?? ""
        }
        #expect(reason(.init(trustRoots: "/no/such/file")) == "/no/such/file cannot be read: No such file or directory")
        #expect(reason(.init(trustRoots: "/")) == "/ cannot be read: it is no file")
        #expect(reason(.init(trustRoots: #filePath)).contains("AccessTests.swift has no certificate in PEM form"))
        let (certificate, key) = ("\(certificates)/client.pem", "\(certificates)/client-key.pem")
        #expect(
            reason(.init(clientCertificate: .init(certificate: certificate, key: "/no/such/key")))
                == "/no/such/key cannot be read: No such file or directory")
        #expect(
            reason(.init(clientCertificate: .init(certificate: certificate, key: certificate)))
                .hasPrefix("\(certificate) has no key that can be read; it must be PEM and not encrypted: "))
        #expect(
            reason(.init(clientCertificate: .init(certificate: key, key: key))).contains("client-key.pem has no certificate"))
    }

    @Test("what a status means")
    func statuses() throws {
        let open = Peer(try CenterAddress("h:1"))
        let known = Peer(try CenterAddress("https://u:secret@h:1"))
        #expect(open.answered(status: 401, to: "GET /x").message.contains("asks for a user and password"))
        #expect(open.answered(status: 403, to: "GET /x").message.contains("asks for a user and password"))
        #expect(known.answered(status: 401, to: "GET /x").message.contains("refused the user and password"))
        #expect(known.answered(status: 403, to: "GET /x").message.contains("refused the user and password"))
        #expect(open.answered(status: 400, to: "GET /x").message.contains("https://"))
        #expect(known.answered(status: 400, to: "GET /x").message.hasSuffix("status 400"))
        #expect(open.answered(status: 502, to: "GET /x").message == "the center at h:1 answered GET /x with status 502")
    }

    @Test("a certificate's dates tell why it was refused")
    func dates() throws {
        let peer = Peer(node: NodeAddress(host: "n", port: 1), isSecure: true, hasCredentials: false)
        func text(_ from: Int64, _ until: Int64) -> String {
            peer.tlsFailed("CERTIFICATE_VERIFY_FAILED", certificate: .init(from: from, until: until), now: 1_000_000).message
        }
        #expect(text(0, 999_999) == "n:1 has a certificate that expired 0 days ago")
        #expect(text(0, 1_000_000 - 3 * 86_400) == "n:1 has a certificate that expired 3 days ago")
        #expect(text(1_000_001, 2_000_000).contains("not valid for another 1 days"))
        #expect(text(0, 2_000_000).contains("no trusted authority"))
        let unseen = peer.tlsFailed("CERTIFICATE_VERIFY_FAILED", certificate: nil, now: 0)
        #expect(unseen.message.contains("no trusted authority"))
    }
}
