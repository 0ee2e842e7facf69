import ConnmixDurable

/// Whether a consumer takes messages and can handle them, told by how it stands.
struct Readiness {
    /// Why it is not ready; `nil` where it is.
    let obstacle: String?

    init(_ standing: ConsumerStanding) {
        obstacle =
            if standing.hasEnded {
                "the consumer has ended"
            } else if let paused = standing.paused {
                "nothing is taken: \(paused)"
            } else if let trouble = standing.handlerTrouble {
                "handlers cannot run: \(trouble)"
            } else {
                standing.consuming == 0 ? "no node is being consumed" : nil
            }
    }
}
