/// Non-negative whole numbers as digits.
enum Decimal {
    static func length(_ value: Int) -> Int {
        var length = 1
        var rest = value / 10
        while rest > 0 {
            length += 1
            rest /= 10
        }
        return length
    }
}
