import ConnmixDurable
import FoundationEssentials

/// What an import was begun with, as its action keeps it.
struct ImportSource: Codable {
    var file: String
    /// Of the lines; `nil` where an earlier version began it.
    var digest: String?
    /// All entries were to be pending.
    var pending: Bool?

    init(file: String, digest: String, pending: Bool) {
        (self.file, self.digest, self.pending) = (file, digest, pending)
    }

    /// - Throws: `Failure` where the record is not an import's.
    init(_ action: OperatorAction) throws {
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(action.selection.utf8))
        } catch {
            throw Failure(.badData, "what is recorded of action \(action.id) is no import; undo it and begin anew")
        }
    }

    /// As JSON, for the record.
    var json: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("file"); writer.string(file)
            writer.key("digest"); writer.string(digest)
            writer.key("pending"); writer.bool(pending == true)
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
