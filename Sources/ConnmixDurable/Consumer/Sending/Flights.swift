/// A command that was handed to a connection and has no outcome yet.
struct Flight: Sendable {
    let node: String
    /// The connection's number among those of this relay.
    let route: Int
    /// Microseconds since 1970.
    private(set) var sentAt: Int64
    let bytes: Int
    /// Nothing else was in flight beside it, over a connection that had stood for a while.
    let isAlone: Bool

    init(node: String, route: Int, sentAt: Int64, bytes: Int, isAlone: Bool) {
        self.node = node
        self.route = route
        self.sentAt = sentAt
        self.bytes = bytes
        self.isAlone = isAlone
    }

    mutating func shift(by jump: Int64) { sentAt += jump }
}

/// Which commands are in flight, and over which connections: the present flight of each, and earlier ones that are overdue and may
/// yet be answered. Pure.
struct Flights: Sendable {
    private var present = IDTable<Flight>()
    private var overdue: [Int64: [Flight]] = [:]
    private var forgetting = Timeline<Int64>()

    /// A command on its way: no outcome yet, in time so far.
    subscript(id: Int64) -> Flight? { present[id] }
    var isEmpty: Bool { present.isEmpty && overdue.isEmpty }
    var nextDeadline: Int64? { forgetting.next }
    func isOverdue(_ id: Int64) -> Bool { !overdue.isEmpty && overdue[id] != nil }

    mutating func begin(_ id: Int64, _ flight: Flight) {
        assert(!present.contains(id), "a command took off while it was in flight")
        present.insert(flight, for: id)
    }

    /// It was answered over a connection of that node, or the connection was lost.
    ///
    /// - Returns: the flight that ended; an overdue one first, since it was sent first.
    mutating func end(_ id: Int64, node: String) -> (flight: Flight, wasOverdue: Bool)? {
        if !overdue.isEmpty, var flights = overdue[id], let place = flights.firstIndex(where: { $0.node == node }) {
            let flight = flights.remove(at: place)
            overdue[id] = flights.isEmpty ? nil : flights
            return (flight, true)
        }
        return cancel(id, node: node).map { ($0, false) }
    }

    /// It was never written.
    mutating func cancel(_ id: Int64, node: String) -> Flight? {
        guard present[id]?.node == node else { return nil }
        return present.remove(id)
    }

    /// It was not answered in time, and keeps its place on the connection until then at most.
    mutating func overrun(_ id: Int64, until time: Int64) -> Flight? {
        guard let flight = present.remove(id) else { return nil }
        overdue[id, default: []].append(flight)
        forgetting.add(id, at: time)
        return flight
    }

    /// - Returns: a flight that no answer is expected of any more.
    mutating func forget(now: Int64) -> (id: Int64, flight: Flight)? {
        while let id = forgetting.popDue(now: now) {
            // It was answered meanwhile.
            guard var flights = overdue[id] else { continue }
            let flight = flights.removeFirst()
            overdue[id] = flights.isEmpty ? nil : flights
            return (id, flight)
        }
        return nil
    }

    mutating func shift(by jump: Int64) {
        for id in present.keys {
            if let place = present.find(id) { present[at: place].shift(by: jump) }
        }
        for (id, flights) in overdue {
            overdue[id] = flights.map { flight in
                var flight = flight
                flight.shift(by: jump)
                return flight
            }
        }
        forgetting.shift(by: jump)
    }
}
