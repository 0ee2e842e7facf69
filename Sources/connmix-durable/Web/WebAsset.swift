import NIOHTTP1

/// The page and what belongs to it. All of it is in the program; nothing is loaded from elsewhere.
enum WebAsset: String, CaseIterable {
    case page = "/"
    case style = "/console.css"
    case script = "/console.js"
    case texts = "/text.js"
    case icon = "/icon.svg"

    init?(path: String) {
        self.init(rawValue: path)
    }

    var response: HTTPService.Response {
        .init(
            status: .ok, body: String(decoding: bytes, as: UTF8.self),
            headers: [
                "Content-Type": type,
                // Whatever a payload holds, no script but ours runs, nothing is loaded and nothing is sent elsewhere.
                "Content-Security-Policy":
                    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                    + "form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
            ])
    }

    private var type: String {
        switch self {
        case .page: "text/html; charset=utf-8"
        case .style: "text/css; charset=utf-8"
        case .script, .texts: "text/javascript; charset=utf-8"
        case .icon: "image/svg+xml"
        }
    }

    private var bytes: [UInt8] {
        switch self {
        case .page: PackageResources.index_html
        case .style: PackageResources.console_css
        case .script: PackageResources.console_js
        case .texts: PackageResources.text_js
        case .icon: PackageResources.icon_svg
        }
    }
}
