import ArgumentParser
import ConnmixDurable

/// `connmix-durable doctor`
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Looks at what may go wrong around the file: library, pragmas, file system, disk, clock, locks, modes.",
        discussion: """
            Example:  connmix-durable doctor --database orders.sqlite3
            Exit code 1 where there is a problem. It changes nothing.
            """)

    @OptionGroup var options: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let report = try DatabaseDoctor(database: options.database).examine()
        if output.json {
            for finding in report.findings {
                try StandardOutput().write(
                    JSONWriter.line { writer in
                        writer.key("name"); writer.string(finding.name)
                        writer.key("level"); writer.string(finding.level.rawValue)
                        writer.key("words"); writer.string(finding.words)
                    })
            }
        } else {
            try StandardOutput().write(Self.text(report, .output))
        }
        let problems = report.findings.count { $0.level == .problem }
        guard problems == 0 else {
            throw Failure(.failed, "\(options.database) has \(problems) problem\(problems == 1 ? "" : "s"); see above")
        }
    }

    static func text(_ report: HealthReport, _ terminal: Terminal) -> String {
        report.findings.map { finding in
            let colour: Colour =
                switch finding.level {
                case .ok: .green
                case .warning: .yellow
                case .problem: .red
                }
            let level = terminal.paint(finding.level.rawValue.padded(to: 7), colour)
            return "\(level)  \(finding.name.padded(to: 11))  \(finding.words.escapedForTerminal)\n"
        }.joined()
    }
}
