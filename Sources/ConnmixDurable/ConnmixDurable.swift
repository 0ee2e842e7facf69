/// Facts about this library.
public enum ConnmixDurable {
    /// The version of the library, `major.minor.patch`. It is kept with each run.
    public static let version = "1.0.0"
}
