/// Facts about this library.
public enum ConnmixDurable {
    /// Its version.
    public static let version = "0.1.0"
}
