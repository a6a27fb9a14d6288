// The one place where an error becomes a line and an exit code.

import ArgumentParser
import SystemSupport

/// A tool: its command, and the name that its lines begin with.
package struct Tool<Command: ParsableCommand> {
  private let name: String
  private let codeOfCancelled: () -> Int32

  /// - Parameter codeOfCancelled: the exit code of work that somebody asked to stop: the signal's, where one did.
  package init(
    _ command: Command.Type, named name: String,
    codeOfCancelled: @escaping () -> Int32 = { FailureKind.cancelled.exitCode }
  ) {
    self.name = name
    self.codeOfCancelled = codeOfCancelled
  }

  /// Parses the arguments and runs what they say. Comes back only from work that was done.
  package func run() {
    // A file that may not grow further (ulimit -f) is an error of that write, not the end of the process.
    signal(SIGXFSZ, SIG_IGN)
    do {
      try Self.checkArguments()
      var command = try Command.parseAsRoot()
      try command.run()
    } catch {
      finish(with: error)
    }
  }

  /// Swift would mend the bytes of arguments that aren't UTF-8, and they'd name another file.
  private static func checkArguments() throws(Failure) {
    for i in 1..<max(1, Int(CommandLine.argc)) {
      guard let argument = CommandLine.unsafeArgv[i], String(validatingCString: argument) == nil else { continue }
      throw Failure(
        .usage,
        "argument \(i) isn't UTF-8 (\(FilePath(cString: argument))): a file of such a name can be in a folder, but not "
          + "be named here")
    }
  }

  private func finish(with error: any Error) -> Never {
    if error is ExitCode || Command.exitCode(for: error) == .success {
      // Help or the version, asked for; or a command that has said all it has to say.
      let text = Command.fullMessage(for: error)
      if !text.isEmpty {
        do {
          try Console.print(text)
        } catch {
          finish(with: error)
        }
      }
      exit(Command.exitCode(for: error).rawValue)
    }
    let (code, line) = verdict(on: error)
    if let line { Console.note("\(name): \(line)") }
    exit(code)
  }

  /// The exit code, and one line.
  private func verdict(on error: any Error) -> (code: Int32, line: String?) {
    switch error {
    case let error as any ClassifiedError where error.failureKind == .cancelled:
      return (codeOfCancelled(), error.description)
    case let error as any ClassifiedError: return (error.failureKind.exitCode, error.description)
    // No reason for words.
    case is Console.ReaderIsGone: return (FailureKind.inputOutput.exitCode, nil)
    default:
      // The parser's: its message, and where to read on.
      let words = Command.message(for: error).split(whereSeparator: \.isNewline).joined(separator: "; ")
      return (Command.exitCode(for: error).rawValue, "\(words) (see '\(name) --help')")
    }
  }
}
