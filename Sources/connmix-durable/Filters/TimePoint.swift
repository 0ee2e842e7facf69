import ArgumentParser

/// RFC 3339, or an age such as `2h`.
struct TimePoint: ExpressibleByArgument {
    /// Since 1970.
    let microseconds: Int64

    init?(argument: String) {
        if let age = Age.microseconds(argument) {
            microseconds = Timestamp.now() - age
        } else if let time = Timestamp.microseconds(argument) {
            microseconds = time
        } else {
            return nil
        }
    }
}
