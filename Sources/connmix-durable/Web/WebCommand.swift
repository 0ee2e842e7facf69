import ArgumentParser
import ConnmixDurable
import Logging
import ServiceLifecycle

/// `connmix-durable web`
struct WebCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "web", abstract: "The console: a page to look at a file, and to repair what it shows.",
        discussion: """
            Examples:
              connmix-durable web --database /var/lib/connmix/messages.sqlite3
              connmix-durable web --allow-changes --token-file /etc/connmix/console.token
              connmix-durable web --redact data.user.phone,data.token

            It reads as the command line does, whether a consumer runs or not, and changes nothing without --allow-changes. Everybody on \
            this machine reaches it; with --token-file only who names the token. Beyond this machine a token is needed, and a proxy that \
            speaks TLS is yours to put before it.
            """)

    @OptionGroup var database: DatabaseOptions
    @Option(
        help: ArgumentHelp(
            "Where the page is. Without a host only this machine is served; port 0 picks a free one.", valueName: "host:port"))
    var listen = MetricsAddress(host: "127.0.0.1", port: 8_787)
    @Flag(help: "Let the page retry, replay, discard, cancel, pause and undo, as the command line does.")
    var allowChanges = false
    @Option(help: ArgumentHelp("The token that the page asks for, in a file. Needed beyond this machine.", valueName: "file"))
    var tokenFile: String?
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Values that are not shown, wherever payloads are: data.user.phone. Several with commas. May be repeated.",
            valueName: "path"))
    var redact: [RedactionRules] = []

    func run() async throws {
        let place = try ServedPlace(listen, tokenFile: tokenFile, .console)
        if let file = place.openTokenFile {
            StandardError.write(line: "every user of this machine may read the token in \(file); make it mode 600")
        }
        _ = try database.inspector()
        let desk = WebDesk(database: database.database, redaction: redact, allowsChanges: allowChanges, isAlone: true)
        let http = try await HTTPService.bind(place.address, flag: "--listen", limits: WebService.limits)
        StandardError.write(line: "the console is at http://\(http.address)/, Ctrl-C ends")
        var logger = Logger(label: "connmix-durable") { _ in LineLogHandler(format: .text) }
        logger.logLevel = .error
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: WebService(http, place: place, desk: desk))], logger: logger))
        try await ConsumerRun.untilSecondSignal(group)
    }
}
