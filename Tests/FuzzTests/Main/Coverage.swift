import Glibc

/// What libFuzzer looks at after each input.
///
/// There is a counter for each of 700,000 places in the program, and libFuzzer clears and reads all that it knows of for every input, though
/// an input passes a few thousand of them. Here they are kept from it at first (the linker's `--wrap`, see Package.swift), and it hears
/// of a part when something in it was passed. That makes it about five times as fast.
enum Coverage {
    private static let partSize = 1_024
    /// How often the parts that nobody has passed yet are looked through: after each of the first inputs, later after one in so many.
    private static let (first, pause) = (1_000, 128)

    fileprivate nonisolated(unsafe) static var counters = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// Two words a place.
    fileprivate nonisolated(unsafe) static var places: UnsafePointer<UInt>?
    private nonisolated(unsafe) static var isKnown: [Bool] = []
    private nonisolated(unsafe) static var inputs = 0
    private static let zeros = [UInt8](repeating: 0, count: partSize)

    /// Forgets what was passed since the program began.
    static func begin() {
        isKnown = Array(repeating: false, count: counters.count / partSize + 1)
        counters.initializeMemory(as: UInt8.self, repeating: 0)
    }

    /// All parts at once: for a merge, which compares what processes have passed.
    static func addAll() {
        guard let start = counters.baseAddress, let places else { return }
        isKnown = isKnown.map { _ in true }
        addCounters(start, start + counters.count)
        addPlaces(places, places + 2 * counters.count)
    }

    /// Call it after each input.
    static func passed() {
        inputs += 1
        guard inputs <= first || inputs % pause == 0, let start = counters.baseAddress, let places else { return }
        for part in isKnown.indices where !isKnown[part] {
            let from = part * partSize
            let count = min(partSize, counters.count - from)
            guard count > 0, memcmp(start + from, zeros, count) != 0 else { continue }
            isKnown[part] = true
            addCounters(start + from, start + from + count)
            addPlaces(places + 2 * from, places + 2 * (from + count))
        }
    }
}

@_cdecl("__wrap___sanitizer_cov_8bit_counters_init")
public func counters(_ start: UnsafeMutableRawPointer, _ end: UnsafeMutableRawPointer) {
    Coverage.counters = UnsafeMutableRawBufferPointer(start: start, count: end - start)
}

@_cdecl("__wrap___sanitizer_cov_pcs_init")
public func places(_ start: UnsafePointer<UInt>, _ end: UnsafePointer<UInt>) {
    Coverage.places = start
}

@_silgen_name("__real___sanitizer_cov_8bit_counters_init")
private func addCounters(_ start: UnsafeMutableRawPointer, _ end: UnsafeMutableRawPointer)

@_silgen_name("__real___sanitizer_cov_pcs_init")
private func addPlaces(_ start: UnsafePointer<UInt>, _ end: UnsafePointer<UInt>)
