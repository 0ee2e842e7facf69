/// The word that somebody may have meant. Pure.
enum NearestWord {
    /// - Returns: the nearest of the words; `nil` where none is near: a letter in three may be wrong.
    static func of(_ word: String, among words: [String]) -> String? {
        let word = word.lowercased()
        let near = words.map { (word: $0, distance: distance(word, $0.lowercased())) }.min { $0.distance < $1.distance }
        guard let near, near.distance <= max(1, word.count / 3) else { return nil }
        return near.word
    }

    /// How many letters are missing, too many, wrong, or changed places with the next (https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance,
    /// the restricted one).
    static func distance(_ first: String, _ second: String) -> Int {
        let (first, second) = (Array(first.prefix(100)), Array(second.prefix(100)))
        var (before, above) = ([Int](), Array(0...second.count))
        for row in first.indices {
            var line = [row + 1]
            for column in second.indices {
                let change = above[column] + (first[row] == second[column] ? 0 : 1)
                var least = min(change, above[column + 1] + 1, line[column] + 1)
                if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
                    least = min(least, before[column - 1] + 1)
                }
                line.append(least)
            }
            (before, above) = (above, line)
        }
        return above[second.count]
    }
}
