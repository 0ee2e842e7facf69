import ArgumentParser

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

    static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}
