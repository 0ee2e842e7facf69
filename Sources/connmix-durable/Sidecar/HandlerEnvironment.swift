import ConnmixDurable
import Subprocess

/// What handlers and editors find in their environment: ours, without the variables of ours that may hold a password, and those by which
/// this process alone speaks to its service manager.
enum HandlerEnvironment {
    /// A center's address may name a user and password.
    static let secrets = ["CONNMIX_CENTER"]
    private static let ours = secrets + NotifySocket.variables
    /// Facts of one message; those of another one around us are nobody's here.
    private static let facts = ["CONNMIX_ID", "CONNMIX_TOPIC", "CONNMIX_NODE", "CONNMIX_CLIENT", "CONNMIX_ATTEMPT"]

    /// For what is about no message.
    static var withoutSecrets: Environment { without(ours) }

    /// For what stays for many messages.
    static var common: Environment { without(ours + facts) }

    private static func without(_ names: [String]) -> Environment {
        .inherit.updating(Dictionary(uniqueKeysWithValues: names.map { (Environment.Key(stringLiteral: $0), nil) }))
    }

    /// For one message.
    static func of(_ message: Message) -> Environment {
        var values: [Environment.Key: String?] = [
            "CONNMIX_ID": "\(message.id)", "CONNMIX_TOPIC": message.topic, "CONNMIX_NODE": message.node,
            "CONNMIX_CLIENT": message.client.text, "CONNMIX_ATTEMPT": "\(message.attempt)",
        ]
        for name in ours { values.updateValue(nil, forKey: Environment.Key(stringLiteral: name)) }
        return .inherit.updating(values)
    }

    /// What the system refuses when it is far too much; it is the message's doing then, and no use to wait for better times.
    static func isTooLong(_ message: Message) -> Bool {
        [message.topic, message.node, message.client.text].contains { $0.utf8.count > 64 << 10 }
    }
}
