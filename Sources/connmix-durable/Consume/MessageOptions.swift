public import ArgumentParser
public import ConnmixDurable

/// Order, repeats, retries and retention of messages.
struct MessageOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Handled one after the other: messages of one client, of one topic, none, or those with one value in their data, such as frame.uid. (client)",
            valueName: "client|topic|none|path"))
    var lane: LaneChoice?
    @Option(help: "Behind a message that waits for its retry its lane waits (strict) or goes on (relaxed). (strict)")
    var laneOrder: Lanes.Order?
    @Option(help: "Behind a dead message its lane goes on (skip) or stands still until somebody acts (park). (skip)")
    var deadHead: Lanes.DeadHead?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Handle a message once within the window, told by these values in its data; client stands for its client. Default: always.",
            valueName: "path"))
    var dedupe: [DedupePart] = []
    @Option(help: ArgumentHelp("How long a message is remembered for --dedupe: seconds, or 2h. (1h)", valueName: "time"))
    var dedupeWindow: SecondsOrAge?

    @Option(
        help: ArgumentHelp(
            "Acknowledge messages to the end user's connection: set this context value there. Default: not.", valueName: "key"))
    var acknowledge: String?
    @Option(help: ArgumentHelp("What it is set to: this value of the data, such as frame.data.n.", valueName: "path"))
    var acknowledgeValue: JSONPath?
    @Option(help: "With the commit that journals the message, or the one that ends it: journaled or handled. (journaled)")
    var acknowledgeWhen: Acknowledgement.Moment?

    @Option(
        help: ArgumentHelp(
            """
            After so many different messages of a topic in a row that failed for one cause try them one at a time, with growing pauses, and \
            without counting an attempt, until one succeeds. 0: never. (20)
            """, valueName: "n"))
    var probeAfter: Int?
    @Option(help: "Seconds of the first pause before a message is tried again. (--backoff-base)")
    var retryBase: Seconds?
    @Option(help: "Seconds of the longest such pause. (--backoff-cap)")
    var retryCap: Seconds?

    @Option(
        help: ArgumentHelp(
            "Delete what is done and sent when it is older: seconds, or 7d. 0: keep it. (0)", valueName: "time"))
    var retentionAge: SecondsOrAge?
    @Option(
        help: ArgumentHelp(
            "Delete the oldest of it while the database holds more: bytes, or 10G. 0: keep it. (0)", valueName: "bytes"))
    var retentionSize: ByteCount?

    func validate() throws {
        if case .noLanes? = lane {
            for (flag, isGiven) in [("--lane-order", laneOrder != nil), ("--dead-head", deadHead != nil)] where isGiven {
                throw ValidationError("\(flag) says how lanes behave, but --lane none makes none; leave one of them out")
            }
        }
        guard dedupeWindow == nil || !dedupe.isEmpty else {
            throw ValidationError("--dedupe-window says for how long, but not what; name the key with --dedupe")
        }
        guard (acknowledge == nil) == (acknowledgeValue == nil) else {
            throw ValidationError("--acknowledge KEY and --acknowledge-value PATH go together; give both or none")
        }
        guard acknowledgeWhen == nil || acknowledge != nil else {
            throw ValidationError("--acknowledge-when says when, but not what; name the context value with --acknowledge")
        }
    }

    func apply(to configuration: inout ConsumerConfiguration) {
        if let lane { configuration.lanes = lane.lanes }
        if let laneOrder { configuration.lanes.order = laneOrder }
        if let deadHead { configuration.lanes.deadHead = deadHead }
        if !dedupe.isEmpty {
            let parts = dedupe
            configuration.dedupe = Dedupe(window: dedupeWindow?.duration ?? .seconds(3_600)) { DedupePart.key(parts, of: $0) }
        }
        if let acknowledge, let path = acknowledgeValue {
            configuration.acknowledge = .contextValue(acknowledge, when: acknowledgeWhen ?? .journaled) { message in
                path.value(in: message.data)?.json
            }
        }
        if let probeAfter { configuration.probeAfter = probeAfter }
        if let retryBase { configuration.retry.base = retryBase.duration }
        if let retryCap { configuration.retry.cap = retryCap.duration }
        configuration.retention = Retention(age: retentionAge?.duration, bytes: retentionSize?.bytes)
    }
}

extension Acknowledgement.Moment: ExpressibleByArgument {
    public init?(argument: String) {
        self.init(argument, of: ["journaled": .journaled, "handled": .handled])
    }
}
