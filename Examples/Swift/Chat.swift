import ConnmixDurable

/// A chat: who logs in has a name from then on, a room is a channel, and what is said goes to everybody in it.
enum Chat {
    private struct Frame: Decodable {
        var op: String
        var name: String?
        var room: String?
        var text: String?
    }

    /// What connmix adds to each event once the connection's context has `user_id`.
    private struct Session: Decodable {
        var uid: String?
    }

    static func makeHandlers() -> Handlers {
        var handlers = Handlers()
        handlers.handle("chat", as: Frame.self) { frame, message, context in
            if frame.op == "auth" {
                guard let name = frame.name, !name.isEmpty else { throw HandlerError.permanent("a login without a name") }
                // The connection's Lua code waits for this value, so nothing else of it comes before.
                try context.setContextValue(message.client, "user_id", name)
                try context.meshSend(to: message.client, "welcome, \(name)")
                return
            }
            guard let name = try message.decode(Session.self).uid, let room = frame.room else {
                throw HandlerError.permanent("\(frame.op) without a login or a room")
            }
            switch frame.op {
            case "join":
                try context.subscribe(message.client, to: "room:\(room)")
                try context.meshPublish(to: "room:\(room)", "\(name) joined")
            case "say":
                try context.meshPublish(to: "room:\(room)", "\(name): \(frame.text ?? "")")
            case "leave":
                try context.meshPublish(to: "room:\(room)", "\(name) left")
                try context.unsubscribe(message.client, from: "room:\(room)")
            default:
                throw HandlerError.permanent("what is \(frame.op)?")
            }
        }
        return handlers
    }

    @Sendable static func play(_ stage: Stage) async throws {
        try await stage.consuming(makeHandlers()) {
            var ann = try await Person("ann", on: stage.engine)
            try await ann.says(#"{"op":"auth","name":"ann"}"#)
            await ann.hears()
            try await ann.says(#"{"op":"join","room":"7"}"#)
            await ann.hears()
            var bob = try await Person("bob", on: stage.engine)
            try await bob.says(#"{"op":"auth","name":"bob"}"#)
            await bob.hears()
            try await bob.says(#"{"op":"join","room":"7"}"#)
            await bob.hears()
            await ann.hears()
            try await ann.says(#"{"op":"say","room":"7","text":"hello"}"#)
            await bob.hears()
            await ann.hears()
            try await bob.says(#"{"op":"leave","room":"7"}"#)
            await ann.hears()
        }
    }
}
