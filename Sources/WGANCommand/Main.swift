// Where the tool starts, and the one place where an error becomes a line and an exit code.

import ArgumentParser
import Compute
import Datasets
import SystemSupport
import Graph
import Images
import WGAN

@main
enum Main {
  static func main() {
    // A reader that went away (`| head`) is an error of that write, not the end of a training run.
    signal(SIGPIPE, SIG_IGN)
    occupyStandardDescriptors()
    do {
      var command = try WGANCommand.parseAsRoot()
      try command.run()
    } catch {
      finish(with: error)
    }
  }

  /// Were one of them closed, the next file opened would take its number, and lines meant for the terminal would go
  /// there.
  private static func occupyStandardDescriptors() {
    for descriptor in 0...2 where fcntl(Int32(descriptor), F_GETFD) < 0 {
      // For the wrong direction: using it fails, as it would have.
      _ = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
    }
  }

  private static func finish(with error: any Error) -> Never {
    if error is ExitCode || WGANCommand.exitCode(for: error) == .success {
      // Help or the version, asked for; or a command that has said all it has to say.
      let text = WGANCommand.fullMessage(for: error)
      if !text.isEmpty {
        do {
          try Console.print(text)
        } catch {
          finish(with: error)
        }
      }
      exit(WGANCommand.exitCode(for: error).rawValue)
    }
    let (code, line) = verdict(on: error)
    if let line { Console.note("wgan: \(line)") }
    exit(code)
  }

  /// The exit code, and one line.
  static func verdict(on error: any Error) -> (code: Int32, line: String?) {
    switch error {
    case let error as any ClassifiedError where error.failureKind == .cancelled:
      return (error.failureKind.exitCode, "stopped before training began")
    case let error as any ClassifiedError: return (error.failureKind.exitCode, error.description)
    case let error as Console.ReaderIsGone: return (FailureKind.inputOutput.exitCode, error.line)
    default:
      // The parser's: its message, and where to read on.
      let words = WGANCommand.message(for: error).split(whereSeparator: \.isNewline).joined(separator: "; ")
      return (WGANCommand.exitCode(for: error).rawValue, "\(words) (see 'wgan --help')")
    }
  }
}
