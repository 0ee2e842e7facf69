/// The version of the library, `major.minor.patch`. It stands here and nowhere else.
enum LibraryVersion {
    static let text = "1.0.0"
}
