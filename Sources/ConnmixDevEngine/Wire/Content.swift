/// The data of `mesh.send` and `mesh.publish`: decoded only where somebody wants the bytes.
struct Content {
    let isText: Bool
    private let data: Range<Int>
    private let binary: [UInt8]

    /// Nil for what is not a string, an unknown type, or broken base64. `php105` knows no types.
    init?(_ params: CommandParams, _ bytes: UnsafeRawBufferPointer, dialect: DevEngine.Dialect) {
        guard let data = params.data, JSONText.isString(bytes, data) else { return nil }
        self.data = data
        guard dialect == .docs, let type = params.type, !JSONText.equals(bytes, type, #""text""#) else {
            self.isText = true
            self.binary = []
            return
        }
        guard JSONText.equals(bytes, type, #""binary""#),
            let decoded = Base64.decode(JSONText.decode(bytes, data))
        else { return nil }
        self.isText = false
        self.binary = decoded
    }

    func bytes(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        self.isText ? JSONText.decode(bytes, self.data) : self.binary
    }
}
