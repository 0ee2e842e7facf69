// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// One list for every target. Each feature is described in its proposal at
/// https://github.com/swiftlang/swift-evolution/tree/main/proposals
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("InferIsolatedConformances"),  // SE-0470
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
    .treatAllWarnings(as: .error),  // SE-0480
]

/// Every `migrations/*.sql` goes into the binary, so that a deployed program never lacks its schema.
let migrations = try FileManager.default
    .contentsOfDirectory(atPath: Context.packageDirectory + "/migrations")
    .filter { $0.hasSuffix(".sql") }
    .sorted()

let package = Package(
    name: "connmix-durable",
    products: [
        .library(name: "ConnmixDurable", targets: ["ConnmixDurable"]),
        .library(name: "ConnmixDevEngine", targets: ["ConnmixDevEngine"]),
        .executable(name: "connmix-durable", targets: ["connmix-durable"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.2.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.86.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CSQLite",
            pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"])]
        ),
        .target(
            name: "ConnmixDurable",
            dependencies: [
                "CSQLite",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            resources: migrations.map { .embedInCode("../../migrations/\($0)") },
            swiftSettings: settings
        ),
        .target(
            name: "ConnmixDevEngine",
            dependencies: [
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "connmix-durable",
            dependencies: [
                "ConnmixDevEngine",
                "ConnmixDurable",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            // The console's page is a part of the program.
            resources: ["index.html", "console.css", "console.js", "text.js", "icon.svg"].map { .embedInCode("Web/Page/\($0)") },
            swiftSettings: settings
        ),
        .target(
            name: "TestSupport",
            dependencies: [
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/Support",
            swiftSettings: settings
        ),
        .testTarget(
            name: "ConnmixDurableTests",
            dependencies: [
                "ConnmixDurable",
                "CSQLite",
                "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ConnmixDevEngineTests",
            dependencies: [
                "ConnmixDevEngine",
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "ConnmixDevEngine",
                "ConnmixDurable",
                "TestSupport",
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SnippetTests",
            dependencies: [
                "ConnmixDevEngine",
                "ConnmixDurable",
                "examples",
                "quick-start",
                "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["QuickStart"],
            swiftSettings: settings
        ),
        // A user's program, with a user's settings.
        .executableTarget(
            name: "quick-start",
            dependencies: [
                "ConnmixDurable",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Tests/SnippetTests/QuickStart",
            swiftSettings: [.treatAllWarnings(as: .error)]
        ),
        // swift run examples NAME
        .executableTarget(
            name: "examples",
            dependencies: [
                "ConnmixDevEngine",
                "ConnmixDurable",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Examples/Swift",
            exclude: ["README.md"],
            swiftSettings: [.treatAllWarnings(as: .error)]
        ),
        .executableTarget(
            name: "crash-child",
            dependencies: ["ConnmixDurable", .product(name: "Logging", package: "swift-log")],
            path: "Tests/CrashChild",
            swiftSettings: settings
        ),
        // What is tortured, and how; the short forms are in CrashTests.
        .target(
            name: "Torture",
            dependencies: [
                "ConnmixDevEngine",
                "CSQLite",
                "TestSupport",
            ],
            path: "Tests/Torture",
            exclude: ["plot"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "connmix-torture",
            dependencies: [
                "connmix-durable",
                "ConnmixDurable",
                "Torture",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/TortureCommand",
            swiftSettings: settings
        ),
        .testTarget(
            name: "CrashTests",
            dependencies: [
                "ConnmixDevEngine",
                "ConnmixDurable",
                "connmix-durable",
                "connmix-torture",
                "crash-child",
                "TestSupport",
                "Torture",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        // The consumer in a simulated world: see docs/simulation.md.
        .target(name: "CSimulatedMachine", dependencies: ["CSQLite"], path: "Tests/CSimulatedMachine"),
        .target(
            name: "Simulation",
            dependencies: [
                "ConnmixDurable",
                "CSimulatedMachine",
                "CSQLite",
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle"),
            ],
            path: "Tests/Simulation",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "simulate",
            dependencies: ["Simulation"],
            path: "Tests/Simulate",
            swiftSettings: settings
        ),
        .testTarget(
            name: "SimulationTests",
            dependencies: ["simulate"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "ConnmixDevEngine",
                "CSQLite",
                "ConnmixDurable",
                "connmix-durable",
                "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            exclude: ["Snapshots"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "ConnmixDevEngine",
                "ConnmixDurable",
                "connmix-durable",
                "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ],
            exclude: ["Corpus", "Main", "run"],
            swiftSettings: settings
        ),
    ],
    swiftLanguageModes: [.v6]
)

// `make fuzz`: the bodies of FuzzTests with libFuzzer's driver, and the command line as a library without a `main`.
if Context.environment["CONNMIX_FUZZ"] != nil {
    let library: [SwiftSetting] = [
        .unsafeFlags(["-Xfrontend", "-entry-point-function-name", "-Xfrontend", "connmix_durable_main"])
    ]
    package.products.removeAll { $0.name == "connmix-durable" }
    package.targets = package.targets.compactMap { target in
        switch target.name {
        case "connmix-durable":
            .target(
                name: target.name, dependencies: target.dependencies, resources: target.resources,
                swiftSettings: settings + library)
        case "FuzzTests":
            .executableTarget(
                name: "fuzz", dependencies: target.dependencies, path: "Tests/FuzzTests",
                exclude: ["Corpus", "CorpusTests.swift", "run"],
                swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])],
                // See Main/Coverage.swift.
                linkerSettings: [
                    .unsafeFlags(["8bit_counters_init", "pcs_init"].flatMap { ["-Xlinker", "--wrap=__sanitizer_cov_\($0)"] })
                ])
        default: target.isTest ? nil : target
        }
    }
}
