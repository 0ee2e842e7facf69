import ArgumentParser

/// Seconds, or an age such as `7d`.
struct SecondsOrAge: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        if let seconds = Seconds(argument: argument) {
            duration = seconds.duration
        } else if let age = Age.microseconds(argument) {
            duration = .microseconds(age)
        } else {
            return nil
        }
    }
}
