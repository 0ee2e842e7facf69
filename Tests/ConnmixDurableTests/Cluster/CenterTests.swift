import Testing

@testable import ConnmixDurable

@Suite("what the center says")
struct CenterTests {
    private func read(_ text: String) throws -> Directory { try DirectoryDecoder.nodes(Array(text.utf8)) }

    private func list(_ entries: String...) -> String { #"{"nodes":[\#(entries.joined(separator: ","))]}"# }

    private let good = #"{"id":"good","api_server":"h:9"}"#

    @Test("the list, an empty list, and Go's null")
    func lists() throws {
        let found = try read(
            list(
                #"{"id":"x","api_server":"10.0.0.7:6789"}"#, #"{"id":7,"api_server":"h:1","more":[{}]}"#,
                #"{"id":"y","api_server":"h:1"}"#, #"{"id":18446744073709551615,"api_server":"[::1]:2"}"#))
        #expect(
            found.nodes.map(\.description) == ["x at 10.0.0.7:6789", "7 at h:1", "y at h:1", "18446744073709551615 at [::1]:2"])
        #expect(found.skipped.isEmpty)
        #expect(try read(list(good, good)) == Directory(nodes: [NodeIdentity(id: "good", address: .init(host: "h", port: 9))]))
        #expect(try read(#"{"nodes":null}"#) == Directory())
        #expect(try read(#"{"nodes":[]}"#) == Directory())
        #expect(try DirectoryDecoder.versions(Array(#"{"apis":["v1"]}"#.utf8)) == ["v1"])
    }

    @Test(
        "P9: nonsense is an error with a clear line",
        arguments: ["", "[]", "{}", "<html>", #"{"nodes":7}"#, #"{"nodes":{}}"#, #"{"nodes":"none"}"#, #"{"nodes":[{"id":"x","#])
    func nonsense(text: String) {
        let error = #expect(throws: ConnmixError.self) { try read(text) }
        #expect(error?.message.contains("connmix center") == true)
    }

    @Test(
        "P9: a bad entry is left out and named, and the others count",
        arguments: [
            (#"{"id":"bad","api_server":"no port"}"#, #"node "bad": "no port" is no address"#),
            (#"{"id":"bad","api_server":"h:0"}"#, #""h:0" is no address: the port is not 1 to 65535"#),
            (#"{"id":"bad","api_server":"h:70000"}"#, #""h:70000""#),
            (#"{"id":"bad","api_server":""}"#, #"node "bad": "" is no address"#),
            (#"{"id":"bad","api_server":7}"#, #"node "bad": its api_server is no text"#),
            (#"{"id":"bad","api_server":null}"#, #"node "bad": its api_server is missing"#),
            (#"{"id":"bad"}"#, #"node "bad": its api_server is missing"#),
            (#"{"id":"bad","api_server":"h\u001b[2J:1"}"#, #"h\u{1b}[2J:1"#),
            (#"{"id":"bad","api_server":"user:secret@h:1"}"#, "only centers take a user and a password"),
            (#"{"id":"","api_server":"h:1"}"#, "the node at h:1: its id is empty"),
            (#"{"id":null,"api_server":"h:1"}"#, "the node at h:1: its id is missing"),
            (#"{"api_server":"h:1"}"#, "the node at h:1: its id is missing"),
            (#"{"id":true,"api_server":"h:1"}"#, "the node at h:1: its id is neither text nor a whole number"),
            (#"{"id":1.5,"api_server":"h:1"}"#, "neither text nor a whole number"),
            (#"{"id":"a\u001b[2Jb","api_server":"h:1"}"#, #"its id "a\u{1b}[2Jb" has control characters"#),
            (#"{"id":"a\u202eb","api_server":"h:1"}"#, "has control characters"),
            (#"{"id":"a\u061cb","api_server":"h:1"}"#, "has control characters"),
            ("{}", "a node: its id is missing, its api_server is missing"),
            ("7", "an entry is no object"), (#"["x","h:1"]"#, "an entry is no object"), ("null", "an entry is no object"),
        ])
    func leftOut(entry: String, says: String) throws {
        let found = try read(list(entry, good, entry))
        #expect(found.nodes.map(\.id) == ["good"])
        #expect(found.skipped.count == 2)
        let trouble = try #require(Directory.trouble(found.skipped))
        #expect(trouble.contains(says), "\(trouble)")
        #expect(!trouble.contains("secret"))
    }

    @Test("P12: long ids and addresses are shown in part, and a list without an end is none")
    func bounds() throws {
        let long = String(repeating: "i", count: 10_000)
        let marks = "e" + String(repeating: "\u{301}", count: 10_000)
        let found = try read(
            list(
                #"{"id":"\#(long)","api_server":"h:1"}"#, #"{"id":"\#(marks)","api_server":"h:1"}"#,
                #"{"id":"x","api_server":"\#(long):1"}"#, #"{"id":"y","api_server":"\#(marks)"}"#, good))
        #expect(found.nodes.map(\.id) == ["good"])
        #expect(found.skipped.count == 4)
        #expect(found.skipped.allSatisfy { $0.reason.utf8.count < 600 })
        #expect((Directory.trouble(found.skipped)?.utf8.count ?? .max) < 2_000)
        let error = #expect(throws: ConnmixError.self) {
            try read(#"{"nodes":[\#(String(repeating: "1,", count: 1_000_000))1]}"#)
        }
        #expect(error?.message.contains("1000001 nodes") == true, "\(error?.message ?? "")")
    }

    @Test("addresses, with and without a port")
    func addresses() throws {
        #expect(try NodeAddress("h", defaultPort: 6787).description == "h:6787")
        #expect(try NodeAddress("http://h:1/").description == "h:1")
        #expect(try NodeAddress("[::1]:80").description == "[::1]:80")
        for text in [
            "", ":1", "h", "h:", "h:0", "h:65536", "h:x", "a:b:c", "https://h:1", "u:p@h:1", "h:1/x", "h h:1", "[::1",
            "h\u{1b}:1", "[[1]:43", "[::1]]:1", "h]:1", String(repeating: "h", count: 256) + ":1",
        ] {
            let error = #expect(throws: ConnmixError.self) { try NodeAddress(text) }
            #expect(error?.code == .invalidConfiguration)
        }
    }
}
