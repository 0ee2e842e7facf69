import ConnmixDurable

/// One look at a database.
struct StatusSnapshot {
    let status: StatusReport
    let activity: ActivityReport
    /// Since the look before.
    let rates: ActivityReport.Rates?

    init(status: StatusReport, activity: ActivityReport, rates: ActivityReport.Rates?) {
        self.status = status
        self.activity = activity
        self.rates = rates
    }

    init(_ inspector: Inspector, after earlier: StatusSnapshot?) throws {
        status = try inspector.status()
        activity = try inspector.activity(since: earlier?.activity)
        rates = earlier.flatMap { [activity] in activity.rates(since: $0.activity) }
    }
}
