@testable import ConnmixDurable
@testable import connmix_durable
import NIOHTTP1

/// What comes to the console's port: who may ask (`WebGate`), for what (`WebRoute`, `WebQuery`), and what a change says (`WebConsent`).
enum ConsoleTarget {
    @Sendable static func run(_ bytes: UnsafeRawBufferPointer) throws {
        let whole = try fates([bytes])
        guard Thoroughness.isDrawn(bytes) else { return }
        try hold(try fates(bytes.pieces) == whole, "requests are the same in pieces")
    }

    private static let secret = "0123456789abcdef"
    private static let database = "/var/lib/its-own.sqlite3"

    private enum Fate: Equatable {
        case served(String)
        case refused(Int, reason: String)
    }

    /// A console with a token that changes, and one without that only shows.
    private static func fates(_ pieces: [UnsafeRawBufferPointer]) throws -> [Fate] {
        guard let address = MetricsAddress(argument: "127.0.0.1:8787") else { throw Broken(property: "an address is read") }
        let gates = [(ListenToken(secret), true), (nil, false)].map { token, changes in
            WebGate(place: ServedPlace(address: address, token: token), allowsChanges: changes)
        }
        return try ServedRequests.fates(of: pieces) { request in
            var fates = try gates.map { try pass(request, $0) }
            if let refusal = try pass(request) { fates.append(refusal) }
            return fates
        }
    }

    private static func refused(_ refusal: WebRefusal) throws -> Fate {
        try hold(refusal.reason.utf8.count <= 1_000, "a refusal is bounded")
        try hold(
            !refusal.reason.unicodeScalars.contains { $0.actsOnTerminal && $0 != "\n" },
            "a refusal can be shown: \(refusal.reason)")
        try hold(refusal.status.code >= 400, "a refusal is one")
        return .refused(Int(refusal.status.code), reason: refusal.reason)
    }

    /// At the gate.
    private static func pass(_ request: HTTPService.Request, _ gate: WebGate) throws -> Fate {
        do throws(WebRefusal) { try gate.check(request) } catch { return try refused(error) }
        let host = request.headers.first(name: "Host") ?? ""
        if let origin = request.headers.first(name: "Origin") {
            try hold(origin.hasSuffix("://" + host) || host.isEmpty, "another site's page does not ask: \(origin) of \(host)")
        }
        if gate.place.token == nil { try hold(leadsHere(host), "without a token only this machine is served, not \(host)") }
        guard WebAsset(path: request.path) == nil else { return .served("asset") }
        if gate.place.token != nil {
            let given = request.headers.first(name: "Authorization") ?? ""
            try hold(given.hasSuffix(secret) && given.utf8.count == 23, "nobody asks without the token")
        }
        if request.method == .POST {
            try hold(gate.allowsChanges, "what only shows changes nothing")
            let type = request.headers.first(name: "Content-Type")?.lowercased() ?? ""
            try hold(type.hasPrefix("application/json"), "no form changes anything")
        }
        return .served("asked")
    }

    /// A plain reading of the names of this machine.
    private static func leadsHere(_ host: String) -> Bool {
        let name = host.lowercased()
        for own in ["localhost", "[::1]"] where name == own || name.hasPrefix(own + ":") { return true }
        let numbers = name.prefix { $0 != ":" }
        return numbers.hasPrefix("127.") && numbers.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (48...57).contains($0) }
    }

    /// What it asks for; `nil` where it is there.
    private static func pass(_ request: HTTPService.Request) throws -> Fate? {
        let route: WebRoute
        do throws(WebRefusal) {
            route = try WebRoute(request, database: database)
        } catch {
            return try refused(error)
        }
        switch route {
        case .rows(let list):
            try hold(list.database.database == database, "a query names no file")
            try hold((1...WebRoute.pageLimit).contains(rowLimit(list)), "a page is bounded")
        case .causes(let list): try hold((1...WebRoute.listLimit).contains(list.causes.limit), "a list is bounded")
        case .losses(let list):
            try hold(list.options.database == database && (1...WebRoute.listLimit).contains(list.limit), "a list is bounded")
        case .actions(let list):
            try hold(list.database.database == database && (1...WebRoute.listLimit).contains(list.limit), "a list is bounded")
        case .selection(let change):
            try hold(change.database.database == database, "a query names no file")
            try hold(!change.options.yes && request.method == .GET, "who looks does not agree")
        case .change(let consent), .pause(_, _, let consent), .resume(_, _, let consent):
            try hold(request.method == .POST && EngineReading.isJSON(request.body), "a change is asked for with JSON")
            try hold(consent == WebConsent(reason: consent.reason, selection: consent.selection), "a consent is two texts")
        case .about, .status, .row, .lanes, .undoing: break
        }
        return nil
    }

    private static func rowLimit(_ list: some RowListCommand) -> Int { list.filters.common.limit ?? 50 }
}
