// What a tool's command line has: its commands, and each one's flags, as the parser describes them to programs that
// write manual pages. Help and errors are made of that, so they know every flag and keep no list of their own.

import ArgumentParser

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A command: the tool itself, or a part of it.
package struct CommandTree: Decodable, Sendable {
  package let commandName: String
  package let superCommands: [String]?
  package let abstract: String?
  package let discussion: String?
  package let subcommands: [CommandTree]?
  package let arguments: [Argument]?

  /// A flag with or without a value, or a value that stands by itself.
  package struct Argument: Decodable, Sendable {
    package enum Kind: String, Decodable, Sendable {
      case positional
      case option
      case flag
    }

    struct Name: Decodable, Sendable {
      let kind: String
      let name: String
    }

    let kind: Kind
    let names: [Name]?
    let sectionTitle: String?
    let valueName: String?
    let abstract: String?
    let defaultValue: String?
    let allValues: [String]?
    let isOptional: Bool
    let isRepeating: Bool

    /// Without its dashes; nil for a value that stands by itself.
    var flag: String? { names?.first { $0.kind == "long" }?.name }
    var shortFlag: String? { names?.first { $0.kind == "short" }?.name }
  }

  private struct Description: Decodable {
    let command: CommandTree
  }

  /// - Throws: where the parser's description isn't what is expected of it: its next version may have another one.
  package init<Command: ParsableCommand>(of command: Command.Type) throws {
    self = try JSONDecoder().decode(Description.self, from: Data(Command._dumpHelp().utf8)).command
  }

  /// "wgan data scan"
  package var path: String { ((superCommands ?? []) + [commandName]).joined(separator: " ") }

  /// Its own commands.
  var commands: [CommandTree] { (subcommands ?? []).filter { $0.commandName != Self.help } }

  /// The parser's own command, which is in the list of the tool's.
  static let help = "help"

  func command(_ name: String) -> CommandTree? { commands.first { $0.commandName == name } }

  func argument(flag: String) -> Argument? { arguments?.first { $0.flag == flag } }

  /// Every long flag.
  var flags: [String] { (arguments ?? []).compactMap(\.flag) }

  /// The command that the first words name, and the words after these.
  func command(of words: ArraySlice<String>) -> (command: CommandTree, rest: ArraySlice<String>) {
    guard let first = words.first, let next = command(first) else { return (self, words) }
    return next.command(of: words.dropFirst())
  }
}
