import ArgumentParser

/// `5`, `5,9`, `5-9`, and mixtures.
struct IDRanges: ExpressibleByArgument {
    let ranges: [ClosedRange<Int64>]

    init?(argument: String) {
        var ranges: [ClosedRange<Int64>] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
            guard ends.count <= 2, let first = ends[0], let last = ends.last ?? nil, first >= 0, first <= last else {
                return nil
            }
            ranges.append(first...last)
        }
        self.ranges = ranges
    }
}

extension ClosedRange<Int64> {
    /// Its only number. (`count` cannot be asked: it does not fit where a range spans all ids.)
    var single: Int64? { lowerBound == upperBound ? lowerBound : nil }
}
