import Glibc

/// libFuzzer, with which `make fuzz` links this.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ run: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Set once, before the first input.
nonisolated(unsafe) private var current: FuzzTarget?

/// `fuzz --target=NAME [what libFuzzer takes]`; without a target it names them. libFuzzer passes over what begins with two dashes.
@_cdecl("fuzz_main")
public func fuzzMain(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var words = (0..<Int(count)).compactMap { arguments?[$0].map { String(cString: $0) } }
    let name = words.lazy.compactMap { $0.hasPrefix("--target=") ? $0.dropFirst("--target=".count) : nil }.first
    guard let name, let target = FuzzTarget.all.first(where: { $0.name == name }) else {
        print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
        return name == nil ? 0 : 64
    }
    current = target
    Thoroughness.isWhole = false
    Coverage.begin()
    if words.contains(where: { $0.contains("merge") }) { Coverage.addAll() }
    try? target.run(UnsafeRawBufferPointer(start: nil, count: 0))
    Coverage.passed()
    words.insert("-max_len=\(target.limit)", at: 1)
    var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = .allocate(capacity: words.count + 1)
    for (place, word) in words.enumerated() { list?[place] = strdup(word) }
    list?[words.count] = nil
    var given = CInt(words.count)
    return runDriver(&given, &list) { start, count in
        do {
            try current?.run(UnsafeRawBufferPointer(start: start, count: count))
        } catch {
            fatalError("\(error)")
        }
        Coverage.passed()
        return 0
    }
}
