import ArgumentParser
import ConnmixDurable

/// `dead`, or several with commas.
struct StateList<State: CaseIterable & CustomStringConvertible & Hashable & Sendable>: ExpressibleByArgument, Sendable {
    let states: Set<State>

    init?(argument: String) {
        var states: Set<State> = []
        for name in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let state = State.allCases.first(where: { $0.description == name }) else { return nil }
            states.insert(state)
        }
        self.states = states
    }

    static var allValueStrings: [String] { State.allCases.map(\.description) }

    /// - Throws: where a verb is told to take states that it cannot take.
    static func check(_ named: Set<State>, _ takes: Set<State>, _ verb: String) throws {
        guard let wrong = State.allCases.first(where: { named.contains($0) && !takes.contains($0) }) else { return }
        let names = State.allCases.filter(takes.contains).map(\.description).joined(separator: ", ")
        throw ValidationError("\(verb) is not for what is \(wrong); it takes: \(names)")
    }
}
