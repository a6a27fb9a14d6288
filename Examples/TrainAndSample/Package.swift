// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "TrainAndSample",
  platforms: [.macOS(.v26)],
  dependencies: [.package(name: "wgan", path: "../..")],
  targets: [
    .executableTarget(
      name: "TrainAndSample", dependencies: [.product(name: "WGAN", package: "wgan")],
      // WGAN alone is enough: its face shows no member of another module.
      swiftSettings: [.enableUpcomingFeature("MemberImportVisibility")])
  ]
)
