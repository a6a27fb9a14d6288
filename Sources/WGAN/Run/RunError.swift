// What ends a run, or refuses one: a kind (the tool's exit code) and one line for a person.

import Files

/// A failure with one clear line: what is wrong, where, and what mends it.
package struct RunError: Error, Equatable, CustomStringConvertible {
  package enum Kind: Sendable {
    /// The flags contradict each other or the run (exit code 64).
    case usage
    /// A file is there but isn't what it should be (65).
    case badData
    /// The input isn't there (66).
    case missing
    /// The output can't be made (73).
    case cannotCreate
  }

  package var kind: Kind
  package var description: String

  package init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

/// A value of the configuration that no run can have. The description names the flag that mends it.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  /// As written on the command line: "--size".
  package var flag: String
  package var problem: String
  package var description: String { "\(flag) \(problem)" }

  package init(_ flag: String, _ problem: String) {
    self.flag = flag
    self.problem = problem
  }
}
