/// The faults of one node: which command is struck by which.
struct FaultPlan {
    private var faults: [DevEngine.Fault] = []

    var isEmpty: Bool { self.faults.isEmpty }

    mutating func add(_ fault: DevEngine.Fault) { self.faults.append(fault) }

    /// The first fault that matches; it counts only the commands that got as far as to it.
    mutating func strike(_ method: String) -> DevEngine.Fault.Action? {
        for index in self.faults.indices {
            guard self.faults[index].method == nil || self.faults[index].method == method else { continue }
            if self.faults[index].skip > 0 {
                self.faults[index].skip -= 1
                continue
            }
            let action = self.faults[index].action
            if let times = self.faults[index].times {
                guard times > 0 else { continue }
                self.faults[index].times = times - 1
                if times == 1 { self.faults.remove(at: index) }
            }
            return action
        }
        return nil
    }
}
