@testable import ConnmixDurable

/// The library's reading. A file of its own: the engine's types have the same names.
func libraryTakesJSON(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBufferPointer { JSONScanner.isValue($0) }
}
