/// Values of what Swift has. `NULL` is `nil`.
extension SQLValue {
    /// A client's id, as text.
    public init(_ client: ClientID) {
        self = .text(client.text)
    }

    /// Text, or `NULL`.
    public init(_ text: String?) {
        self = text.map { .text($0) } ?? .null
    }

    /// A whole number, or `NULL`. One that does not fit into 64 bits becomes the nearest that does.
    public init(_ number: (some BinaryInteger)?) {
        self = number.map { .integer(Int64(clamping: $0)) } ?? .null
    }

    /// A floating-point number, or `NULL`.
    public init(_ number: Double?) {
        self = number.map { .real($0) } ?? .null
    }

    /// 1 or 0: SQLite has no truth values of its own.
    public init(_ isTrue: Bool) {
        self = .integer(isTrue ? 1 : 0)
    }

    /// Bytes, or `NULL`.
    public init(_ bytes: [UInt8]?) {
        self = bytes.map { .blob($0) } ?? .null
    }
}

/// Literals stand where values do: `tables.execute("INSERT INTO notes VALUES (?1, ?2)", 7, "seven")`. A text put together by
/// interpolation is bound like any other, and never read as SQL.
extension SQLValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringInterpolation,
    ExpressibleByNilLiteral
{
    /// `7`
    public init(integerLiteral value: Int64) {
        self = .integer(value)
    }

    /// `7.5`
    public init(floatLiteral value: Double) {
        self = .real(value)
    }

    /// `"seven"`
    public init(stringLiteral value: String) {
        self = .text(value)
    }

    /// `nil`
    public init(nilLiteral: ()) {
        self = .null
    }
}
