internal import Glibc

/// Address Sanitizer, as `make sanitize` has it in the process.
public enum AddressSanitizer {
    /// It keeps what was freed for a while: what the process takes of the machine says nothing then.
    public static let isHere = dlsym(nil, "__asan_init") != nil
}
