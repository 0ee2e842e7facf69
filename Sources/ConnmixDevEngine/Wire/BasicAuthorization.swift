import NIOHTTP1

/// HTTP Basic (RFC 7617).
enum BasicAuthorization {
    /// Whether a request carries these credentials; where none are asked for every request does.
    static func isGiven(_ credentials: DevEngine.Credentials?, by head: HTTPRequestHead) -> Bool {
        guard let credentials else { return true }
        guard let header = head.headers.first(name: "Authorization") else { return false }
        let words = header.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "basic", let text = Base64.decode(Array(words[1].utf8)) else {
            return false
        }
        return text == Array("\(credentials.user):\(credentials.password)".utf8)
    }
}
