internal import CSQLite
internal import Glibc

/// A fresh thread with a deep stack: events run within events there.
enum MachineThread {
    private final class Box {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    /// Runs the body on it and waits for its end.
    static func run<T>(_ body: () -> T) -> T {
        var result: T?
        withoutActuallyEscaping(body) { body in
            let box = Box { result = body() }
            var thread = pthread_t()
            var attributes = pthread_attr_t()
            pthread_attr_init(&attributes)
            pthread_attr_setstacksize(&attributes, 64 << 20)
            let created = pthread_create(
                &thread, &attributes,
                { argument in
                    if let argument { Unmanaged<Box>.fromOpaque(argument).takeUnretainedValue().body() }
                    return nil
                }, Unmanaged.passUnretained(box).toOpaque())
            precondition(created == 0, "a thread can be made")
            pthread_join(thread, nil)
        }
        guard let result else { preconditionFailure("the thread has run") }
        return result
    }
}
