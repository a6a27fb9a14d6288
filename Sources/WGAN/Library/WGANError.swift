// The one error of the public face, and how those of the modules below become it.

import Configuration
import Compute
import SystemSupport
import Graph
import Images

/// Why something couldn't be done, in one line for a person: what is wrong, where, and what mends it.
public struct WGANError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kinds that a program may want to tell apart.
  ///
  /// Later versions may have more: give a `switch` over them a `default`.
  public enum Kind: Sendable, Equatable {
    /// A value of the settings that no GAN can have, or that this machine hasn't the memory for.
    case invalidSettings
    /// Pictures that the GAN can't be trained on, or bytes that aren't a picture.
    case invalidPictures
    /// Another argument of a call is out of its range.
    case invalidArgument
    /// The file isn't there.
    case fileNotFound
    /// The file is there and isn't what it should be.
    case invalidFile
    /// The file can't be created.
    case cannotCreateFile
    /// Reading or writing failed midway.
    case inputOutput
    /// Numbers of a training aren't finite any more.
    case diverged
  }

  /// What kind of failure it is.
  public let kind: Kind
  /// One line: what is wrong, where, and what mends it.
  public let description: String

  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  /// An error of the modules below.
  init(_ error: any Error) {
    let line = String(describing: error)
    switch error {
    case let error as WGANError: self = error
    case let error as ConfigurationError: self.init(.invalidSettings, error.text(.properties))
    case is NetworkError, is UnknownInstructionSet: self.init(.invalidSettings, line)
    case let error as any ClassifiedError:
      switch error.failureKind {
      case .missing: self.init(.fileNotFound, line)
      case .diverged: self.init(.diverged, line)
      case .cannotCreate: self.init(.cannotCreateFile, line)
      case .outOfMemory: self.init(.invalidSettings, line)
      case .inputOutput, .cancelled: self.init(.inputOutput, line)
      case .badData, .usage: self.init(.invalidFile, line)
      }
    default: self.init(.inputOutput, line)
    }
  }
}

/// What `body` gives, its errors as those of the public face.
func withPublicErrors<Result>(_ body: () throws -> Result) throws(WGANError) -> Result {
  do { return try body() } catch { throw WGANError(error) }
}
