// swift-tools-version: 6.2
import PackageDescription

// One table: module -> compiler flags. The flags hold in debug builds too, so that `swift build` keeps fast kernels.
// - Kernel modules: unchecked (pointers only, nothing to check) and unrolled far enough that a 12 x 2 register tile
//   with four terms a turn stays in registers. Each is compiled for one instruction set, where the target's processors
//   have it (elsewhere its module is empty); the dispatch in Compute decides at start which one may run.
// - Loops in Swift that see every picture or every parameter: optimised even in debug builds.
// SwiftPM takes a dependency by version with such flags where its manifest is of tools version 6.2 or later
// (Scripts/test-dependence).
let kernelFlags = ["-Ounchecked", "-Xllvm", "-unroll-threshold=4000", "-Xcc", "-fno-math-errno"]
#if compiler(>=6.3)
  // Of the target's processor, which needn't be this machine's: clang takes the flag after -Xarch for that one alone.
  func onX86(_ flag: String) -> [String] { ["-Xcc", "-Xarch_x86_64", "-Xcc", flag] }
#elseif arch(x86_64)
  // The clang of Swift 6.2 leaves out what stands after -Xarch on Linux: this machine's processor decides.
  func onX86(_ flag: String) -> [String] { ["-Xcc", flag] }
#else
  func onX86(_ flag: String) -> [String] { [] }
#endif
let avx512Flags = kernelFlags + onX86("-march=x86-64-v4")
let flags: [String: [String]] = [
  "Kernels": kernelFlags,
  "KernelsPortable": kernelFlags,
  "KernelsNEON": kernelFlags,
  "KernelsAVX2": kernelFlags + onX86("-march=x86-64-v3"),
  "KernelsAVX512": avx512Flags,
  "KernelsBF16": avx512Flags + onX86("-mavx512bf16"),
  "Compute": ["-O"],
  "ReferenceKernels": ["-O"],
  "Images": ["-O"],
  "Datasets": ["-O"],
  "Evaluation": ["-O"],
  "Randomness": ["-O"],
  "Statistics": ["-O"],
  "ElementaryFunctions": ["-O"],
]

func settings(_ module: String) -> [SwiftSetting] {
  flags[module].map { [.unsafeFlags($0)] } ?? []
}

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings(name))
}

