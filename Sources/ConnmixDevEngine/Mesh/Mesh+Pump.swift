import NIOCore

extension Mesh {
    /// Bytes that one topic may write before the others, and the readers, have their turn.
    private static let slice = 256 << 10

    /// Moves events from queues to consumers. False when there was more than one turn's worth.
    func pump() -> Bool {
        var isDone = true
        for place in self.memory.nodes.indices where self.memory.nodes[place].isRunning {
            for queue in self.memory.nodes[place].queues.indices {
                self.refill(place, queue)
                if self.memory.nodes[place].isCut || self.memory.nodes[place].queues[queue].events.isEmpty { continue }
                if !self.pump(place, queue) { isDone = false }
            }
        }
        return isDone
    }

    private func pump(_ place: Int, _ queue: Int) -> Bool {
        let consumers = self.memory.nodes[place].queues[queue].consumers
        guard !consumers.isEmpty else { return true }
        let links = consumers.map { self.shells[place].connections[$0]?.link }
        let settings = self.memory.settings
        let refillBelow = settings.topicSize / 2
        let isFed = self.shells[place].feeds[queue] != nil
        var written = 0
        var left = self.memory.nodes[place].queues[queue].events.count
        while written < Self.slice {
            if isFed, left < refillBelow { self.refill(place, queue) }
            for link in links { link?.flushIfFull() }
            // What was read meanwhile may have come from or ended a consumer: begin again in the next turn.
            guard let turn = self.memory.nodes[place].queues[queue].turn(of: consumers) else { return false }
            guard let consumer = Self.nextConsumer(turn, links),
                let popped = self.memory.nodes[place].queues[queue].pop(turn: (consumer + 1) % links.count)
            else { return true }
            let event = popped.event
            links[consumer]?.write(event.frame)
            written += event.frame.readableBytes
            left = popped.left
            if event.feed >= 0 { self.feeds[Int(event.feed)].memory.popped += 1 }
            if popped.isAwaited {
                self.memory.nodes[place].unblock(queue, settings: settings)
                left = self.memory.nodes[place].queues[queue].events.count
            }
        }
        return false
    }

    /// The place in `links` of the next one in turn that can take an event.
    private static func nextConsumer(_ turn: Int, _ links: [WebSocketLink?]) -> Int? {
        for step in links.indices {
            let consumer = (turn + step) % links.count
            if links[consumer]?.canTake ?? false { return consumer }
        }
        return nil
    }

    private func refill(_ place: Int, _ queue: Int) {
        guard let runs = self.shells[place].feeds[queue] else { return }
        let now = NIODeadline.now().uptimeNanoseconds
        for run in runs {
            let room = self.memory.settings.topicSize - self.memory.nodes[place].queues[queue].events.count
            var number = min(room, run.memory.due(now: now))
            guard number > 0 else { continue }
            let template = self.memory.nodes[place].queues[queue].template
            let capacity = self.memory.settings.topicSize
            while number > 0 {
                let batch = min(number, 256)
                number -= batch
                let frames = run.memory.render(batch, template: template)
                self.memory.nodes[place].queues[queue].push(frames, feed: run.index, capacity: capacity)
            }
        }
    }
}
