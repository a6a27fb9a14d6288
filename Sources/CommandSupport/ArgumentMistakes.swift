// What is wrong with arguments that the parser refused, in words that help: the parser names what it didn't know, this
// says what was meant. It looks only at what was refused, so it needs no rule of the parser's but where values stand.

import ArgumentParser
import SystemSupport

/// What other programs of a tool's kind call things.
package struct OtherNames: Sendable {
  /// Flags of this tool, the likeliest first. Names are in lower case, with dashes between words.
  let flags: [String: [String]]
  /// Why this tool has no such flag, and what to do.
  let reasons: [String: String]
  /// Commands of this tool: what to type.
  let commands: [String: String]
  /// What a value that stands by itself may have been meant as: the first of these flags that a command has.
  let flagsOfValues: [String]
  /// Those whose value is a folder: what a folder is meant for, where a name stands for several flags.
  let flagsOfFolders: Set<String>
  /// Flags whose value is a time, and the words of its units.
  let flagsOfTimes: Set<String>
  let unitsOfTime: Set<String>

  package init(
    flags: [String: [String]] = [:], reasons: [String: String] = [:], commands: [String: String] = [:],
    flagsOfValues: [String] = [], flagsOfFolders: Set<String> = [], flagsOfTimes: Set<String> = [],
    unitsOfTime: Set<String> = []
  ) {
    self.flags = flags
    self.reasons = reasons
    self.commands = commands
    self.flagsOfValues = flagsOfValues
    self.flagsOfFolders = flagsOfFolders
    self.flagsOfTimes = flagsOfTimes
    self.unitsOfTime = unitsOfTime
  }
}

struct ArgumentMistakes {
  let tree: CommandTree
  let otherNames: OtherNames

  /// A flag and the negative number behind it as one word, `--seed=-1`: the parser would take the number for a flag,
  /// and a flag's own check says it better.
  static func withNegativeNumbersJoined(_ arguments: [String]) -> [String] {
    var result: [String] = []
    var isOver = false
    for argument in arguments {
      let digits = argument.dropFirst().drop { $0 == "." }
      if !isOver, let flag = result.last, flag.hasPrefix("--"), !flag.contains("="), argument.hasPrefix("-"),
        let digit = digits.first, digit.isASCII, digit.isNumber
      {
        result[result.count - 1] = "\(flag)=\(argument)"
      } else {
        result.append(argument)
      }
      if argument == "--" { isOver = true }
    }
    return result
  }

  /// A time that a person wrote as several words, as one: `--for 8 min`, `--for 1 h 30 m`.
  static func withTimesJoined(_ arguments: [String], _ names: OtherNames) -> [String] {
    var result: [String] = []
    var rest = arguments[...]
    while let word = rest.popFirst() {
      result.append(word)
      if word == "--" { return result + rest }
      guard names.flagsOfTimes.contains(where: { word == "--" + $0 }) else { continue }
      func isNumber(_ word: String) -> Bool { !word.isEmpty && word.allSatisfy { $0.isNumber || $0 == "." } }
      var count = 0
      for (number, unit) in zip(rest, rest.dropFirst()).enumerated().filter({ $0.offset % 2 == 0 }).map(\.element) {
        guard isNumber(number), names.unitsOfTime.contains(unit.lowercased()) else { break }
        count += 2
      }
      if count > 0 { result.append(rest.prefix(count).joined(separator: " ")) }
      rest = rest.dropFirst(count)
    }
    return result
  }

  /// The first mistake; nil where this finds none.
  func sentence(on arguments: [String]) -> String? {
    let (command, rest) = tree.command(of: arguments[...])
    if !command.commands.isEmpty {
      guard let word = rest.first, !word.hasPrefix("-") else { return nil }
      return unknown(word, commandOf: command)
    }
    return sentence(on: rest, of: command)
  }

