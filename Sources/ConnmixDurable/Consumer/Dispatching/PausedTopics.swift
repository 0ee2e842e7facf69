/// What is paused by hand: whose messages are not handled, and which queues are not popped.
struct PausedTopics: Sendable, Equatable {
    private(set) var isAll = false
    private(set) var topics: Set<String> = []
    private(set) var isIntakeAll = false
    /// Those that are not popped, where others are.
    private(set) var intake: Set<String> = []

    init(_ pauses: [TopicPause] = []) {
        for pause in pauses {
            if let topic = pause.topic {
                topics.insert(topic)
                if pause.holdsIntake { intake.insert(topic) }
            } else {
                isAll = true
                isIntakeAll = pause.holdsIntake
            }
        }
    }

    var isEmpty: Bool { !isAll && topics.isEmpty }

    func contains(_ topic: String) -> Bool { isAll || topics.contains(topic) }
}
