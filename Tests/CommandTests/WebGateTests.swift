import NIOHTTP1
import Testing

@testable import connmix_durable

@Suite("the console's gate")
struct WebGateTests {
    private static let token = "0123456789abcdef"

    private func refusal(
        _ headers: HTTPHeaders, _ method: HTTPMethod = .GET, _ path: String = "/api/status", token: Bool = false,
        listen: String = "127.0.0.1:8787", changes: Bool = true
    ) throws -> HTTPResponseStatus? {
        let address = try #require(MetricsAddress(argument: listen))
        let gate = WebGate(
            place: ServedPlace(address: address, token: token ? ListenToken(Self.token) : nil), allowsChanges: changes)
        do throws(WebRefusal) {
            try gate.check(.init(method: method, path: path, query: [:], headers: headers, body: []))
            return nil
        } catch { return error.status }
    }

    @Test("P12: without a token only names of this machine are served: none that was made to point here")
    func hosts() throws {
        for host in ["127.0.0.1:8787", "127.0.0.1", "localhost:8787", "LOCALHOST", "[::1]:8787", "[::1]", "127.9.9.9:1"] {
            #expect(try refusal(["Host": host]) == nil, "\(host)")
        }
        for host in [
            "evil.example", "127.0.0.1.evil.example:8787", "127.evil.example", "10.0.0.1", "", "[::2]:8787", "127.0.0.1@evil",
        ] {
            #expect(try refusal(["Host": host]) == .forbidden, "\(host)")
        }
        #expect(try refusal([:]) == .forbidden)
        #expect(try refusal(["Host": "10.0.0.1:8787"], listen: "10.0.0.1:8787") == nil)
        // Whoever has the token may come by any name.
        #expect(try refusal(["Host": "console.example", "Authorization": "Bearer \(Self.token)"], token: true) == nil)
    }

    @Test("P12: another site's page asks for nothing and changes nothing")
    func sites() throws {
        let ours: HTTPHeaders = ["Host": "localhost:8787", "Origin": "http://localhost:8787", "Content-Type": "application/json"]
        #expect(try refusal(ours, .POST, "/api/pause") == nil)
        #expect(try refusal(ours) == nil)
        for origin in ["http://evil.example", "null", "http://localhost:9999", "localhost:8787"] {
            var theirs = ours
            theirs.replaceOrAdd(name: "Origin", value: origin)
            #expect(try refusal(theirs, .POST, "/api/pause") == .forbidden, "\(origin)")
            #expect(try refusal(theirs) == .forbidden, "\(origin)")
        }
        // What no page sends by itself: an image, say, has no Origin.
        for (site, status) in [
            ("cross-site", HTTPResponseStatus.forbidden), ("same-site", .forbidden), ("same-origin", nil), ("none", nil),
        ] {
            #expect(try refusal(["Host": "localhost", "Sec-Fetch-Site": site]) == status, "\(site)")
        }
        #expect(try refusal(["Host": "localhost", "Sec-Fetch-Site": "cross-site"], .GET, "/") == nil)
        // What a form can send without being asked first.
        for type in [
            "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "text/plain; application/json",
        ] {
            var plain = ours
            plain.replaceOrAdd(name: "Content-Type", value: type)
            #expect(try refusal(plain, .POST, "/api/pause") == .unsupportedMediaType, "\(type)")
        }
        var utf8 = ours
        utf8.replaceOrAdd(name: "Content-Type", value: "application/json; charset=utf-8")
        #expect(try refusal(utf8, .POST, "/api/pause") == nil)
    }

    @Test("the token is for what is in the file; the page that asks for it needs none")
    func tokens() throws {
        let host: HTTPHeaders = ["Host": "console.example"]
        for asset in WebAsset.allCases { #expect(try refusal(host, .GET, asset.rawValue, token: true) == nil) }
        for path in ["/api/status", "/api/journal/1", "/api/nothing", "/nothing"] {
            #expect(try refusal(host, .GET, path, token: true) == .unauthorized)
            var wrong = host
            wrong.add(name: "Authorization", value: "Bearer 0123456789abcdeg")
            #expect(try refusal(wrong, .GET, path, token: true) == .unauthorized)
        }
        #expect(try refusal(host, .POST, "/api/pause", token: true) == .unauthorized)
    }

    @Test("what only shows changes nothing, and no page is posted to")
    func changes() throws {
        let headers: HTTPHeaders = ["Host": "localhost", "Content-Type": "application/json"]
        #expect(try refusal(headers, .POST, "/api/changes", changes: false) == .forbidden)
        #expect(try refusal(headers, .POST, "/") == .methodNotAllowed)
        #expect(try refusal(headers, .DELETE, "/console.js") == .methodNotAllowed)
        #expect(try refusal(headers, .HEAD, "/") == nil)
    }

    @Test("beyond this machine a token is needed, in words that name the flag")
    func place() throws {
        let address = try #require(MetricsAddress(argument: "0.0.0.0:8787"))
        for (words, flag) in [(ServedPlace.Words.console, "--token-file"), (.consumersConsole, "--web-token-file")] {
            let error = #expect(throws: Failure.self) { try ServedPlace(address, tokenFile: nil, words) }
            #expect(error?.message.contains(flag) == true && error?.exit == .usage)
        }
    }
}
