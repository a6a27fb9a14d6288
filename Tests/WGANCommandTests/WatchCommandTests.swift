import Foundation
import SystemSupport
import TestSupport
import Testing

/// Protects: `wgan watch` says in one line why it can't, and takes no more of the machine than it must.
@Suite struct WatchCommandTests {
  private func train(in folder: String) throws {
    try succeed(["train", "--out", "runs/a", "--generator-steps", "1"] + Tool.tiny, in: folder)
  }

  private static let token = ["--token", "a-long-enough-word"]

  @Test func whereItCannotListen() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      for (arguments, code, says) in [
        ([""], 64, ["path is empty", "leave it out"]),
        (["--host", "127.1"], 64, ["--host 127.1", "127.0.0.1"]),
        (["--host", "localhost:80"] + Self.token, 64, ["--host localhost:80", "--port"]),
        (["--host", "203.0.113.7"] + Self.token, 73, ["--host 203.0.113.7", "isn't an address of this machine"]),
        (["--host", "nowhere.invalid"] + Self.token, 73, ["--host nowhere.invalid", "no address is known"]),
        (["runs/b"], 66, ["runs/b: isn't there"]),
      ] as [([String], Int32, [String])] {
        let result = try Tool.run(["watch"] + arguments, in: folder)
        #expect(result.code == code && result.errorLines.count == 1, "\(arguments) \(result)")
        for words in ["wgan: "] + says { #expect(result.errors.contains(words), "\(arguments) \(result)") }
        for raw in ["IOError", "SocketAddress", "errno", "NIO"] { #expect(!result.errors.contains(raw), "\(result)") }
      }
    }
  }

  #if os(Linux)
    /// Processor seconds of a process so far.
    private func seconds(of process: Process) throws -> Double {
      let text = try readStream("/proc/\(process.processIdentifier)/stat")
      let fields = String(decoding: text, as: UTF8.self).split(separator: " ")
      return ((Double(fields[13]) ?? 0) + (Double(fields[14]) ?? 0)) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// A `wgan watch` that a shell begins after some command, and the address that it prints.
    private func watch(after command: String, in folder: String) throws -> (process: Process, url: String) {
      let output = Pipe()
      let process = try Tool.start(
        ["-c", "\(command); exec '\(Tool.path)' watch --port 0"], in: folder, program: "/bin/sh", output: output,
        errors: Pipe())
      return (process, String(decoding: output.fileHandleForReading.availableData, as: UTF8.self))
    }

    /// Also where it was begun in the background by a shell, which lets it ignore that.
    @Test(.timeLimit(.minutes(5))) func controlCEndsIt() throws {
      try inTemporaryFolder { folder in
        try train(in: folder)
        let (process, _) = try watch(after: "trap '' INT", in: folder)
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGINT)
      }
    }

    /// More clients than the process may have descriptors: it waits for one, and takes no core for that.
    @Test(.timeLimit(.minutes(5))) func atTheLimitOfDescriptors() throws {
      try inTemporaryFolder { folder in
        try train(in: folder)
        let (process, url) = try watch(after: "ulimit -n 32", in: folder)
        defer { process.waitUntilExit() }
        defer { process.terminate() }
        let port = try #require(url.split(separator: ":").last.flatMap { Int($0.prefix { $0.isNumber }) })
        do {
          let clients = try (0..<60).map { _ in try Client(port: port) }
          usleep(300_000)
          let before = try seconds(of: process)
          usleep(1_500_000)
          #expect(try seconds(of: process) - before < 0.3)
          withExtendedLifetime(clients) {}
        }
        #expect(try status(ask(port, "/report")) == 200)
      }
    }
  #endif
}