func tests(_ module: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
  .testTarget(name: module + "Tests", dependencies: dependencies, resources: resources)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

// Which MPI, as pkg-config calls it: Debian's choice between those that are installed, or "ompi-c", "mpich".
let mpi = Context.environment["WGAN_MPI"] ?? "mpi-c"

func nio(_ product: String) -> Target.Dependency { .product(name: product, package: "swift-nio") }

let package = Package(
  name: "wgan",
  // The first macOS whose Swift library has InlineArray, in which the kernels keep registers. (Mutex and Atomic: 15.)
  platforms: [.macOS(.v26)],
  products: [
    .executable(name: "wgan", targets: ["WGANCommand"]),
    .executable(name: "wgan-bench", targets: ["WGANBench"]),
    .library(name: "WGAN", targets: ["WGAN"]),
  ],
  traits: [.trait(name: "MPI", description: "Training on several machines, over MPI: make mpi.")],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
  ],
  targets: [
    // Imports point down only: from here to the end of the list.
    .executableTarget(
      name: "WGANCommand",
      dependencies: [
        "CommandSupport", "Watch", "WGAN", "Training", "Configuration", "TensorFiles", "Evaluation", "Graph", "Compute",
        "Datasets", "Images", "Ranks", "SystemSupport", argumentParser,
      ]),
    .target(
      name: "Watch",
      dependencies: [
        "WGAN", "Training", "Configuration", "TensorFiles", "Images", "Statistics", "SystemSupport", nio("NIOCore"),
        nio("NIOPosix"),
        nio("NIOHTTP1"),
      ], resources: [.embedInCode("Page")]),
    module("CommandSupport", ["Configuration", "SystemSupport", argumentParser]),
    module(
      "WGAN",
      [
        "Training", "Configuration", "TensorFiles", "Evaluation", "Graph", "Compute", "Datasets", "Images", "Plots",
        "Ranks", "SystemSupport", "Randomness", "ElementaryFunctions", "Statistics",
      ]),
    module(
      "Training",
      [
        "Configuration", "TensorFiles", "Graph", "Compute", "Ranks", "SystemSupport", "Randomness",
        "ElementaryFunctions", "Statistics",
      ]),
    module("Configuration", ["Graph", "Compute", "SystemSupport"]),
    module("TensorFiles", ["SystemSupport"]),
    module("Evaluation", ["Compute", "SystemSupport", "Randomness", "Statistics"]),
    module("Datasets", ["Images", "Archives", "Ranks", "SystemSupport", "Randomness", "ElementaryFunctions"]),
    module("Images", ["SystemSupport", "CTurboJPEG", "CPNG", "CPNGReader"]),
    module("Archives", ["SystemSupport", "CArchive"]),
    module("Plots", ["SystemSupport"]),
    module("Graph", ["Compute", "SystemSupport"]),
    module(
      "Compute",
      [
        "KernelsPortable", "KernelsNEON", "KernelsAVX2", "KernelsAVX512", "KernelsBF16", "Kernels", "CProcessor",
        "Ranks", "SystemSupport",
      ]),
    module("Ranks", ["CRanks", "SystemSupport"]),
    module("KernelsPortable", ["Kernels"]),
    module("KernelsNEON", ["Kernels"]),
    module("KernelsAVX2", ["Kernels"]),
    module("KernelsAVX512", ["Kernels"]),
    module("KernelsBF16", ["Kernels", "CVector"]),
    module("Kernels", ["CVector"]),
    module("ReferenceKernels", ["SystemSupport"]),
    module("SystemSupport", ["CProcessor"]),
    module("Statistics"),
    module("Randomness", ["ElementaryFunctions"]),
    module("ElementaryFunctions"),
    .target(name: "CProcessor"),
    .target(name: "CVector"),
    // Of MPI nothing is asked, not even that it is there, unless the trait is on.
    .target(
      name: "CRanks", dependencies: [.target(name: "CMPI", condition: .when(traits: ["MPI"]))],
      cSettings: [.define("WGAN_MPI", .when(traits: ["MPI"]))]),
    .systemLibrary(name: "CMPI", pkgConfig: mpi, providers: [.apt(["libopenmpi-dev"]), .brew(["open-mpi"])]),
    .target(name: "CPNGReader", dependencies: ["CPNG"]),
    .systemLibrary(
      name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"]), .brew(["jpeg-turbo"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"]), .brew(["libarchive"])]),

    .executableTarget(
      name: "WGANBench",
      dependencies: [
        "CommandSupport", "WGAN", "Training", "Configuration", "Graph", "Compute", "Datasets", "Images", "Plots",
        "SystemSupport", "ReferenceKernels", "Randomness", "Statistics", argumentParser,
      ],
      path: "Benchmarks/wgan-bench"),

    .target(name: "TestSupport", dependencies: ["Ranks", "SystemSupport"], path: "Tests/TestSupport"),
    tests("ElementaryFunctions", ["ElementaryFunctions"]),
    tests("Randomness", ["Randomness"]),
    tests("ReferenceKernels", ["ReferenceKernels", "Randomness", "SystemSupport"]),
    tests(
      "Images", ["Images", "Randomness", "SystemSupport", "CTurboJPEG", "TestSupport"], resources: [.copy("Fixtures")]),
    tests("Datasets", ["Datasets", "Archives", "Images", "Randomness", "SystemSupport"]),
    tests(
      "Compute",
      [
        "Compute", "Kernels", "KernelsBF16", "ReferenceKernels", "Randomness", "SystemSupport", "TestSupport",
      ]),
    tests("Graph", ["Graph", "Compute", "ReferenceKernels", "Randomness"]),
    tests("SystemSupport", ["SystemSupport", "TestSupport"]),
    tests("Statistics", ["Statistics"]),
    tests(
      "TensorFiles", ["TensorFiles", "Randomness", "SystemSupport", "TestSupport"], resources: [.copy("TorchFiles")]),
    tests("Configuration", ["Configuration", "Training"]),
    tests(
      "Evaluation", ["Evaluation", "Compute", "Randomness", "TensorFiles"], resources: [.copy("Golden")]),
    tests(
      "Watch",
      [
        "Watch", "WGAN", "Training", "Configuration", "Compute", "Randomness", "Statistics", "SystemSupport",
        "TestSupport", nio("NIOHTTP1"),
      ]),
    tests("CommandSupport", ["CommandSupport", "Configuration", argumentParser]),
    tests(
      "Training",
      [
        "Training", "Configuration", "TensorFiles", "Graph", "Compute", "ReferenceKernels", "Ranks", "Randomness",
        "SystemSupport", "TestSupport",
      ]),
    tests(
      "WGAN",
      [
        "WGAN", "Training", "Configuration", "TensorFiles", "Graph", "Compute", "Datasets", "Images", "Plots",
        "SystemSupport",
        "ReferenceKernels", "Randomness", "TestSupport",
      ],
      resources: [.copy("Golden"), .copy("TorchFiles")]),
    tests(
      "WGANBench",
      [
        "WGANBench", "WGAN", "Training", "Configuration", "Graph", "Compute", "Datasets", "Images", "Plots",
        "Randomness", "SystemSupport", "TestSupport",
      ]),
    tests(
      "WGANCommand",
      [
        "WGANCommand", "WGAN", "Training", "Configuration", "TensorFiles", "Datasets", "Images", "SystemSupport",
        "TestSupport",
      ]),
  ]
)

// Of no build but `make fuzz`'s (Scripts/fuzz): libFuzzer brings the program's main function.
if Context.environment["WGAN_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "wgan-fuzz",
      dependencies: [
        "Watch", "WGAN", "Configuration", "TensorFiles", "Graph", "Datasets", "Archives", "Images", "SystemSupport",
        nio("NIOHTTP1"),
      ],
      path: "Tests/Fuzz", exclude: ["corpus", "dictionaries", "make_corpus.py"],
      swiftSettings: [.unsafeFlags(["-parse-as-library"])]))
}
