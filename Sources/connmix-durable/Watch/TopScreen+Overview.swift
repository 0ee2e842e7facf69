import ConnmixDurable

/// The first screen: rates, ledgers, nodes, lanes, causes.
extension TopScreen {
    func overview(_ snapshot: StatusSnapshot, room: Int) -> [String] {
        var lines = (isLarge ? facts(snapshot.status) + charts : rates).map { $0.text(terminal) }
        lines.append("")
        lines += StatusScreen.ledgers(snapshot.status, terminal).split(separator: "\n").map(String.init)
        lines.append("")
        return lines + sections(snapshot, room: room - lines.count)
    }

    private func facts(_ status: StatusReport) -> [ScreenLine] {
        let handler = [status.handler, status.consumer.handlerVersion.map { "version \($0)" }].compactMap { $0 }
        let database = status.database
        let facts = [
            ("handler", handler.joined(separator: ", ")), ("topics", status.topics.joined(separator: ", ")),
            ("loss bound", status.lossBound.text),
            ("file", "\(ByteText.text(database.bytes)) and \(ByteText.text(database.walBytes)) log"),
        ]
        return facts.filter { !$0.1.isEmpty }.map { name, value in
            var line = ScreenLine(name.padded(to: 12), .dim)
            line.add(value)
            return line
        } + [ScreenLine()]
    }

    // MARK: Rates

    private struct Rate {
        let name: String
        let value: KeyPath<ActivityReport.Rates, Double>
        let colour: Colour
    }

    private var shown: [Rate] {
        [
            Rate(name: "received", value: \.received, colour: .cyan), Rate(name: "handled", value: \.handled, colour: .green),
            Rate(name: "sent", value: \.sent, colour: .green), Rate(name: "failed", value: \.failed, colour: .red),
        ]
    }

    private var rates: [ScreenLine] {
        shown.map { rate in
            var line = ScreenLine(rate.name.padded(to: 9), .dim)
            let numbers = model.history.map { $0.rates[keyPath: rate.value] }
            let colour = numbers.allSatisfy { $0 == 0 } ? Colour.dim : rate.colour
            line.add((numbers.last.map { RateText.text($0) + "/s" } ?? "-").padded(to: 8, atRight: false) + "  ", colour)
            line.add(Sparkline.text(numbers, width: width - line.width, hasUnicode: terminal.hasUnicode), colour)
            return line
        }
    }

    /// Two beside each other, or all four.
    private var charts: [ScreenLine] {
        let columns = width >= 180 ? 4 : 2
        let gap = 3
        let chartWidth = (width - gap * (columns - 1)) / columns
        let charts = shown.map { chart($0, width: chartWidth, height: height >= 50 ? 6 : 4) }
        return stride(from: 0, to: charts.count, by: columns).flatMap { first in
            let row = charts[first..<min(first + columns, charts.count)]
            return (row.first ?? []).indices.map { index in
                var line = ScreenLine()
                for (place, chart) in row.enumerated() {
                    line.advance(to: place * (chartWidth + gap))
                    line.add(chart[index])
                }
                return line
            }
        }
    }

    /// A title with the scale, and the columns.
    private func chart(_ rate: Rate, width: Int, height: Int) -> [ScreenLine] {
        let samples = model.history.suffix(width)
        let numbers = samples.map { $0.rates[keyPath: rate.value] }
        let colour = numbers.allSatisfy { $0 == 0 } ? Colour.dim : rate.colour
        var title = ScreenLine(rate.name.padded(to: 9), .dim)
        title.add((numbers.last.map { RateText.text($0) + "/s" } ?? "-").padded(to: 8, atRight: false), colour)
        if let first = samples.first, let last = samples.last, let most = numbers.max() {
            let span = Age.text(microseconds: max(0, last.at - first.at))
            title.add("  scale 0 to \(RateText.text(most))/s, over \(span)", .dim)
        }
        return [title]
            + Chart.lines(numbers, width: width, height: height, hasUnicode: terminal.hasUnicode).map { ScreenLine($0, colour) }
    }
}
