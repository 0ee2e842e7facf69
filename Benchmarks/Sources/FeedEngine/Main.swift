import ConnmixDevEngine
import Glibc

/// An engine whose queue holds N messages. Ends when its standard input does.
///
///     FeedEngine <messages> <clients> <payload bytes> [<messages a second>]
@main
enum Main {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst().compactMap(Double.init)
        guard arguments.count >= 3 else { return print("usage: FeedEngine <messages> <clients> <payload bytes> [<a second>]") }
        let rate = arguments.count > 3 ? arguments[3] : nil
        var configuration = DevEngine.Configuration()
        configuration.settings.recording = false
        let engine = try await DevEngine.start(configuration)
        print(engine.center)
        fflush(nil)  // before anybody reads: it waits for the locks of all streams
        let waiting = Task.detached {
            while readLine() != nil {}
        }
        let feed = try await engine.feed(
            count: Int(arguments[0]), clients: Int(arguments[1]), payloadBytes: Int(arguments[2]), perSecond: rate)
        try await feed.waitUntil(answered: Int(arguments[0]))
        await waiting.value
        try await engine.shutdown()
    }
}
