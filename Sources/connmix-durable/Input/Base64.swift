import FoundationEssentials

/// Bytes as text of ASCII, by the toolchain.
enum Base64 {
    static func bytes(_ text: String) -> [UInt8]? {
        Data(base64Encoded: text).map { Array($0) }
    }

    static func text(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString()
    }
}
