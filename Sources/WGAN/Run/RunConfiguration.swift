// config.json: every resolved value of a run. The training configuration decides the numbers; the rest (how long, how
// many threads, how often something is written) may change when a run goes on.

import Training
import Configuration
import SystemSupport

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// This library's version, written into every run.
package let wganVersion = "0.1.0"

package struct RunConfiguration: Codable, Sendable, Equatable {
  package var version = wganVersion
  /// `synthetic`, or the absolute path of a folder or CSV list.
  package var data: String
  /// The folder of scaled pictures; nil: the usual place.
  package var cache: String?
  package var training: TrainingConfiguration
  /// The absolute path of the file of weights that a net begins with; nil: with those that `training` draws.
  package var initialGenerator: String?
  package var initialCritic: String?
  /// One of the two: when the run ends.
  package private(set) var epochs: Int?
  package private(set) var generatorSteps: Int?
  package var threads: Int
  /// Generator steps from gallery to gallery; 0: at the end only.
  package var sampleEvery: Int
  /// Generator steps from checkpoint to checkpoint; 0: at the end only.
  package var checkpointEvery: Int
  /// Generator steps from one evaluation on held-out pictures to the next; 0: never.
  package var evaluateEvery: Int

  package init(
    data: String, cache: String?, training: TrainingConfiguration, initialGenerator: String? = nil,
    initialCritic: String? = nil, length: RunLength, threads: Int, sampleEvery: Int,
    checkpointEvery: Int, evaluateEvery: Int
  ) {
    self.data = data
    self.cache = cache
    self.training = training
    self.initialGenerator = initialGenerator
    self.initialCritic = initialCritic
    self.threads = threads
    self.sampleEvery = sampleEvery
    self.checkpointEvery = checkpointEvery
    self.evaluateEvery = evaluateEvery
    self.length = length
  }

  /// The file that this net begins with.
  func initialWeights(_ role: NetRole) -> String? {
    switch role {
    case .generator: initialGenerator
    case .critic: initialCritic
    }
  }

  package var length: RunLength {
    get { generatorSteps.map(RunLength.generatorSteps) ?? .epochs(epochs ?? 0) }
    set {
      switch newValue {
      case .epochs(let count): (epochs, generatorSteps) = (count, nil)
      case .generatorSteps(let count): (epochs, generatorSteps) = (nil, count)
      }
    }
  }

  package func validate() throws(ConfigurationError) {
    try training.validate()
    let ranges = [
      ("--epochs", epochs ?? 1, 1...1_000_000), ("--generator-steps", generatorSteps ?? 1, 1...1_000_000_000),
      ("--threads", threads, 1...1024), ("--sample-every", sampleEvery, 0...1_000_000_000),
      ("--checkpoint-every", checkpointEvery, 0...1_000_000_000),
      ("--evaluate-every", evaluateEvery, 0...1_000_000_000),
    ]
    for (flag, value, range) in ranges where !range.contains(value) {
      throw ConfigurationError(flag, "\(value): must be from \(range.lowerBound) to \(range.upperBound)")
    }
    if epochs == nil && generatorSteps == nil { throw ConfigurationError("--epochs", "or --generator-steps is needed") }
  }
}

extension RunConfiguration {
  /// As `TrainingConfiguration` does: what an earlier version hadn't takes the value that its code had.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let field = FieldDecoder(values)
    version = try field(.version)
    data = try field(.data)
    cache = try values.decodeIfPresent(String.self, forKey: .cache)
    training = try field(.training)
    initialGenerator = try values.decodeIfPresent(String.self, forKey: .initialGenerator)
    initialCritic = try values.decodeIfPresent(String.self, forKey: .initialCritic)
    epochs = try values.decodeIfPresent(Int.self, forKey: .epochs)
    generatorSteps = try values.decodeIfPresent(Int.self, forKey: .generatorSteps)
    threads = try field(.threads)
    sampleEvery = try field(.sampleEvery)
    checkpointEvery = try field(.checkpointEvery)
    evaluateEvery = try field(.evaluateEvery, before: 0)
  }
}

/// Reading and writing of the run's JSON files.
enum RunJSON {
  static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // A run that has diverged must still be able to save itself.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
  }

  /// - Throws: `Failure(.badData)`, one line that names `source` and the first thing that is wrong in it.
  static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8], source: String) throws -> Value {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    func key(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
    let problem: String
    do {
      return try decoder.decode(type, from: Data(bytes))
    } catch DecodingError.keyNotFound(let missing, let context) {
      problem = "\"\(key(context.codingPath + [missing]))\" is missing"
    } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
      problem = "\"\(key(context.codingPath))\" has the wrong type"
    } catch DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty {
      problem = "\"\(key(context.codingPath))\" has a value that isn't possible"
    } catch {
      problem = "it isn't JSON"
    }
    throw Failure(.badData, "\(source): \(problem)")
  }
}
