// What our files of weights say of how these came about: a checkpoint's metadata, and that of what is exported from it.

import Configuration
import SystemSupport

package struct Provenance: Sendable, Equatable {
  package var configuration: TrainingConfiguration
  package var generatorSteps: Int
  package var criticSteps: Int

  /// As texts.
  var metadata: [String: String] {
    get throws {
      [
        "version": wganVersion, "generator_steps": String(generatorSteps), "critic_steps": String(criticSteps),
        "configuration": String(decoding: try RunJSON.encode(configuration), as: UTF8.self),
      ]
    }
  }

  init(configuration: TrainingConfiguration, generatorSteps: Int, criticSteps: Int) {
    self.configuration = configuration
    self.generatorSteps = generatorSteps
    self.criticSteps = criticSteps
  }

  /// nil where the file says nothing of it: another program's.
  /// - Throws: `Failure(.badData)` where what it says isn't possible.
  init?(metadata: [String: String], source: String) throws {
    guard let text = metadata["configuration"] else { return nil }
    func steps(_ key: String) throws(Failure) -> Int {
      guard let steps = metadata[key].flatMap({ Int($0) }), 0..<(1 << 48) ~= steps else {
        throw Failure(.badData, "\(source): its metadata has no possible \(key)")
      }
      return steps
    }
    generatorSteps = try steps("generator_steps")
    criticSteps = try steps("critic_steps")
    configuration = try RunJSON.decode(TrainingConfiguration.self, from: Array(text.utf8), source: source)
    do {
      try configuration.validate()
    } catch {
      throw Failure(.badData, "\(source): \(error)")
    }
  }
}
