// The one place where an error becomes a line and an exit code.

import ArgumentParser
import SystemSupport

/// A tool: its command, and the name that its lines begin with.
package struct Tool<Command: ParsableCommand> {
  private let name: String
  private let firstPages: [String: FirstPage]
  private let laterSections: Set<String>
  private let otherNames: OtherNames
  private let codeOfCancelled: () -> Int32

  /// - Parameters:
  ///   - firstPages: of commands that have more flags than a screen has lines: "wgan train".
  ///   - laterSections: titles of flags that few people need: of other commands `--help` leaves them to `--help-all`.
  ///   - otherNames: what people may type who come from other programs.
  ///   - codeOfCancelled: the exit code of work that somebody asked to stop: the signal's, where one did.
  package init(
    _ command: Command.Type, named name: String, firstPages: [String: FirstPage] = [:],
    laterSections: Set<String> = [], otherNames: OtherNames = OtherNames(),
    codeOfCancelled: @escaping () -> Int32 = { FailureKind.cancelled.exitCode }
  ) {
    self.name = name
    self.firstPages = firstPages
    self.laterSections = laterSections
    self.otherNames = otherNames
    self.codeOfCancelled = codeOfCancelled
  }

  /// Parses the arguments and runs what they say. Comes back only from work that was done.
  package func run() {
    // A file that may not grow further (ulimit -f) is an error of that write, not the end of the process.
    signal(SIGXFSZ, SIG_IGN)
    do {
      try Self.checkArguments()
      let arguments = ArgumentMistakes.withNegativeNumbersJoined(
        ArgumentMistakes.withTimesJoined(Array(CommandLine.arguments.dropFirst()), otherNames))
      if let help = try help(arguments) { return try Console.print(help) }
      var command = try parsed(arguments)
      try command.run()
    } catch {
      finish(with: error)
    }
  }

  /// The page that is asked for; nil where none is.
  private func help(_ arguments: [String]) throws -> String? {
    let flags = arguments.prefix { $0 != "--" }.filter { ["-h", "--help", "--help-all"].contains($0) }
    // `help train`; `train help`, where no file is called so.
    let isFirst = arguments.first == CommandTree.help
    let isLast = !isFirst && arguments.last == CommandTree.help && !fileExists(CommandTree.help)
    // A tool, or a part of it, by its name alone wants it too.
    guard !flags.isEmpty || isFirst || arguments.allSatisfy({ !$0.hasPrefix("-") }) else { return nil }
    let words = arguments[(isFirst ? 1 : 0)..<(arguments.count - (isLast ? 1 : 0))]
    let (command, rest) = try CommandTree(of: Command.self).command(of: words)
    let isCommand = isFirst || (isLast && rest.isEmpty)
    if let word = rest.first, !word.hasPrefix("-"), !command.commands.isEmpty { throw misuse(arguments) }
    guard !flags.isEmpty || isCommand || (rest.isEmpty && !command.commands.isEmpty) else { return nil }
    let page = HelpPage(of: command, columns: Console.outputWidth)
    if flags.contains("--help-all") { return page.all }
    return firstPages[command.path].map(page.first) ?? page.without(laterSections)
  }

  /// - Throws: `Misuse` for what the parser refuses; its own error for what it's asked, such as the version.
  private func parsed(_ arguments: [String]) throws -> any ParsableCommand {
    do {
      return try Command.parseAsRoot(arguments)
    } catch {
      if error is any ClassifiedError || Command.exitCode(for: error) == .success { throw error }
      throw misuse(arguments, error)
    }
  }

  /// - Parameter error: the parser's.
  private func misuse(_ arguments: [String], _ error: (any Error)? = nil) -> Misuse {
    // `help WORD` is about the word.
    let words = arguments[(arguments.first == CommandTree.help ? 1 : 0)...]
    let tree = try? CommandTree(of: Command.self)
    let mistake = tree.flatMap { ArgumentMistakes(tree: $0, otherNames: otherNames).sentence(on: Array(words)) }
    let message = error.map { Command.message(for: $0).split(whereSeparator: \.isNewline).joined(separator: "; ") }
    return Misuse(
      words: mistake ?? message ?? "", command: tree?.command(of: words).command.path ?? name,
      code: error.map { Command.exitCode(for: $0).rawValue } ?? FailureKind.usage.exitCode)
  }

  /// Arguments that make no command.
  private struct Misuse: Error {
    let words: String
    /// Whose help says more.
    let command: String
    let code: Int32
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
    // A folder called "~" would be made here, and who takes it away again may take away the home folder.
    for argument in CommandLine.arguments.dropFirst() {
      let value = argument.hasPrefix("-") ? argument.split(separator: "=", maxSplits: 1).last ?? "" : argument[...]
      guard value == "~" || value.hasPrefix("~/") else { continue }
      throw Failure(
        .usage,
        "\(argument): the shell takes ~ for your home folder only where a word begins with it and isn't in quotes: "
          + "write $HOME for it")
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
    case let misuse as Misuse: return (misuse.code, "\(misuse.words) (see '\(misuse.command) --help')")
    default:
      let words = Command.message(for: error).split(whereSeparator: \.isNewline).joined(separator: "; ")
      return (Command.exitCode(for: error).rawValue, words)
    }
  }
}
