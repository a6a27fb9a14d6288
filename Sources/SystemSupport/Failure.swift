// What ends a piece of work, or refuses it: a kind, which is the tools' exit code, and one line for a person.

/// The kinds of failure that a tool tells apart by its exit code.
package enum FailureKind: Sendable, CaseIterable {
  /// The flags or values contradict each other, or what they are used on.
  case usage
  /// A file is there but isn't what it should be.
  case badData
  /// The input isn't there.
  case missing
  /// The output can't be made.
  case cannotCreate
  /// Reading or writing failed midway.
  case inputOutput
  /// Numbers of a training aren't finite any more.
  case diverged
  /// The system hasn't the memory.
  case outOfMemory
  /// Somebody asked to stop before it was done.
  case cancelled

  /// Of sysexits.h; a cancelled piece of work ends as Ctrl-C would end it.
  package var exitCode: Int32 {
    switch self {
    case .usage: 64
    case .badData: 65
    case .missing: 66
    case .diverged: 70
    case .outOfMemory: 71
    case .cannotCreate: 73
    case .inputOutput: 74
    case .cancelled: 130
    }
  }
}

/// An error that knows its kind. Its description is one clear line: what is wrong, where, and what mends it.
package protocol ClassifiedError: Error, CustomStringConvertible {
  var failureKind: FailureKind { get }
}

/// The error of everything that works on files, data and runs.
package struct Failure: ClassifiedError, Equatable {
  package var kind: FailureKind
  package var description: String
  package var failureKind: FailureKind { kind }

  package init(_ kind: FailureKind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  /// What went wrong with a file or folder.
  ///
  /// - Parameter error: of the call that failed, where one did.
  package init(_ kind: FailureKind, _ path: some CustomStringConvertible, _ what: String, _ error: SystemError? = nil) {
    self.init(kind, "\(path): \(what)" + (error.map { ": \($0)" } ?? ""))
  }
}
