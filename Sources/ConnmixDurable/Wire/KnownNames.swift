/// The methods and functions that connmix has, for telling a typing error before it has become a dead command. Pure.
enum KnownNames {
    private static let methods = ["mesh.send", "mesh.publish", "conn.call"]
    private static let functions = ["subscribe", "unsubscribe", "set_context", "set_context_value"]
    /// They decide what is consumed, which is the consumer's to say.
    private static let ours = ["queue.pop", "queue.unpop"]

    /// Whether a handler must never send it.
    static func isOurs(_ method: String) -> Bool { ours.contains(method) }

    /// What is wrong with the name; `nil` where connmix has it.
    static func problem(of command: Command) -> String? {
        switch command.kind {
        case .send, .publish: nil
        case .call(_, let function): problem(of: function, "function", among: functions)
        case .request(let method): problem(of: method, "method", among: methods)
        }
    }

    private static func problem(of name: String, _ what: String, among known: [String]) -> String? {
        guard !known.contains(name) else { return nil }
        let nearest = known.min { distance(name, $0) < distance(name, $1) } ?? ""
        return "connmix has no \(what) \(Quoted.text(name, limit: 80)); the nearest is \(nearest)"
    }

    /// How many letters are to be changed, added, left out, or swapped with their neighbour.
    static func distance(_ one: String, _ other: String) -> Int {
        let (one, other) = (Array(one.utf8.prefix(64)), Array(other.utf8.prefix(64)))
        var beforeLast: [Int] = []
        var last = Array(0...other.count)
        for i in one.indices {
            var row = [i + 1]
            for j in other.indices {
                var least = min(row[j] + 1, last[j + 1] + 1, last[j] + (one[i] == other[j] ? 0 : 1))
                if i > 0, j > 0, one[i] == other[j - 1], one[i - 1] == other[j] { least = min(least, beforeLast[j - 1] + 1) }
                row.append(least)
            }
            (beforeLast, last) = (last, row)
        }
        return last[other.count]
    }
}

extension Command {
    /// What is wrong with the name of its method or function, and which is the nearest; `nil` where connmix is known to have it.
    package var unknownName: String? { KnownNames.problem(of: self) }

    /// Reads a request as a handler in another language writes it.
    ///
    /// - Parameter anyMethod: whether methods and functions go out that connmix is not known to have.
    /// - Throws: `badData`, as `init(wire:)`; and for a name that connmix does not have, with the nearest one.
    package init(wire json: [UInt8], anyMethod: Bool) throws(ConnmixError) {
        try self.init(wire: json)
        guard !KnownNames.isOurs(method) else {
            throw ConnmixError(.badData, "\(method) is the consumer's own; name what is to be consumed with --topic")
        }
        guard !anyMethod, let problem = KnownNames.problem(of: self) else { return }
        throw ConnmixError(.badData, "\(problem) (--any-method lets it pass)")
    }
}
