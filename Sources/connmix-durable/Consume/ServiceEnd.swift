import ServiceLifecycle
import Synchronization

/// A service, and what it ended with. A group that is cancelled stops reading at whichever of its services ends first, and what a later
/// one throws is nowhere.
final class ServiceEnd: Service {
    private let service: any Service
    private let error = Mutex<(any Error)?>(nil)

    init(of service: any Service) {
        self.service = service
    }

    /// What it threw, unless it was that it was cancelled. Known once its group has ended.
    var failure: (any Error)? { error.withLock { $0 } }

    func run() async throws {
        do {
            try await service.run()
        } catch let error as CancellationError {
            throw error
        } catch {
            self.error.withLock { $0 = error }
            throw error
        }
    }
}
