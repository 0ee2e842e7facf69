// No type is called as the module is: names of it could not be qualified then (`ConnmixDurable.Message`).
extension ConnmixConsumer {
    /// The version of the library, `major.minor.patch`. It is kept with each run.
    public static let version = "1.0.0"
}
