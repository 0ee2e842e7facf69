@testable import ConnmixDurable

/// What a center says: `DirectoryDecoder`, and the addresses in it.
enum DirectoryTarget {
    @Sendable static func run(_ bytes: UnsafeRawBufferPointer) throws {
        let body = Array(bytes)
        do throws(ConnmixError) {
            _ = try DirectoryDecoder.versions(body)
        } catch { try bounded(error) }
        let directory: Directory
        do throws(ConnmixError) {
            directory = try DirectoryDecoder.nodes(body)
        } catch { return try bounded(error) }
        try hold((try? DirectoryDecoder.nodes(body)) == directory, "decoding twice gives the same")
        try hold(directory.nodes.count + directory.skipped.count <= DirectoryDecoder.nodeLimit, "a list is bounded")
        try hold(Set(directory.nodes).count == directory.nodes.count, "a node is listed once")
        for node in directory.nodes {
            try hold((1...DirectoryDecoder.idLimit).contains(node.id.utf8.count), "an id is bounded")
            try hold(node.id.unicodeScalars.allSatisfy(\.isForPeople), "an id can be shown")
            try hold((1...65_535).contains(node.address.port), "a port is one")
            try hold((try? NodeAddress("\(node.address)")) == node.address, "an address is read back: \(node.address)")
        }
        if let trouble = Directory.trouble(directory.skipped + directory.doubles) {
            try hold(trouble.unicodeScalars.allSatisfy(\.isForPeople), "what is wrong can be shown")
            try hold(trouble.utf8.count <= 4_096, "what is wrong is bounded: \(trouble.utf8.count)")
        }
    }

    private static func bounded(_ error: ConnmixError) throws {
        try hold(error.code == .unreachable, "a center that talks nonsense counts as not reachable")
        try hold(error.message.utf8.count <= 300, "an error is bounded")
        try hold(error.message.unicodeScalars.allSatisfy(\.isForPeople), "an error can be shown")
    }
}
