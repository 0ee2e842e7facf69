import NIOCore

/// A feed at work on its node.
final class FeedRun {
    let index: Int32
    let place: Int
    let queue: Int
    var memory: FeedMemory
    var ticks: RepeatedTask?

    init(index: Int32, place: Int, queue: Int, memory: FeedMemory) {
        self.index = index
        self.place = place
        self.queue = queue
        self.memory = memory
    }
}
