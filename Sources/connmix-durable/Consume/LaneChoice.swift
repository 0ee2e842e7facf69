public import ArgumentParser
public import ConnmixDurable

/// `--lane`: which messages are handled one after the other.
enum LaneChoice: ExpressibleByArgument {
    case client
    case noLanes
    case topic
    case path(JSONPath)

    init?(argument: String) {
        switch argument {
        case "client": self = .client
        case "none": self = .noLanes
        case "topic": self = .topic
        default:
            guard let path = JSONPath(argument) else { return nil }
            self = .path(path)
        }
    }

    /// A message without a value at the path stays in the lane of its client: an order too many harms less than one too few.
    var lanes: Lanes {
        switch self {
        case .client: .client
        case .noLanes: .none
        case .topic: .by { $0.topic }
        case .path(let path): .by { path.value(in: $0.data)?.plain ?? $0.client.text }
        }
    }
}

extension Lanes.Order: ExpressibleByArgument {
    public init?(argument: String) {
        self.init(argument, of: ["strict": .strict, "relaxed": .relaxed])
    }
}

extension Lanes.DeadHead: ExpressibleByArgument {
    public init?(argument: String) {
        self.init(argument, of: ["skip": .skip, "park": .park])
    }
}
