import SystemSupport
import TestSupport
import Foundation
import Testing

/// The built tool, run as a person would: as a process.
enum Tool {
  struct Result: CustomStringConvertible {
    var code: Int32
    var output: String
    var errors: String
    var errorLines: [Substring] { errors.split(separator: "\n", omittingEmptySubsequences: true) }
    var description: String { "exit \(code)\n\(output)\(errors)" }
  }

  /// Beside the tests themselves in the build folder.
  static let path = joinPath(buildFolder, "wgan")

  /// A small run: 16x16, a second at most.
  static let tiny = tiny(preset: "blog")

  static func tiny(preset: String) -> [String] {
    [
      "--data", "synthetic", "--preset", preset, "--size", "16", "--features", "4", "--latent", "8", "--batch-size",
      "8", "--fraction", "0.005", "--threads", "1",
    ]
  }

  static func start(
    _ arguments: [String], in folder: String, environment: [String: String] = [:], program: String = path, output: Any,
    errors: Any
  ) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = ["XDG_CACHE_HOME": joinPath(folder, "cache"), "HOME": folder, "PATH": "/usr/bin:/bin"]
      .merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    // Threads of Dispatch block all signals, and a child would have that from them. A person's shell doesn't.
    var (signals, before) = (sigset_t(), sigset_t())
    sigemptyset(&signals)
    pthread_sigmask(Int32(SIG_SETMASK), &signals, &before)
    defer { pthread_sigmask(Int32(SIG_SETMASK), &before, nil) }
    try process.run()
    return process
  }

  /// Runs it to its end.
  static func run(
    _ arguments: [String], in folder: String, environment: [String: String] = [:], program: String = path
  ) throws -> Result {
    // Through files: no pipe that could fill up.
    let names = ["stdout", "stderr"].map { joinPath(folder, ".\($0)-\(UUID().uuidString)") }
    let handles = try names.map { name in
      try writeFile([], to: name)
      return try #require(FileHandle(forWritingAtPath: name))
    }
    let process = try start(
      arguments, in: folder, environment: environment, program: program, output: handles[0], errors: handles[1])
    process.waitUntilExit()
    let texts = try names.map { name in
      defer { removeFile(name) }
      return String(decoding: try readFile(name), as: UTF8.self)
    }
    // A trap of Swift would end it by a signal.
    #expect(process.terminationReason == .exit, "\(arguments) ended by signal \(process.terminationStatus)")
    return Result(code: process.terminationStatus, output: texts[0], errors: texts[1])
  }

  /// Runs it to its end under a shell's limit: "ulimit -f 4".
  static func limited(_ limit: String, _ arguments: [String], in folder: String) throws -> Result {
    let words = ([path] + arguments).map { "'\($0)'" }.joined(separator: " ")
    return try run(["-c", "\(limit); exec \(words)"], in: folder, program: "/bin/sh")
  }
}

/// The one object that a command with --json has printed; standard error is empty, and docs/Events.md names each field.
func jsonObject(_ result: Tool.Result, location: SourceLocation = #_sourceLocation) throws -> [String: Any] {
  #expect(
    result.errors.isEmpty && result.output.split(separator: "\n").count == 1, "\(result)", sourceLocation: location)
  let object = try #require(
    JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any], sourceLocation: location)
  let page = try String(decoding: readFile(docsPath + "/Events.md"), as: UTF8.self)
  func keys(_ value: Any) -> [String] {
    if let list = value as? [Any] { return list.flatMap(keys) }
    guard let object = value as? [String: Any] else { return [] }
    return object.flatMap { $0.key == "configuration" ? [$0.key] : [$0.key] + keys($0.value) }
  }
  for key in Set(keys(object)) { #expect(page.contains("`\(key)`"), "\(key)", sourceLocation: location) }
  return object
}

/// Of this package.
let docsPath = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../docs"

/// Runs the tool and expects that all went well.
@discardableResult
func succeed(
  _ arguments: [String], in folder: String, environment: [String: String] = [:],
  location: SourceLocation = #_sourceLocation
) throws -> Tool.Result {
  let result = try Tool.run(arguments, in: folder, environment: environment)
  #expect(result.code == 0, "\(arguments): \(result)", sourceLocation: location)
  return result
}
