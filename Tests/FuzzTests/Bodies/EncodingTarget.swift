import Foundation
import NIOCore

@testable import ConnmixDurable
@testable import connmix_durable

/// Base64 and percent signs, both ways, beside Foundation's and the development engine's.
enum EncodingTarget {
    @Sendable static func run(_ bytes: UnsafeRawBufferPointer) throws {
        var written = ByteBuffer()
        written.writeBase64(bytes)
        let text = String(buffer: written)
        try hold(text == Data(bytes).base64EncodedString(), "Foundation writes the same base64")
        try hold(connmix_durable.Base64.text(Array(bytes)) == text, "the command line writes the same base64")
        try hold(connmix_durable.Base64.bytes(text) == Array(bytes), "base64 is read back")
        try hold(EngineReading.base64(Array(text.utf8)) == Array(bytes), "the engine reads it back")
        if let read = connmix_durable.Base64.bytes(bytes.text) {
            try hold(read.count <= bytes.count / 4 * 3 + 3, "base64 is bounded")
            try hold(EngineReading.base64(Array(bytes)) == read || bytes.count % 4 != 0 || !isStrict(bytes), "both read the same")
        }
        try percents(bytes)
    }

    private static func isStrict(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"): true
            default: false
            }
        }
    }

    private static func percents(_ bytes: UnsafeRawBufferPointer) throws {
        let text = bytes.text
        let decoded = PercentDecoding.decode(text)
        // Where the bytes are no UTF-8, Foundation keeps the signs as they are.
        if let decoded { try hold(decoded == text.removingPercentEncoding, "Foundation decodes the same") }
        if !text.utf8.contains(UInt8(ascii: "%")) { try hold(decoded == text, "without a percent sign nothing changes") }
        let digits = Array("0123456789abcdef".utf8)
        let signs = text.utf8.flatMap { [UInt8(ascii: "%"), digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        let encoded = String(decoding: signs, as: UTF8.self)
        try hold(PercentDecoding.decode(encoded).map { Array($0.utf8) } == Array(text.utf8), "what is encoded is read back")
        // The user and the password of a center: never shown.
        guard let credentials = try? Credentials(userinfo: text) else { return }
        try hold(credentials.authorization.hasPrefix("Basic "), "credentials are a header")
        try hold(credentials.authorization.utf8.allSatisfy { $0 > 0x1F && $0 < 0x7F }, "a header is one line")
        try hold("\(credentials)".utf8.count < 30, "credentials are not shown")
    }
}
