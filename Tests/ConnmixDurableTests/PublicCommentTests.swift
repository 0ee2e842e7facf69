import FoundationEssentials
import Testing

/// What users may name is explained where it stands: each public declaration has a comment of its own.
@Suite("public comments")
struct PublicCommentTests {
    private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Sources")

    @Test("every public declaration has a comment of its own", arguments: ["ConnmixDurable", "ConnmixDevEngine"])
    func comments(target: String) throws {
        var count = 0
        var bare: [String] = []
        for (path, text) in try Room.Plan.files(in: Self.sources.appendingPathComponent(target)) {
            let declarations = PublicFace(of: text).declarations
            count += declarations.count
            bare += declarations.filter { !$0.hasComment }.map { "\(target)/\(path):\($0.line): \($0.text)" }
        }
        #expect(bare.sorted() == [])
        #expect(count > 100, "hardly any was found")
    }

    /// - Parameter lines: those that have no comment, one for each name.
    @Test(
        "a declaration without a comment is found",
        arguments: [
            // Members.
            ("public let a: Int", [1]),
            ("/// A.\n\npublic struct A {}", [3]),
            ("// A.\npublic struct A {}", [2]),
            ("///\npublic struct A {}", [2]),
            ("/// A.\npublic struct A {\n    public var b = 1\n    /// C.\n    public var c = 2\n    var d = 3\n}", [3]),
            ("/// A.\npublic struct A { public init() {} }", [2]),
            ("struct A {\n    public private(set) var b = 1\n    private var c = 2\n}", [2]),
            (
                "/// A.\npublic struct A {\n    public static func b() {\n        let c = 1\n    }\n"
                    + "    public subscript(b: Int) -> Int { b }\n}",
                [3, 6]
            ),
            ("/// Two names, one comment.\npublic let a, b: Int", [2]),
            ("/// One name.\npublic let a: Map<Int, (Int, Int) -> [Int]>", []),
            ("/// A.\npublic class A {\n    public class func b() {}\n    open class var c: Int { 1 }\n}", [3, 4]),
            // Cases.
            ("/// A.\npublic enum A {\n    case b\n    /// C.\n    case c(Int, Int)\n    indirect case d(A)\n}", [3, 6]),
            ("/// A.\npublic enum A { case b, c }", [2, 2]),
            ("/// A.\npublic enum A {\n    /// B and C.\n    case b, c\n}", [4]),
            ("enum A {\n    case b\n}", []),
            (
                "/// A.\npublic enum A {\n    /// B.\n    case b\n    /// C.\n    public var c: Int {\n"
                    + "        switch self {\n        case .b: 1\n        }\n    }\n    enum D { case e }\n}",
                []
            ),
            // Attributes.
            ("/// A.\n@discardableResult\npublic func a() -> Int { 1 }", []),
            ("@discardableResult\npublic func a() -> Int { 1 }", [1]),
            ("@available(\n    *, deprecated,\n    message: \"use b\")\npublic func a() {}", [1]),
            ("/// A.\n@available(\n    *, deprecated,\n    message: \"use b\")\n@frozen public struct A {}", []),
            ("/// A.\n@Sendable @objc(a) public func a() {}", []),
            // Types in types.
            (
                "/// A.\npublic struct A {\n    public struct B {\n        public enum C {\n            case d\n"
                    + "        }\n    }\n}",
                [3, 4, 5]
            ),
            ("extension A {\n    public struct B: C {\n        /// D.\n        public let d: Int\n    }\n}", [2]),
            ("public typealias A = Int", [1]),
            // Protocols and extensions, whose members do not say that they are public.
            (
                "/// A.\npublic protocol A {\n    associatedtype B\n    var c: Int { get set }\n    /// D.\n"
                    + "    func d(\n        e: Int\n    )\n}",
                [3, 4]
            ),
            ("protocol A {\n    func b()\n}", []),
            (
                "public extension A {\n    func b() { let c = 1 }\n    private func d() {}\n    /// E.\n"
                    + "    var e: Int { 1 }\n    enum F { case g }\n}",
                [2, 6, 6]
            ),
            // What only looks like one.
            ("let a = \"public let b\"; let c = \"\\(d(\"{\"))public\"", []),
            ("let a = #\"\"\"\n    public let b = \"\\#(c) {\n    \"\"\"#\npublic let d = 1", [4]),
            ("/* public let a /* } */\npublic let b */ let c = 1", []),
            ("public import A\nfunc a(\n    b: Int\n) { b.public { let c = 1 } }", []),
        ] as [(String, [Int])])
    func finds(text: String, lines: [Int]) {
        #expect(PublicFace(of: text).declarations.filter { !$0.hasComment }.map(\.line) == lines)
    }
}
