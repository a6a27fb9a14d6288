// config.json: every resolved value of a run. The training configuration decides the numbers; the rest (how long, how
// many threads, how often something is written) may change when a run goes on.

import Configuration
import Training

/// The values of `RunParameters` are its properties, too: `configuration.threads`.
package struct RunConfiguration: Parameterized, Equatable {
  package typealias Parameters = RunParameters

  package var version = wganVersion
  /// Each `synthetic`, or the absolute path of a folder, archive or CSV list; together they are the data set. A dry run
  /// may have none.
  package var data: [String]
  /// The folder of scaled pictures; nil: the usual place.
  package var cache: String?
  package var training: TrainingConfiguration
  /// The absolute path of the file of weights that a net begins with; nil: with those that `training` draws.
  package var initialGenerator: String?
  package var initialCritic: String?
  package var length: RunLength
  /// When the run went on with other pictures, in this order; a file has the field only where there is one.
  package var pictureChanges: [PictureChange] = []
  package var values = ParameterValues(RunParameters.declared)

  package static let defaultLength = RunLength.epochs(LengthParameters.declared.epochs.value)

  package init(
    data: [String], cache: String? = nil, training: TrainingConfiguration, initialGenerator: String? = nil,
    initialCritic: String? = nil, length: RunLength = defaultLength
  ) {
    self.data = data
    self.cache = cache
    self.training = training
    self.initialGenerator = initialGenerator
    self.initialCritic = initialCritic
    self.length = length
  }

  /// The file that this net begins with.
  func initialWeights(_ role: NetRole) -> String? {
    switch role {
    case .generator: initialGenerator
    case .critic: initialCritic
    }
  }

  var checkpointPlan: CheckpointPlan { CheckpointPlan(every: self.checkpointEvery, keepEvery: self.keepEvery) }

  /// When the run ends, by the flag that says so.
  package var lengthField: ConfigurationField {
    let lengths = LengthParameters.declared
    return switch length {
    case .epochs(let count): ConfigurationField(lengths.epochs.name.text(.flags), "\(count)")
    case .generatorSteps(let count): ConfigurationField(lengths.generatorSteps.name.text(.flags), "\(count)")
    }
  }

  /// - Throws: for the first value that no run can have.
  package func validate() throws(ConfigurationError) {
    try training.validate()
    switch length {
    case .epochs(let count): try LengthParameters.declared.epochs.check(count)
    case .generatorSteps(let count): try LengthParameters.declared.generatorSteps.check(count)
    }
    try validateValues()
  }
}

package typealias RunOverride = Override<RunConfiguration>

// MARK: - In a file

extension RunConfiguration: Codable {
  private enum Field: String, CodingKey, CaseIterable {
    case version, data, cache, training, initialGenerator, initialCritic, pictureChanges
    /// One of the two.
    case epochs, generatorSteps
  }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Field.self)
    version = try fields.decode(String.self, forKey: .version)
    if isNewerVersion(version) { throw UnknownField.version(version) }
    data = try (try? [fields.decode(String.self, forKey: .data)]) ?? fields.decode([String].self, forKey: .data)
    cache = try fields.decodeIfPresent(String.self, forKey: .cache)
    training = try fields.decode(TrainingConfiguration.self, forKey: .training)
    initialGenerator = try fields.decodeIfPresent(String.self, forKey: .initialGenerator)
    initialCritic = try fields.decodeIfPresent(String.self, forKey: .initialCritic)
    pictureChanges = try fields.decodeIfPresent([PictureChange].self, forKey: .pictureChanges) ?? []
    if let count = try fields.decodeIfPresent(Int.self, forKey: .generatorSteps) {
      length = .generatorSteps(count)
    } else {
      length = .epochs(try fields.decode(Int.self, forKey: .epochs))
    }
    values = try ParameterValues(from: decoder, Parameters.declared)
    try refuseUnknownFields(of: decoder, known: Field.allCases.map(\.rawValue), Parameters.declared)
  }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode(version, forKey: .version)
    // A single one as earlier versions write and read it.
    if data.count == 1 { try fields.encode(data[0], forKey: .data) } else { try fields.encode(data, forKey: .data) }
    try fields.encodeIfPresent(cache, forKey: .cache)
    try fields.encode(training, forKey: .training)
    try fields.encodeIfPresent(initialGenerator, forKey: .initialGenerator)
    try fields.encodeIfPresent(initialCritic, forKey: .initialCritic)
    if !pictureChanges.isEmpty { try fields.encode(pictureChanges, forKey: .pictureChanges) }
    switch length {
    case .epochs(let count): try fields.encode(count, forKey: .epochs)
    case .generatorSteps(let count): try fields.encode(count, forKey: .generatorSteps)
    }
    try values.encode(to: encoder, Parameters.declared)
  }
}
