import ConnmixDurable

/// What is different in a payload, for people who decide about it: value by value where both are JSON, else whole. Pure.
struct PayloadDifference {
    private static let shown = 40

    /// A value that is gone, or one that is new.
    private struct Line: Equatable {
        let sign: Character
        let path: String
        let value: String
    }

    private let lines: [Line]

    init(_ old: [UInt8], _ new: [UInt8]) {
        var lines: [Line] = []
        if let oldValue = JSONParts.value(in: old), let newValue = JSONParts.value(in: new) {
            Self.compare(oldValue, newValue, at: "", &lines)
        } else {
            Self.replace(old[...], new[...], at: "", &lines)
        }
        self.lines = lines
    }

    /// Nothing but white space, or the way in which values are written, is different.
    var isEmpty: Bool { lines.isEmpty }

    func text(_ terminal: Terminal) -> String {
        var text = lines.prefix(Self.shown).map { line in
            let place = line.path.isEmpty ? "" : "\(line.path): "
            let words = "\(line.sign) \(place)\(line.value.boundedForPeople(4_096))".escapedForTerminal
            return terminal.paint(terminal.width.map { words.cut(to: $0) } ?? words, line.sign == "-" ? .red : .green) + "\n"
        }.joined()
        let hidden = lines.count - Self.shown
        if hidden > 0 { text += "and \(hidden) more lines\n" }
        return text
    }

    // MARK: -

    private static func compare(_ old: ArraySlice<UInt8>, _ new: ArraySlice<UInt8>, at path: String, _ lines: inout [Line]) {
        guard !old.elementsEqual(new) else { return }
        if let olds = JSONParts.members(of: old), let news = JSONParts.members(of: new) {
            func place(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
            for member in olds {
                if let other = news.last(where: { $0.name == member.name }) {
                    compare(member.value, other.value, at: place(member.name), &lines)
                } else {
                    lines.append(Line(sign: "-", path: place(member.name), value: text(member.value)))
                }
            }
            for member in news where !olds.contains(where: { $0.name == member.name }) {
                lines.append(Line(sign: "+", path: place(member.name), value: text(member.value)))
            }
        } else if let olds = JSONParts.elements(of: old), let news = JSONParts.elements(of: new), olds.count == news.count {
            for (index, pair) in zip(olds, news).enumerated() { compare(pair.0, pair.1, at: "\(path)[\(index)]", &lines) }
        } else {
            replace(old, new, at: path, &lines)
        }
    }

    private static func replace(_ old: ArraySlice<UInt8>, _ new: ArraySlice<UInt8>, at path: String, _ lines: inout [Line]) {
        lines.append(Line(sign: "-", path: path, value: text(old)))
        lines.append(Line(sign: "+", path: path, value: text(new)))
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
