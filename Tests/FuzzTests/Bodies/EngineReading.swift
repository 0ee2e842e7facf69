@testable import ConnmixDevEngine
import NIOCore

/// The development engine's readers, which share nothing with the library's. A file of its own: its types have the same names.
enum EngineReading {
    static func isJSON(_ bytes: UnsafeRawBufferPointer) -> Bool {
        JSONScanner.document(bytes) != nil && isUTF8(bytes)
    }

    static func isJSON(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { isJSON($0) } }

    static func isObject(_ bytes: UnsafeRawBufferPointer) -> Bool {
        JSONScanner.document(bytes).map { bytes[$0.lowerBound] == UInt8(ascii: "{") } ?? false
    }

    static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool { ByteBuffer(bytes: bytes).isUTF8 }

    static func base64(_ text: [UInt8]) -> [UInt8]? { Base64.decode(text) }
}
