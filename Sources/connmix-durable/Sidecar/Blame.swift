/// Whether workers that read a message and ended without an answer say something of that message, or of the program. Pure.
///
/// One message that ends every worker is a poison, and must be dead in the end (P6). A program that ends at every message cannot run,
/// and no message may pay for it. The two look alike until there is a second message: where workers of a program that has never
/// answered anything ended with different ones, it is the program.
struct Blame {
    /// Something was answered in this run.
    private(set) var isProven = false
    /// Those with which workers ended since the last answer: the first two different ones.
    private var fallen: Set<Int64> = []
    /// Those of them that wait for another worker.
    private var waiting: Set<Int64> = []

    /// How often each of them has gone to another worker without an attempt.
    private var spared: [Int64: Int] = [:]

    /// So often a message is spared. Where as many poisons as there are workers stand before all others, nothing else can show who is to
    /// blame, and they must be dead in the end; a program that cannot run is started anew every five seconds at most, so that this takes
    /// long for it.
    static let spareLimit = 20

    /// Whether no handler can run, as far as anybody can tell.
    var isOfProgram: Bool { !isProven || fallen.count > 1 }

    mutating func answered() {
        isProven = true
        fallen.removeAll()
        waiting.removeAll()
        spared.removeAll()
    }

    /// A worker that had answered nothing has read the message and ended.
    ///
    /// - Parameter mayWait: whether it is the first time with this one, and there are others that may show who is to blame.
    /// - Returns: whether the message goes to another worker, without an attempt.
    mutating func fell(_ message: Int64, mayWait: Bool) -> Bool {
        if fallen.count < 2 { fallen.insert(message) }
        guard !isProven else { return false }
        waiting.insert(message)
        if spared[message, default: 0] < Self.spareLimit, mayWait || waiting.count > 1 {
            spared[message, default: 0] += 1
            return true
        }
        failed(message)
        return false
    }

    /// The attempt with the message has failed for another reason.
    mutating func failed(_ message: Int64) {
        waiting.remove(message)
        spared[message] = nil
    }
}
