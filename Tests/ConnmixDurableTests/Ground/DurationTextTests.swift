import Testing

@testable import ConnmixDurable

@Suite("how long something takes, for people")
struct DurationTextTests {
    @Test(
        "in the unit that fits, and not to the microsecond",
        arguments: [
            (.zero, "0 s"), (.microseconds(400), "0.4 ms"), (.milliseconds(5), "5 ms"), (.milliseconds(250), "250 ms"),
            (.microseconds(299_931), "300 ms"), (.microseconds(2_999_069), "3 s"), (.milliseconds(999), "1 s"),
            (.milliseconds(1_250), "1.25 s"), (.milliseconds(10_500), "10.5 s"), (.seconds(86_400), "86400 s"),
            (.milliseconds(-1_500), "-1.5 s"), (.seconds(Int64.max), "9223372036854775807 s"),
        ] as [(Duration, String)])
    func text(duration: Duration, text: String) {
        #expect(duration.text == text)
    }
}
