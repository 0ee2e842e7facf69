/// What Prometheus calls a metric, and its labels. Whatever a label holds, it cannot break a line.
struct MetricName: Hashable {
    let name: String
    /// `state="dead",topic="a"`, sorted and escaped.
    let labels: String

    init(_ label: String, _ dimensions: [(String, String)], suffix: String) {
        name = Self.valid(label, allowing: [":"]) + (label.hasSuffix(suffix) ? "" : suffix)
        labels = dimensions.sorted { $0.0 < $1.0 }
            .map { "\(Self.valid($0.0, allowing: []))=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
    }

    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`
    private static func valid(_ text: String, allowing extra: Set<Character>) -> String {
        var name = ""
        for character in text {
            let isPlain = character.isASCII && (character.isLetter || character.isNumber) || character == "_"
            name.append(isPlain || extra.contains(character) ? character : "_")
        }
        return name.first.map { $0.isNumber } ?? true ? "_" + name : name
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
