/// What is to be marked in the file by commits of their own: entries that are to be handled and were not claimed when they were
/// loaded, and entries that were claimed and will not be handled now. Pure.
struct Claims: Sendable {
    private var toClaim: [Int64] = []
    /// Those, and those whose claims are on their way to the file. An entry may become ready twice meanwhile.
    private var claiming: Set<Int64> = []
    /// Claimed in the file, and not in memory any more.
    private var toRelease: [Int64] = []

    var hasClaims: Bool { !toClaim.isEmpty }
    var hasReleases: Bool { !toRelease.isEmpty }
    func isClaiming(_ id: Int64) -> Bool { claiming.contains(id) }
    /// Claims that are on their way or wait to be.
    var underWay: Set<Int64> { claiming }

    // MARK: Claims

    mutating func claim(_ id: Int64) {
        guard claiming.insert(id).inserted else { return }
        toClaim.append(id)
    }

    /// It need not be claimed any more. A claim that is on its way stays noted until it is answered.
    mutating func forget(_ id: Int64) {
        guard let place = toClaim.firstIndex(of: id) else { return }
        toClaim.remove(at: place)
        claiming.remove(id)
    }

    /// Nothing more is claimed.
    mutating func stop() {
        claiming.subtract(toClaim)
        toClaim.removeAll()
    }

    /// Entries to be marked as running, ascending; each at most once.
    mutating func take() -> [Int64] {
        defer { toClaim.removeAll() }
        return toClaim.sorted()
    }

    /// The claims are committed, or could not be.
    mutating func answered(_ claims: [Int64]) {
        assert(claiming.isSuperset(of: claims), "a claim was answered that nobody made")
        claiming.subtract(claims)
    }

    // MARK: Releases

    mutating func release(_ id: Int64) {
        toRelease.append(id)
    }

    mutating func release(_ ids: [Int64]) {
        toRelease += ids
    }

    /// It was never claimed: that was rolled back.
    mutating func keep(_ id: Int64) {
        toRelease.removeAll { $0 == id }
    }

    /// Entries to be given back in the file, ascending.
    mutating func takeReleases() -> [Int64] {
        defer { toRelease.removeAll() }
        return toRelease.sorted()
    }
}
