// A command's help, in two layers: `--help` has what most people need, on one screen, where a command has so many flags
// that it says which these are; `--help-all` has all of them. Pages are as wide as the terminal: flags to the left of
// what they do, or above it where there is no room.

/// What `--help` shows of a command that has many flags.
package struct FirstPage: Sendable {
  /// Command lines, and what they do.
  let examples: [(command: String, effect: String)]
  /// Titles, and flags without their dashes, with what they do in a line. What holds without the flag is added where
  /// a preset says it.
  let sections: [(title: String, flags: [(flag: String, text: String)])]
  let notes: String

  package init(
    examples: [(command: String, effect: String)], sections: [(title: String, flags: [(flag: String, text: String)])],
    notes: String
  ) {
    self.examples = examples
    self.sections = sections
    self.notes = notes
  }
}

struct HelpPage {
  /// Columns of the flags, with a space before and behind them.
  private static let widestLabels = 26

  private let command: CommandTree
  private let columns: Int

  /// - Parameter columns: of the terminal.
  init(of command: CommandTree, columns: Int) {
    self.command = command
    self.columns = max(20, min(columns, 100))
  }

  // MARK: Layers

  /// Everything.
  var all: String { without([]) }

  /// Everything but some sections, by their titles; it says so where the command has one of them.
  func without(_ laterTitles: Set<String>) -> String {
    var parts = [wrapped(command.abstract ?? "")]
    if let discussion = command.discussion, !discussion.isEmpty { parts.append(wrapped(discussion)) }
    parts.append(wrapped("USAGE: " + usage, indent: 7, first: 0))
    let arguments = command.arguments ?? []
    let positional = arguments.filter { $0.kind == .positional }
    if !positional.isEmpty { parts.append(section("Arguments", rows(of: positional))) }
    var titles: [String] = []
    for title in arguments.compactMap(\.sectionTitle) where !titles.contains(title) { titles.append(title) }
    let later = titles.filter(laterTitles.contains)
    titles.removeAll(where: laterTitles.contains)
    let untitled = arguments.filter { $0.sectionTitle == nil && $0.kind != .positional }
    if !untitled.isEmpty { parts.append(section("Options", rows(of: untitled))) }
    for title in titles { parts.append(section(title, rows(of: arguments.filter { $0.sectionTitle == title }))) }
    if !command.commands.isEmpty {
      parts.append(section("Commands", command.commands.map { ($0.commandName, $0.abstract ?? "") }))
      parts.append(wrapped("'\(command.path) <command> --help' says more of each."))
    }
    if !later.isEmpty {
      let titles = later.map { "\"\($0)\"" }.joined(separator: " and ")
      parts.append(wrapped("Flags of \(titles): '\(command.path) --help-all'."))
    }
    return parts.joined(separator: "\n\n")
  }

  func first(_ page: FirstPage) -> String {
    var parts = [wrapped(command.abstract ?? "")]
    let examples = page.examples.flatMap { [commandLine($0.command, indent: 2), indented($0.effect, by: 6)] }
    parts.append(examples.joined(separator: "\n"))
    for (title, flags) in page.sections {
      let lines = flags.compactMap { flag, text -> (label: String, text: String)? in
        let arguments = (command.arguments ?? []).filter { $0.flag == flag || $0.flag == "no-" + flag }
        guard let row = rows(of: arguments).first else { return nil }
        let preset = row.text.ranges(of: " (preset: ").last.map { row.text[$0.lowerBound...] } ?? "."
        return (row.label, text + preset)
      }
      parts.append(section(title, lines))
    }
    parts.append(wrapped(page.notes + " All flags: '\(command.path) --help-all'."))
    return parts.joined(separator: "\n\n")
  }

  // MARK: Parts

  private var usage: String {
    let arguments = command.arguments ?? []
    let needed = arguments.filter { $0.kind != .positional && !$0.isOptional }
    let positional = arguments.filter { $0.kind == .positional }
    let hasOptions = arguments.contains { $0.kind != .positional && $0.isOptional && !Self.isEverywhere($0) }
    var words = [command.path]
    words += positional.map { $0.isOptional ? "[\(label($0))]" : label($0) }
    words += needed.map(label)
    if hasOptions { words.append("[flags]") }
    if !command.commands.isEmpty { words.append("<command>") }
    return words.joined(separator: " ")
  }

