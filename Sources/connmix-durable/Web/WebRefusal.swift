import NIOHTTP1

/// Why a request is not served.
struct WebRefusal: Error, Equatable {
    let status: HTTPResponseStatus
    let reason: String
    var headers: [String: String] = [:]

    var response: HTTPService.Response {
        var all = HTTPHeaders()
        for (name, value) in headers { all.add(name: name, value: value) }
        return .init(
            status: status,
            body: JSONWriter.text { writer in
                writer.key("error"); writer.string(reason)
            }, headers: all)
    }
}
