internal import DequeModule

/// End users whose connections are gone for certain, and the command that found out. Pure.
struct GoneClients: Sendable {
    /// How long a client counts as gone, in microseconds.
    private static let time: Int64 = 60_000_000
    private static let limit = 16_384

    private var known: [String: (found: Int64, until: Int64)] = [:]
    private var inOrder: Deque<String> = []

    /// The command that found out that the client is gone, where one did.
    func finder(of client: ClientID?, now: Int64) -> Int64? {
        guard !known.isEmpty, let client, let entry = known[client.text], now < entry.until else { return nil }
        return entry.found
    }

    /// - Returns: whether that is news.
    mutating func gone(_ client: String, found id: Int64, now: Int64) -> Bool {
        guard known.updateValue((id, now + Self.time), forKey: client) == nil else { return false }
        inOrder.append(client)
        if inOrder.count > Self.limit { known[inOrder.removeFirst()] = nil }
        return true
    }

    mutating func shift(by jump: Int64) {
        for client in known.keys { known[client]?.until += jump }
    }

    /// It sent something: it is there.
    mutating func seen(_ client: String) {
        if !known.isEmpty { known[client] = nil }
    }
}
