/// One second of a soak.
public struct SoakSample: Sendable, Hashable {
    public var second: Double
    public var residentKiB: Int
    public var descriptors: Int
    public var threads: Int
    public var logBytes: Int
    public var fileBytes: Int
    public var atRisk: Int
    public var journalOpen: Int
    public var outboxOpen: Int
    public var handedOut: Int

    static let header = "second,rss_kib,descriptors,threads,log_bytes,file_bytes,at_risk,journal_open,outbox_open,handed_out\n"

    var line: String {
        "\((second * 10).rounded() / 10),\(residentKiB),\(descriptors),\(threads),\(logBytes),\(fileBytes),"
            + "\(atRisk),\(journalOpen),\(outboxOpen),\(handedOut)\n"
    }

    /// The log keeps the room that it has, up to 64 MiB; while a backup holds a snapshot, what is written meanwhile comes on top.
    static let logLimit = 96 << 20

    /// What has to stay flat, of samples after the warm-up.
    public static func flatness(_ samples: [SoakSample]) -> [Flatness] {
        func values(_ figure: (SoakSample) -> Int) -> [Double] { samples.map { Double(figure($0)) } }
        return [
            Flatness("memory, KiB", values(\.residentKiB), share: 0.1, least: 8_192),
            Flatness("descriptors", values(\.descriptors), share: 0, least: 4),
            Flatness("threads", values(\.threads), share: 0, least: 2),
            Flatness("file, bytes", values(\.fileBytes), share: 0.1, least: 4_194_304),
            Flatness("at risk, messages", values(\.atRisk), share: 0, least: 50),
            Flatness("waiting, entries", values(\.journalOpen), share: 0, least: 500),
        ]
    }
}
