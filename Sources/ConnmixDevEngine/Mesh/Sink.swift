/// Where frames for an end user go.
enum Sink {
    case chat(ChatConnection)
    case user(EndUserInbox)
    case feed(FeedRun, Int)
}
