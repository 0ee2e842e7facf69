public import ArgumentParser
public import ConnmixDevEngine

/// What goes wrong with commands, on each node, once each.
struct FaultOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Drop the connection before the N-th command is applied.", valueName: "n"))
    var dropBefore: [Int] = []
    @Option(help: ArgumentHelp("Apply the N-th command and drop the connection instead of answering.", valueName: "n"))
    var dropAfter: [Int] = []
    @Option(help: ArgumentHelp("Apply the N-th command and never answer it.", valueName: "n"))
    var swallow: [Int] = []
    @Option(help: ArgumentHelp("Refuse the N-th command with an error.", valueName: "n"))
    var refuse: [Int] = []

    func validate() throws {
        for number in dropBefore + dropAfter + swallow + refuse where number < 1 {
            throw ValidationError("there is no command \(number); commands are counted from 1")
        }
    }

    /// Commands are counted in the order in which a node gets them, `queue.pop` too.
    func add(to engine: DevEngine) async throws {
        var faults: [(number: Int, action: DevEngine.Fault.Action)] = []
        faults += dropBefore.map { ($0, .dropBefore()) }
        faults += dropAfter.map { ($0, .dropAfter()) }
        faults += swallow.map { ($0, .swallow) }
        faults += refuse.map { ($0, .error(code: 999, message: "refused by --refuse")) }
        faults.sort { $0.number < $1.number }
        for node in engine.nodes {
            // A fault does not see the commands that an earlier one struck.
            for (struck, fault) in faults.enumerated() {
                try await engine.addFault(.init(fault.action, skip: max(0, fault.number - 1 - struck)), node: node.id)
            }
        }
    }
}

extension DevEngine.Dialect: ExpressibleByArgument {}
