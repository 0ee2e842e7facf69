/// A way on which a node takes commands.
protocol CommandRoute: AnyObject, Sendable {
    var identity: NodeIdentity { get }

    /// Sends commands, in order. Each gets its outcome through the delegate, also where the route is closed.
    func send(_ commands: [(id: Int64, command: Command)])
}