  private static func isEverywhere(_ argument: CommandTree.Argument) -> Bool {
    ["help", "version"].contains(argument.flag)
  }

  /// What each is called, and what it does. A switch and its opposite are one row.
  private func rows(of arguments: [CommandTree.Argument]) -> [(label: String, text: String)] {
    arguments.compactMap { argument in
      let flag = argument.flag ?? ""
      if flag.hasPrefix("no-"), arguments.contains(where: { $0.flag == String(flag.dropFirst(3)) }) { return nil }
      let isSwitch = argument.kind == .flag && arguments.contains { $0.flag == "no-" + flag }
      if flag == CommandTree.help { return ("-h, --help, --help-all", "Show help: the first page, or all of it.") }
      return (isSwitch ? "--[no-]\(flag)" : label(argument), text(of: argument))
    }
  }

  private func label(_ argument: CommandTree.Argument) -> String {
    let name = argument.valueName ?? "value"
    guard let flag = argument.flag else { return "<\(name)>" }
    guard argument.kind == .option else { return "--\(flag)" }
    let long = "--\(flag) <\(name)>"
    // What a value is called as its flag is adds nothing: not worth a line of its own.
    guard name == flag, long.count + 4 > Self.widestLabels else { return long }
    return "--\(flag) <\(argument.allValues?.isEmpty == false ? "word" : "x")>"
  }

  private func text(of argument: CommandTree.Argument) -> String {
    let abstract = argument.abstract ?? ""
    let values = argument.allValues ?? []
    let isSaid = values.allSatisfy(abstract.contains) || values.count > 6
    let more = [
      isSaid || values.isEmpty ? nil : "one of: \(values.joined(separator: ", "))",
      argument.defaultValue.map { "default: \($0)" },
    ].compactMap(\.self)
    return more.isEmpty ? abstract : "\(abstract) (\(more.joined(separator: "; ")))"
  }

  // MARK: Lines

  private func section(_ title: String, _ rows: [(label: String, text: String)]) -> String {
    // Of a narrow terminal half is for the texts at least.
    let room = min(Self.widestLabels, columns / 3)
    let lines = rows.map { label, text in
      if label.count + 4 <= room {
        let padded = "  " + label + String(repeating: " ", count: room - label.count - 2)
        return padded + wrapped(text, indent: room).dropFirst(room)
      }
      return indented(label, by: 2) + "\n" + indented(text, by: columns < 60 ? 6 : room)
    }
    return ([title.uppercased() + ":"] + lines).joined(separator: "\n")
  }

  private func indented(_ text: String, by indent: Int) -> String { wrapped(text, indent: indent) }

  /// A command that can be pasted, broken or not.
  private func commandLine(_ text: some StringProtocol, indent: Int) -> String {
    let start = String(repeating: " ", count: indent)
    return WrappedText.lines(
      of: text.split(separator: " "), after: start, next: start + "  ", columns: columns, continuation: " \\")
  }

  /// Broken between words. A line that begins with spaces is a command or a list: it's broken only where it must.
  ///
  /// - Parameters:
  ///   - indent: spaces before each line.
  ///   - first: those before the first one, where it's another number.
  private func wrapped(_ text: String, indent: Int = 0, first: Int? = nil) -> String {
    var isFirst = true
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let own = line.prefix { $0 == " " }.count
      let start = String(repeating: " ", count: (isFirst ? first ?? indent : indent) + own)
      let next = String(repeating: " ", count: indent + own + (own > 0 ? 2 : 0))
      isFirst = false
      // Columns of a list stay.
      if own > 0, start.count - own + line.count < columns { return String(start.dropLast(own) + line) }
      let words = line.split(separator: " ")
      if own > 0, let tool = command.path.split(separator: " ").first, words.first == tool {
        return commandLine(line, indent: start.count)
      }
      return WrappedText.lines(of: words, after: start, next: next, columns: columns)
    }.joined(separator: "\n")
  }
}
