import ConnmixDurable
import NIOHTTP1
import Testing

@testable import connmix_durable

@Suite("requests of --listen")
struct ListenCallTests {
    private let token = ListenToken("0123456789abcdef")

    private func request(
        _ path: String, _ body: String = #"{"c":"7","d":"x"}"#, method: HTTPMethod = .POST, query: [String: String] = [:],
        headers: HTTPHeaders = [:]
    ) -> HTTPService.Request {
        .init(method: method, path: path, query: query, headers: headers, body: Array(body.utf8))
    }

    private func refusal(_ request: HTTPService.Request, token: ListenToken? = nil) -> ListenCall.Refusal? {
        do throws(ListenCall.Refusal) {
            _ = try ListenCall(request, token: token)
            return nil
        } catch { return error }
    }

    @Test("the engine's own paths and bodies, and any request")
    func commands() throws {
        #expect(try ListenCall(request("/v1/mesh/send"), token: nil).command == .meshSend(to: "7", "x"))
        #expect(try ListenCall(request("/v1/mesh/publish"), token: nil).command == .meshPublish(to: "7", "x"))
        let call = #"{"m":"conn.call","p":{"c":"7","f":"subscribe","a":["room:7"]}}"#
        #expect(try ListenCall(request("/v1/command", call), token: nil).command == .subscribe("7", to: ["room:7"]))
        let waiting = try ListenCall(request("/v1/mesh/send", query: ["wait": "1.5"]), token: nil)
        #expect(waiting.wait == .seconds(1.5))
        let keyed = try ListenCall(request("/v1/mesh/send", headers: ["Idempotency-Key": "k"]), token: nil)
        #expect(keyed.command.options.idempotencyKey == "k")
    }

    @Test("P12: what is no command is refused, saying why, and never with more of it than a line")
    func refusals() {
        #expect(refusal(request("/v1/mesh/send", ""))?.status == .badRequest)
        #expect(refusal(request("/v1/mesh/send", #"{"c":"7"}"#))?.reason.contains("\"d\"") == true)
        #expect(refusal(request("/v1/mesh/send", #"{"c":"7","d":"x"},"m":"queue.pop"}{"#))?.status == .badRequest)
        let another = #"{"c":"7","d":"x"},"m":"mesh.publish""#
        #expect(refusal(request("/v1/mesh/send", another))?.reason == "the body is not JSON")
        #expect(refusal(request("/v1/mesh/send", #"{"c":"7","d":"x"}"#, method: .GET))?.status == .methodNotAllowed)
        #expect(refusal(request("/v1/command", #"{"m":"queue.pop","p":{"t":["a"]}}"#))?.status == .badRequest)
        #expect(refusal(request("/v1/mesh/send", query: ["wait": "nan"]))?.status == .badRequest)
        #expect(refusal(request("/v1/mesh/send", query: ["wait": "1e9"]))?.status == .badRequest)
        #expect(refusal(request("/v1/mesh/send", headers: ["Idempotency-Key": ""]))?.status == .badRequest)
        let unknown = refusal(request("/" + String(repeating: "\u{1B}", count: 5_000)))
        #expect(unknown?.status == .notFound)
        #expect((unknown?.reason.utf8.count ?? .max) < 2_000)
        #expect(unknown?.reason.contains("\u{1B}") == false)
    }

    @Test("P12: a token is needed where there is one; without, no browser is served")
    func callers() {
        func problem(_ headers: HTTPHeaders) -> String? {
            let refusal = refusal(request("/v1/mesh/send", headers: headers), token: token)
            #expect(refusal?.status == .unauthorized)
            return refusal?.reason
        }
        let without: [HTTPHeaders] = [
            [:], ["Authorization": "0123456789abcdef"], ["Authorization": "Bearer "], ["Authorization": "Basic YTpi"],
        ]
        for none in without {
            #expect(problem(none) == "name the token: Authorization: Bearer TOKEN", "\(none)")
        }
        for wrong in ["Bearer 0123456789abcdeX", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0"] {
            #expect(problem(["Authorization": wrong])?.hasPrefix("the token is wrong;") == true, "\(wrong)")
        }
        for right in ["Bearer 0123456789abcdef", "bearer 0123456789abcdef"] {
            #expect(refusal(request("/v1/mesh/send", headers: ["Authorization": right]), token: token) == nil)
        }
        #expect(refusal(request("/v1/mesh/send", headers: ["Origin": "http://evil"]))?.status == .forbidden)
        #expect(ListenToken("short") == nil)
        #expect(ListenToken(String(repeating: "x", count: 5_000)) == nil)
        #expect(ListenToken("0123456789abcde f") == nil)
    }
}
