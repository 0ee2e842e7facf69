public import Logging

extension Logger {
    /// Says only what ends a program.
    public static var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }
}
