// README's ten lines of Swift, and their test: the hidden lines lead them to an engine and a folder of the test's own.

import ConnmixDevEngine
// snippet.ten-lines
import ConnmixDurable
// snippet.hide
import Testing
import TestSupport

private func tenLines(_ center: String, _ folder: String) async throws {
    // snippet.show

    var configuration = ConsumerConfiguration(topics: ["chat"])
    configuration.centers = ["127.0.0.1:6787"]
    configuration.database = "chat.sqlite3"
    // snippet.hide
    (configuration.centers, configuration.database) = ([center], folder + "/" + configuration.database)
    // snippet.show
    let consumer = ConnmixConsumer(configuration: configuration) { message, context in
        try context.subscribe(message.client, to: "room:7")
        try context.meshPublish(to: "room:7", "\(message.client) joined")
        try context.meshSend(to: message.client, "received: \(message.text ?? "")")
    }
    try await consumer.run()
    // snippet.end
}

@Suite("README's ten lines", .timeLimit(.minutes(1)))
struct TenLinesTests {
    @Test("they subscribe, publish and answer")
    func runs() async throws {
        try await withFolder { folder in
            try await withDevEngine { engine in
                async let _ = tenLines(engine.center, folder)
                let user = try await engine.connectEndUser()
                var frames = user.frames.makeAsyncIterator()
                try await user.send("hello")
                #expect(await frames.next()?.text == "\(user.id) joined")
                #expect(await frames.next()?.text == "received: hello")
            }
        }
    }
}
