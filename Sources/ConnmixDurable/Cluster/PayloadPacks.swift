internal import NIOCore

/// Payloads lie in what the socket brought, which is far larger: each would hold all of it for as long as it is in memory, and nobody
/// would count that. Those that do get memory of their own, several together. Pure.
///
/// A pack is small, so that one payload that stays in memory holds little for those that have left. One allocation for each was a
/// twentieth of all.
enum PayloadPacks {
    /// A payload may hold so many bytes more than twice what it has.
    static let excess = 4_096
    /// What payloads share has so many bytes at most; one that has more is by itself.
    static let size = 4_096

    static func pack(_ payloads: inout [ByteBuffer]) {
        var members: [Int] = []
        var bytes = 0
        for index in payloads.indices {
            let payload = payloads[index]
            guard payload.storageCapacity - payload.readableBytes > payload.readableBytes + excess else { continue }
            if bytes + payload.readableBytes > size { move(&members, &bytes, of: &payloads) }
            members.append(index)
            bytes += payload.readableBytes
        }
        move(&members, &bytes, of: &payloads)
    }

    private static func move(_ members: inout [Int], _ bytes: inout Int, of payloads: inout [ByteBuffer]) {
        guard !members.isEmpty else { return }
        var pack = ByteBuffer()
        pack.reserveCapacity(bytes)
        // All is written before the first is sliced: what is shared is copied at the next write.
        for index in members { pack.writeImmutableBuffer(payloads[index]) }
        for index in members {
            guard let payload = pack.readSlice(length: payloads[index].readableBytes) else {
                preconditionFailure("a pack lacks what was written into it")
            }
            payloads[index] = payload
        }
        members.removeAll(keepingCapacity: true)
        bytes = 0
    }
}
