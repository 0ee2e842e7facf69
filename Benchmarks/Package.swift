// swift-tools-version: 6.2
import PackageDescription

/// The same list as the library's own.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("InferIsolatedConformances"),  // SE-0470
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
]

let package = Package(
    name: "benchmarks",
    dependencies: [
        .package(name: "connmix-durable", path: ".."),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.86.0"),
    ],
    targets: [
        // The verbs of the store without the network. It sees the library's inside, so all is built with `-enable-testing`.
        .executableTarget(
            name: "StoreBench",
            dependencies: [
                .product(name: "ConnmixDurable", package: "connmix-durable"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        // A consumer at full speed, or at a low rate for its latency.
        .executableTarget(
            name: "WholePath",
            dependencies: [
                .product(name: "ConnmixDurable", package: "connmix-durable"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        // A backlog of a million, and pruning at full speed.
        .executableTarget(
            name: "LongRun",
            dependencies: [
                .product(name: "ConnmixDurable", package: "connmix-durable"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        // The engine of `WholePath`, in a process of its own.
        .executableTarget(
            name: "FeedEngine",
            dependencies: [.product(name: "ConnmixDevEngine", package: "connmix-durable")],
            swiftSettings: settings
        ),
    ],
    swiftLanguageModes: [.v6]
)
