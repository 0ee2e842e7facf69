import Testing

@testable import connmix_durable

@Suite("how file descriptors are shared out")
struct DescriptorBudgetTests {
    @Test("where there are enough every port has its own number")
    func enough() {
        let budget = DescriptorBudget(limit: 1_024, metrics: 32, ports: [512, 64])
        #expect(budget.leastReserve == 128 + 32 + 2 * 16)
        #expect(budget.connections(beside: 1_024 - 128 - 32 - 512 - 64) == [512, 64])
        #expect(DescriptorBudget(limit: .max, ports: [512, 64]).connections(beside: 50_000) == [512, 64])
        #expect(DescriptorBudget(limit: 10).connections(beside: 0) == [])
    }

    @Test("handlers come first; what is left is shared among the ports, and all of it together is never more than the limit")
    func short() {
        for limit in stride(from: 170, through: 1_100, by: 7) {
            let budget = DescriptorBudget(limit: limit, ports: [512, 64])
            for each in [4, 5] {
                let most = budget.most(each)
                for handlers in [0, 1, most / 2, most] {
                    let connections = budget.connections(beside: handlers * each)
                    #expect(connections.allSatisfy { $0 >= DescriptorBudget.leastConnections })
                    #expect(connections[0] <= 512 && connections[1] <= 64)
                    #expect(DescriptorBudget.reserve + handlers * each + connections[0] + connections[1] <= limit)
                }
            }
        }
    }

    @Test("where there is not even room for the reserve, ports have a few all the same, and no handler fits")
    func scarce() {
        let budget = DescriptorBudget(limit: 64, ports: [512])
        #expect(budget.most(4) == 0)
        #expect(budget.connections(beside: 0) == [16])
    }
}
