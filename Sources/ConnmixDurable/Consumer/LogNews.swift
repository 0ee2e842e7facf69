extension ConsumerEvent {
    init(_ news: LogKeeper.News, why: String) {
        self =
            switch news {
            case .grown(let bytes): .logGrown(bytes: bytes, reason: why)
            case .shrunk(let bytes): .logShrunk(bytes: bytes)
            }
    }
}
