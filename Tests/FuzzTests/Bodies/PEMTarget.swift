@testable import ConnmixDurable

/// Files of certificates and keys: BoringSSL reads them, and the words of an error are ours.
enum PEMTarget {
    @Sendable static func run(_ bytes: UnsafeRawBufferPointer) throws {
        let text = Array(bytes)
        do throws(ConnmixError) {
            _ = try TLSClient.certificates(text, of: "file.pem")
        } catch { try said(error, text) }
        do throws(ConnmixError) {
            _ = try TLSClient.key(text, of: "file.pem")
        } catch { try said(error, text) }
    }

    private static func said(_ error: ConnmixError, _ text: [UInt8]) throws {
        try hold(error.code == .invalidConfiguration, "a file that cannot be read is a mistake of configuration")
        try hold(error.message.utf8.count <= 400, "an error is bounded")
        try hold(error.message.unicodeScalars.allSatisfy(\.isForPeople), "an error can be shown")
        // Not one line of a key.
        for line in text.split(separator: 0x0A) where line.count >= 24 {
            try hold(!error.message.contains(String(decoding: line, as: UTF8.self)), "an error does not quote the file")
        }
    }
}
