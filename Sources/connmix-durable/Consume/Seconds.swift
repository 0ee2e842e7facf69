import ArgumentParser

/// Seconds with fractions, as durations are given on the command line.
struct Seconds: ExpressibleByArgument, CustomStringConvertible {
    let duration: Duration
    let description: String

    init?(argument: String) {
        guard let seconds = Double(argument), seconds >= 0, seconds <= 1e7 else { return nil }
        duration = .microseconds(Int64((seconds * 1e6).rounded()))
        description = argument
    }
}

extension Seconds {
    init(_ seconds: Int, tenths: Int = 0) {
        duration = .milliseconds(seconds * 1_000 + tenths * 100)
        description = tenths == 0 ? "\(seconds)" : "\(seconds).\(tenths)"
    }
}
