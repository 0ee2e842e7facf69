import Testing

@testable import ConnmixDurable

@Suite("what the center says")
struct CenterTests {
    private func nodes(_ text: String) throws -> [NodeIdentity] { try DirectoryDecoder.nodes(Array(text.utf8)) }

    @Test("the list, an empty list, and Go's null")
    func lists() throws {
        let list = try nodes(
            #"{"nodes":[{"id":"x","api_server":"10.0.0.7:6789"},{"id":7,"api_server":"h:1"},{"id":"y","api_server":"h:1"}]}"#)
        #expect(list.map(\.description) == ["x at 10.0.0.7:6789", "7 at h:1", "y at h:1"])
        #expect(try nodes(#"{"nodes":[{"id":"x","api_server":"h:1"},{"id":"x","api_server":"h:1"}]}"#).count == 1)
        #expect(try nodes(#"{"nodes":null}"#).isEmpty)
        #expect(try nodes("{}").isEmpty)
        #expect(try DirectoryDecoder.versions(Array(#"{"apis":["v1"]}"#.utf8)) == ["v1"])
    }

    @Test(
        "P9: nonsense is an error with a clear line",
        arguments: [
            "", "[]", "<html>", #"{"nodes":7}"#, #"{"nodes":[{}]}"#, #"{"nodes":[{"id":"","api_server":"h:1"}]}"#,
            #"{"nodes":[{"id":"a","api_server":"no port"}]}"#, #"{"nodes":[{"id":true,"api_server":"h:1"}]}"#,
            #"{"nodes":[{"id":"x","#,
        ])
    func nonsense(text: String) {
        #expect(throws: ConnmixError.self) { try nodes(text) }
    }

    @Test("addresses, with and without a port")
    func addresses() throws {
        #expect(try NodeAddress("h", defaultPort: 6787).description == "h:6787")
        #expect(try NodeAddress("http://h:1/").description == "h:1")
        #expect(try NodeAddress("[::1]:80").description == "[::1]:80")
        for text in [
            "", ":1", "h", "h:", "h:0", "h:65536", "h:x", "a:b:c", "https://h:1", "u:p@h:1", "h:1/x", "h h:1", "[::1",
            "h\u{1b}:1",
        ] {
            let error = #expect(throws: ConnmixError.self) { try NodeAddress(text) }
            #expect(error?.code == .invalidConfiguration)
        }
    }
}
