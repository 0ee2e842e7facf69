import ConnmixDurable

enum ProgramVersion {
    static let text = ConnmixDurable.version
}
