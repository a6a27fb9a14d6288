import Foundation
import SystemSupport
import TestSupport
import Testing
import WGANBench

/// Where nobody can make a folder.
private let noPlace = isLinux ? "/proc/report" : "/System/report"

/// The built tool, run as a person would: its exit codes and its report.
@Suite(.serialized) struct ToolTests {
  struct Result {
    var code: Int32
    var output: Data
    var errors: String
  }

  static func run(_ arguments: [String]) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("wgan-bench-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Through files: no pipe that could fill up.
    let files = ["stdout", "stderr"].map { folder.appendingPathComponent($0) }
    for file in files { try Data().write(to: file) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: buildFolder).appendingPathComponent("wgan-bench")
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit, "\(arguments) ended by signal \(process.terminationStatus)")
    return Result(
      code: process.terminationStatus, output: try Data(contentsOf: files[0]),
      errors: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self))
  }

  static let small = ["conv", "--shape", "mb2ic16ih8oc32kh4sh2ph1", "--seconds", "0.001", "--format", "json"]

  @Test func aReportIsItsOwnBaseline() throws {
    let first = try Self.run(Self.small)
    #expect(first.code == 0, "\(first.errors)")
    var report = try JSONDecoder().decode(ConvolutionReport.self, from: first.output)
    #expect(report.results.map(\.pass) == Pass.allCases)
    #expect(report.results.allSatisfy { $0.verified && $0.gflops > 0 && $0.percentOfPeak > 0 && $0.samples >= 5 })

    // A baseline that was so fast that no noise explains the difference: every row is slower than that.
    for i in report.results.indices {
      report.results[i].percentOfPeak *= 10_000
      report.results[i].milliseconds = Timing(min: 1, median: 1)
    }
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("wgan-bench-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try JSONEncoder().encode(report).write(to: file)
    // Other tests run at the same time and disturb rows: judge them nevertheless.
    let second = try Self.run(Self.small + ["--baseline", file.path, "--judge-disturbed"])
    #expect(second.code == 1, "\(second.errors)")
    #expect(second.errors.contains("SLOWER"), "\(second.errors)")
    #expect(second.errors.contains("3 rows compared, 3 slower, 0 faster"), "\(second.errors)")
  }

  /// A part is measured as a part: no baseline of whole passes is compared with it.
  @Test(arguments: ["products", "rest"]) func aPartIsNotTheWhole(only: String) throws {
    let part = try Self.run(Self.small + ["--only", only])
    #expect(part.code == 0, "\(part.errors)")
    let rows = try JSONDecoder().decode(ConvolutionReport.self, from: part.output).results
    #expect(rows.allSatisfy { $0.verified && $0.only == only && $0.key.hasSuffix(", \(only) alone") })
    #expect(rows.count == 3)
    // What multiplies nothing can't be too fast. (Products can seem so on a busy machine.)
    if only == "rest" { #expect(!part.errors.contains("seemed to be able to do"), "\(part.errors)") }
    let table = String(decoding: try Self.run(Self.small.dropLast() + ["table", "--only", only]).output, as: UTF8.self)
    #expect(table.contains("products at ") == (only == "products"), "\(table)")
  }

  /// All of `report` on the smallest net, in seconds; what it wrote is what it says, and isn't written over by mistake.
  @Test func aReportIsWrittenOnceAndRenderedAgain() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("wgan-bench-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let peers = folder.appendingPathComponent("peers.json")
    try Data(Sample.peersJSON.utf8).write(to: peers)
    let out = folder.appendingPathComponent("a/report")
    let arguments = [
      "report", "--shape", "mb2ic16ih8oc32kh4sh2ph1", "--seconds", "0.02", "--size", "16", "--features", "8",
      "--batch-size", "2", "--latent", "8", "--peers", peers.path, "--commit", "abc", "--out", out.path,
    ]
    let first = try Self.run(arguments)
    #expect(first.code == 0, "\(first.errors)")
    func files() throws -> [String: Data] {
      var files: [String: Data] = [:]
      for name in try FileManager.default.contentsOfDirectory(atPath: out.path) {
        files[name] = try Data(contentsOf: out.appendingPathComponent(name))
      }
      return files
    }
    let written = try files()
    #expect(Set(written.keys).isSubset(of: Set(PerformanceReport.fileNames)))
    for name in ["machine.json", "results.json", "report.md", "roofline.svg", "percent.svg", "peers.svg"] {
      #expect(written[name] != nil, "\(name)")
    }
    let report = try JSONDecoder().decode(PerformanceReport.self, from: written["results.json"] ?? Data())
    #expect(Set(report.results.map(\.isa)) == Set(report.machine.instructionSets))
    #expect(report.results.allSatisfy { $0.verified && $0.threads == report.machine.cores })
    #expect(report.step?.steps.map(\.step) == ["critic", "generator"])
    #expect(
      report.origin?.commit == "abc" && report.origin?.command.contains("--shape mb2ic16ih8oc32kh4sh2ph1") == true)

    let refused = try Self.run(arguments)
    #expect(refused.code == 73 && refused.errors.contains("--force") && refused.output.isEmpty, "\(refused.errors)")
    let results = out.appendingPathComponent("results.json").path
    let again = try Self.run(["report", "--from", results, "--out", out.path, "--force"])
    #expect(again.code == 0, "\(again.errors)")
    #expect(try files() == written)
    #expect(try FileManager.default.contentsOfDirectory(atPath: out.deletingLastPathComponent().path) == ["report"])
  }

  /// Help names the values that count: those of the preset blog, whose nets are measured.
  @Test(arguments: ["conv", "step", "sample", "report"]) func helpSaysWhatIsMeasured(_ command: String) throws {
    let help = String(decoding: try Self.run([command, "--help"]).output, as: UTF8.self)
    #expect(help.contains("(blog: 64)") && !help.contains("(photos:"))
  }

  @Test(
    arguments: [
      (64, ["conv", "--shape", "mb1ic3"], "ih is missing"), (64, ["conv", "--isa", "sse9"], "this machine runs"),
      (64, ["conv", "--threads", "0"], "numbers from 1"), (64, ["conv", "--pass", "sideways"], "passes are"),
      (64, ["conv", "--only", "transforms"], "there are products, rest"),
      (64, ["conv", "--size", "48"], "--size 48"), (64, ["conv", "--seconds", "nan"], "--seconds"),
      (66, ["conv", "--shapes", "/nowhere"], "no such file"), (66, ["conv", "--baseline", "/nowhere"], "no such file"),
      (65, ["conv", "--shapes", #filePath], "line 1"), (65, ["conv", "--baseline", #filePath], "not a report"),
      (64, ["conv", "--shape", "mb65536ic64ih512oc8kh3ph1"], "GiB"), (64, ["peak", "--seconds", "0"], "--seconds"),
      (64, ["step", "--threads", "0"], "--threads"), (64, ["step", "--size", "48"], "--size 48"),
      (64, ["step", "--repeat", "0"], "--repeat"), (64, ["step", "--peak-seconds", "0"], "--peak-seconds"),
      (64, ["step", "--format", "csv"], "csv"), (64, ["sample", "--size", "48"], "--size 48"),
      (64, ["sample", "--repeat", "0"], "--repeat"),
      (64, ["data"], "--data"), (64, ["data", "--data", "/", "--size", "0"], "--size"),
      (64, ["data", "--data", "/", "--channels", "2"], "--channels"),
      (64, ["data", "--data", "/", "--threads", "two"], "numbers from 1"),
      (64, ["data", "--data", "/", "--rounds", "0"], "--rounds"),
      (64, ["data", "--data", "/", "--limit", "0"], "--limit"),
      (66, ["data", "--data", "/nowhere"], "can't read '/nowhere'"),
      (65, ["data", "--data", "synthetic"], "aren't files"),
      (64, ["conv", "--algorithm", "fft"], "winograd"),
      (64, ["conv", "--judge-disturbed"], "--baseline"),
      (64, ["report", "--from", "a", "--data", "b"], "--from"),
      (64, ["report", "--conv", "a", "--shape", "b"], "--conv"),
      (66, ["report", "--from", "/nowhere"], "no such file"), (66, ["report", "--peers", "/nowhere"], "no such file"),
      (64, ["report", "--size", "48"], "--size 48"),
      (65, ["report", "--data", "synthetic"], "aren't files"),
      (65, ["report", "--data", splitPath(#filePath).folder], "no pictures in"),
      (65, ["report", "--peers", #filePath], "isn't JSON"), (65, ["report", "--conv", #filePath], "isn't JSON"),
      (73, ["report", "--out", #filePath], "isn't a folder"), (73, ["report", "--out", noPlace], noPlace),
    ] as [(Int32, [String], String)]) func whatIsWrongIsSaid(_ code: Int32, _ arguments: [String], _ says: String)
    throws
  {
    let result = try Self.run(arguments)
    #expect(result.code == code, "\(arguments): \(result.errors)")
    #expect(result.errors.contains(says), "\(arguments): \(result.errors)")
    #expect(result.output.isEmpty)
  }
}
