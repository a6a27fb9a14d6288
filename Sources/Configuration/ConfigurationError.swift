// What is wrong with a configuration, and which value mends it.

import SystemSupport

/// A value of the configuration that no run can have. The description names the flag that mends it.
package struct ConfigurationError: ClassifiedError, Equatable {
  /// As written on the command line: "--size".
  package var flag: String
  package var problem: String
  package var description: String { "\(flag) \(problem)" }
  package var failureKind: FailureKind { .usage }

  package init(_ flag: String, _ problem: String) {
    self.flag = flag
    self.problem = problem
  }
}
