/// Where a command came from and its answer goes to.
protocol CommandOrigin: AnyObject {
    var place: Int { get }
    /// 0 for HTTP.
    var connection: Int { get }
    func answer(_ answer: Answer, id: UnsafeRawBufferPointer)
    func answer(raw: String)
    func drop(reset: Bool)
}
