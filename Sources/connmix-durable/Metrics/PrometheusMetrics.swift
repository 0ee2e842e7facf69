import CoreMetrics
import Synchronization

/// Keeps metrics in memory and shows them in Prometheus' text format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
final class PrometheusMetrics: MetricsFactory {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    /// More are not kept: a label that never repeats must not fill the memory.
    private static let limit = 10_000

    private enum Series {
        case counter(PrometheusCounter)
        case gauge(PrometheusGauge)
        case histogram(PrometheusHistogram)

        var type: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    private let series = Mutex<[MetricName: Series]>([:])

    // MARK: MetricsFactory

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let found = keep(MetricName(label, dimensions, suffix: "_total")) { .counter(PrometheusCounter()) }
        if case .counter(let counter)? = found { return counter }
        return NOOPMetricsHandler.instance
    }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        let found = keep(MetricName(label, dimensions, suffix: "")) {
            aggregate ? .histogram(PrometheusHistogram()) : .gauge(PrometheusGauge())
        }
        switch found {
        case .gauge(let gauge)?: return gauge
        case .histogram(let histogram)?: return histogram
        case .counter?, nil: return NOOPMetricsHandler.instance
        }
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let found = keep(MetricName(label, dimensions, suffix: "_seconds")) { .histogram(PrometheusHistogram()) }
        if case .histogram(let histogram)? = found { return histogram }
        return NOOPMetricsHandler.instance
    }

    // What was counted is counted: a handler that goes away takes nothing with it.
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}

    private func keep(_ name: MetricName, _ make: () -> Series) -> Series? {
        series.withLock { series in
            if let known = series[name] { return known }
            guard series.count < Self.limit else { return nil }
            let new = make()
            series[name] = new
            return new
        }
    }

    // MARK: Text

    var text: String {
        let all = series.withLock { $0 }
        let names = Dictionary(grouping: all, by: { $0.key.name }).sorted { $0.key < $1.key }
        var text = ""
        for (name, group) in names {
            guard let type = group.first?.value.type else { continue }
            text += "# HELP \(name) \(MetricHelp.text(name))\n# TYPE \(name) \(type)\n"
            for (key, series) in group.sorted(by: { $0.key.labels < $1.key.labels }) where series.type == type {
                write(series, key, &text)
            }
        }
        return text
    }

    private func write(_ series: Series, _ key: MetricName, _ text: inout String) {
        func line(_ suffix: String, _ value: String, _ more: String = "") {
            let labels = [key.labels, more].filter { !$0.isEmpty }.joined(separator: ",")
            text += key.name + suffix + (labels.isEmpty ? "" : "{\(labels)}") + " \(value)\n"
        }
        switch series {
        case .counter(let counter): line("", "\(counter.value)")
        case .gauge(let gauge): line("", Self.text(gauge.value))
        case .histogram(let histogram):
            let value = histogram.value
            for bucket in value.cumulative { line("_bucket", "\(bucket.count)", "le=\"\(bucket.bound)\"") }
            line("_sum", Self.text(value.sum))
            line("_count", "\(value.cumulative.last?.count ?? 0)")
        }
    }

    private static func text(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        guard number.isFinite else { return number > 0 ? "+Inf" : "-Inf" }
        return number == number.rounded() && abs(number) < 1e15 ? "\(Int64(number))" : "\(number)"
    }
}