  private func sentence(on all: ArraySlice<String>, of command: CommandTree) -> String? {
    var places = (command.arguments ?? []).filter { $0.kind == .positional }
    var words = all
    while let word = words.popFirst() {
      if word == "--" { return nil }
      guard word.hasPrefix("-"), word != "-" else {
        if places.isEmpty { return unexpected(words.startIndex - 1, of: all, in: command) }
        if !places[0].isRepeating { places.removeFirst() }
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard let argument = argument(parts[0], of: command) else {
        return unknown(parts[0], value: parts.count > 1 ? parts[1] : words.first, in: command)
      }
      guard argument.kind == .option else { continue }
      guard let value = parts.count > 1 ? parts[1] : words.popFirst() else { return nil }
      if let sentence = impossible(value, for: argument) { return sentence }
    }
    return nil
  }

  private func argument(_ name: String, of command: CommandTree) -> CommandTree.Argument? {
    if name.hasPrefix("--") { return command.argument(flag: String(name.dropFirst(2))) }
    return command.arguments?.first { $0.shortFlag == String(name.dropFirst()) }
  }

  // MARK: Sentences

  private func unknown(_ word: String, commandOf command: CommandTree) -> String {
    let names = command.commands.map(\.commandName)
    let start = "there is no command '\(word)'"
    if let near = nearest(word, among: names) { return "\(start): did you mean '\(command.path) \(near)'?" }
    if let ours = otherNames.commands[word.lowercased()] { return "\(start): give '\(command.path) \(ours)'" }
    return "\(start): there are \(names.joined(separator: ", "))"
  }

  /// - Parameters:
  ///   - name: with its dashes.
  ///   - value: what stands behind it, whether that is its value or not.
  private func unknown(_ name: String, value: String?, in command: CommandTree) -> String {
    let start = "there is no \(name)"
    let plain = Self.plain(name)
    if command.argument(flag: plain) != nil { return "\(start): did you mean --\(plain)?" }
    let meant = (otherNames.flags[plain] ?? []).compactMap { command.argument(flag: $0) }
    let ofFolders =
      value.map(isFolder) == true ? meant.first { otherNames.flagsOfFolders.contains($0.flag ?? "") } : nil
    if let ours = ofFolders ?? meant.first, let flag = ours.flag {
      return "\(start): give --\(flag)\(Self.effect(of: ours))"
    }
    if let reason = otherNames.reasons[plain] { return "\(start): \(reason)" }
    if let near = nearest(plain, among: command.flags) { return "\(start): did you mean --\(near)?" }
    if let other = tree.leaves.first(where: { $0.argument(flag: plain) != nil }) {
      return "\(start) here: it is a flag of '\(other.path)'"
    }
    return start
  }

  /// "--imageSize", "--image_size" and "-image-size" are all image-size; "--noBN" is no-bn.
  private static func plain(_ name: String) -> String {
    var (result, last) = ("", Character("-"))
    for character in name.drop(while: { $0 == "-" }) {
      if character.isUppercase, last.isLowercase || last.isNumber { result.append("-") }
      result += character == "_" ? "-" : character.lowercased()
      last = character
    }
    return result
  }

  /// " (what it does)": its help without the value that holds else.
  private static func effect(of argument: CommandTree.Argument) -> String {
    guard let abstract = argument.abstract, !abstract.isEmpty else { return "" }
    var text = abstract.hasSuffix(".") ? abstract.dropLast() : abstract[...]
    if text.last == ")", let start = text.ranges(of: " (").last, text[start.upperBound...].contains(": ") {
      text = text[..<start.lowerBound]
    }
    return " (\(text))"
  }

  /// - Parameter place: the word's.
  private func unexpected(_ place: Int, of words: ArraySlice<String>, in command: CommandTree) -> String {
    let word = words[place]
    let start = "'\(word)' stands alone"
    if word.allSatisfy({ $0.isNumber || $0 == "," || $0 == "-" }), command.argument(flag: "seeds") != nil {
      return "\(start): numbers are given in one word, as in --seeds 1,5,9"
    }
    let isGiven: (String) -> Bool = { flag in
      words.contains { $0 == "--" + flag || $0.hasPrefix("--\(flag)=") }
    }
    // A value that may stand alone does so already.
    let isPlace: (String) -> Bool = { flag in
      command.arguments?.contains { $0.kind == .positional && $0.valueName == flag } == true
    }
    let flag = otherNames.flagsOfValues.first { command.argument(flag: $0) != nil && !isGiven($0) && !isPlace($0) }
    guard let flag else { return "\(start): which flag is it the value of?" }
    let line = words.indices.map { $0 == place ? shellFlag("--" + flag, word) : shellWord(words[$0]) }
    let path = command.path.split(separator: " ").dropFirst().map(String.init)
    return "\(start): is it a flag's value, as in '\(toolCommand((path + line).joined(separator: " ")))'?"
  }

  /// Of words to choose from, or lists of such words with commas.
  private func impossible(_ value: String, for argument: CommandTree.Argument) -> String? {
    let values = argument.allValues ?? []
    let words = values.filter { !$0.contains(",") }
    let areLists = words.count < values.count
    let given = areLists ? value.split(separator: ",", omittingEmptySubsequences: false).map(String.init) : [value]
    guard !values.isEmpty, let wrong = given.first(where: { !words.contains($0) }) else { return nil }
    let near = nearest(wrong, among: words).map { "did you mean \($0)? There are " } ?? "there are "
    return "--\(argument.flag ?? "") \(value): \(near)\(words.joined(separator: ", "))"
      + (areLists ? ", and lists of them with commas" : "")
  }
}

extension CommandTree {
  /// The commands without commands of their own.
  fileprivate var leaves: [CommandTree] { commands.isEmpty ? [self] : commands.flatMap(\.leaves) }
}
