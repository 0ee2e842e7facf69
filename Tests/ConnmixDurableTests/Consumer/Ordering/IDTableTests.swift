import TestSupport
import Testing

@testable import ConnmixDurable

@Suite("the table of ids")
struct IDTableTests {
    @Test("it holds what a dictionary holds, whatever comes and goes")
    func likeADictionary() throws {
        var generator = SeededGenerator(for: "IDTable")
        var table = IDTable<String>()
        var dictionary: [Int64: String] = [:]
        for step in 0..<20_000 {
            // Near each other, and far apart by what the table is large.
            let id = Int64.random(in: 1...64, using: &generator) * (step % 3 == 0 ? 4_096 : 1)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0, 1:
                if let place = table.find(id) {
                    table[at: place] += "+"
                    dictionary[id]? += "+"
                } else {
                    table.insert("\(step)", for: id)
                    dictionary[id] = "\(step)"
                }
            case 2:
                let removed = table.remove(id)
                #expect(removed == dictionary.removeValue(forKey: id))
            default:
                #expect(table[id] == dictionary[id] && table.contains(id) == (dictionary[id] != nil))
            }
            try #require(table.count == dictionary.count)
        }
        #expect(Set(table.keys) == Set(dictionary.keys) && table.isEmpty == dictionary.isEmpty)
        for (id, value) in dictionary { #expect(table[id] == value) }
    }
}
