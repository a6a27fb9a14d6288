// Where the tool starts, and the one place where an error becomes a line and an exit code.

import ArgumentParser
import Compute
import Datasets
import Files
import Graph
import Images
import WGAN

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

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

  /// Were one of them closed, the next file opened would take its number, and lines meant for the terminal would go there.
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

  /// The exit codes of sysexits.h, and one line.
  static func verdict(on error: any Error) -> (code: Int32, line: String?) {
    let line = String(describing: error)
    switch error {
    case let error as RunError:
      switch error.kind {
      case .usage: return (EX_USAGE, line)
      case .badData: return (EX_DATAERR, line)
      case .missing: return (EX_NOINPUT, line)
      case .cannotCreate: return (EX_CANTCREAT, line)
      }
    case is ConfigurationError, is UnknownInstructionSet, is NetworkError: return (EX_USAGE, line)
    case let error as FileError:
      switch error.kind {
      case .missing: return (EX_NOINPUT, line)
      case .cannotCreate: return (EX_CANTCREAT, line)
      case .inputOutput: return (EX_IOERR, line)
      }
    case let error as DatasetError:
      switch error.kind {
      case .notFound: return (EX_NOINPUT, line)
      case .badData: return (EX_DATAERR, line)
      case .inputOutput: return (EX_IOERR, line)
      case .cancelled: return (130, "stopped before training began")
      }
    case let error as PictureError:
      switch error.kind {
      case .notFound: return (EX_NOINPUT, line)
      case .unreadable: return (EX_IOERR, line)
      case .notAPicture, .corrupt, .tooLarge, .unsupported: return (EX_DATAERR, line)
      case .cannotWrite: return (EX_CANTCREAT, line)
      }
    case let error as Console.ReaderIsGone: return (EX_IOERR, error.line)
    default:
      // The parser's: its message, and where to read on.
      let words = WGANCommand.message(for: error).split(whereSeparator: \.isNewline).joined(separator: "; ")
      return (WGANCommand.exitCode(for: error).rawValue, "\(words) (see 'wgan --help')")
    }
  }

  private static let EX_USAGE: Int32 = 64
  private static let EX_DATAERR: Int32 = 65
  private static let EX_NOINPUT: Int32 = 66
  private static let EX_CANTCREAT: Int32 = 73
  private static let EX_IOERR: Int32 = 74
}
