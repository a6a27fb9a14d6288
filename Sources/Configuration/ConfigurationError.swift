// What is wrong with a configuration, and which value mends it.

import SystemSupport

/// A value of the configuration that no run can have, or that has no effect. Begins with the parameter that mends it.
package struct ConfigurationError: ClassifiedError, Equatable {
  package var name: ParameterName
  package var problem: Sentence

  package init(_ name: ParameterName, _ problem: Sentence) {
    self.name = name
    self.problem = problem
  }

  package func text(_ naming: Naming) -> String { "\(name.text(naming)) \(problem.text(naming))" }

  /// As the tools say it.
  package var description: String { text(.flags) }
  package var failureKind: FailureKind { .usage }
}
