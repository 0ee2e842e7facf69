import ConnmixDurable

enum ProgramVersion {
    static let text = ConnmixConsumer.version
}
