import ArgumentParser

/// `data.user.phone`, or several with commas: which values of a JSON object are not shown. A backslash before a dot, a comma or a
/// backslash makes it a part of the key.
struct RedactionRules: ExpressibleByArgument {
    let paths: [[String]]

    init?(argument: String) {
        var (paths, path, key) = ([[String]](), [String](), "")
        var isEscaped = false
        for scalar in argument.unicodeScalars {
            switch scalar {
            case _ where isEscaped:
                key.unicodeScalars.append(scalar)
                isEscaped = false
            case "\\": isEscaped = true
            case ".": (path, key) = (path + [key], "")
            case ",": (paths, path, key) = (paths + [path + [key]], [], "")
            default: key.unicodeScalars.append(scalar)
            }
        }
        paths.append(path + [key])
        // As in other paths, a dot may stand before the first key.
        self.paths = paths.map { $0.count > 1 && $0[0].isEmpty ? Array($0.dropFirst()) : $0 }
        guard !isEscaped, self.paths.allSatisfy({ path in path.count <= 64 && path.allSatisfy { !$0.isEmpty } }) else {
            return nil
        }
    }

    /// As it is written.
    static func text(of path: [String]) -> String {
        path.map { key in
            // By scalars, as they are read: a mark behind a sign makes one character of both.
            key.unicodeScalars.reduce(into: "") { text, scalar in
                if scalar == "\\" || scalar == "." || scalar == "," { text.unicodeScalars.append("\\") }
                text.unicodeScalars.append(scalar)
            }
        }.joined(separator: ".")
    }
}
