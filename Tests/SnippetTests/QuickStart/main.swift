// README's quick start, whole: a program that is built with the tests and run by `QuickStartTests`.

// snippet.quick-start
import ConnmixDurable
import Logging
import ServiceLifecycle

struct Order: Codable {
    var id: Int
    var sku: String
}

let center = CommandLine.arguments.dropFirst().first ?? "127.0.0.1:6787"
let configuration = ConsumerConfiguration(
    database: "orders.sqlite3", centers: [center], topics: ["chat", "orders"])

var handlers = Handlers()
handlers.handle("chat") { message, context in
    try context.subscribe(message.client, to: "room:7")
    try context.meshPublish(to: "room:7", "joined: \(message.client)")
    try context.meshSend(to: message.client, "received: \(message.text ?? "")")
}
handlers.handle("orders", as: Order.self) { order, message, context in
    guard !order.sku.isEmpty else { throw HandlerError.permanent("an order without sku") }
    try context.meshSend(to: message.client, json: order)
}

let consumer = ConnmixConsumer(configuration: configuration, handlers: handlers)
let group = ServiceGroup(
    services: [consumer], gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "orders"))
try await group.run()
// snippet.end
