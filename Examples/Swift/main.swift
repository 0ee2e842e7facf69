// Runs one of the examples against a development engine of its own: swift run examples NAME

import ConnmixDevEngine
import Foundation

let plays: [String: @Sendable (Stage) async throws -> Void] = [
    "chat": Chat.play,
    "message-center": MessageCenter.play,
    "orders": Orders.play,
    "web-server": WebServer.play,
    "acknowledgement": NumberedFrames.play,
]

guard CommandLine.arguments.count == 2, let play = plays[CommandLine.arguments[1]] else {
    print("usage: swift run examples \(plays.keys.sorted().joined(separator: "|"))")
    exit(64)
}
try await Stage.open(play)
