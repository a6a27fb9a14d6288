// Flags that several measurements share, and how results are printed.

import ArgumentParser
import CommandSupport
import Compute
import Configuration

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The parameters of a measurement: what the nets are whose layers or steps are timed, and how they convolve. What
/// isn't given is the preset blog's.
enum MeasuredParameters: ParameterSelection {
  typealias Parameters = TrainingParameters
  static var selected: [any Declaration] {
    let all = TrainingParameters.declared
    return [
      all.size, all.features, all.latent, all.extraLayers, all.batchSize, all.algorithm, all.precision, all.criticNorm,
      all.objective, all.penaltyWeight, all.augment,
    ]
  }

  fileprivate static var preset: TrainingConfiguration { .blog }
  static var shownLabel: String { preset.preset }
  static func shownDefault(of declaration: some Declaration) -> String { declaration.value(in: preset.values).text }
}

extension ParameterOptions<MeasuredParameters> {
  /// - Throws: `ConfigurationError`.
  func configuration() throws(ConfigurationError) -> TrainingConfiguration {
    let configuration = MeasuredParameters.preset.overridden(by: overrides())
    try configuration.validate()
    return configuration
  }
}

/// How a result is printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table
  case json
}

/// `a,b,c` as values, each once.
func commaSeparated<Value: Equatable>(_ text: String, _ value: (String) throws -> Value) rethrows -> [Value] {
  var values: [Value] = []
  for part in text.split(separator: ",", omittingEmptySubsequences: false) {
    let value = try value(String(part))
    if !values.contains(value) { values.append(value) }
  }
  return values
}

/// `1,2`: thread counts.
func parseThreads(_ text: String) throws -> [Int] {
  try commaSeparated(text) {
    guard let count = Int($0), (1...1024).contains(count) else {
      throw ValidationError("numbers from 1 to 1024, such as 1,\(Device.coreCount)")
    }
    return count
  }
}

/// `avx2,avx512` or `all`: instruction sets that this machine runs.
func parseInstructionSets(_ text: String) throws -> [InstructionSet] {
  if text == "all" { return Device.supported }
  return try commaSeparated(text) {
    guard let set = InstructionSet(rawValue: $0), Device.supported.contains(set) else {
      throw ValidationError("this machine runs \(Device.supported.map(\.rawValue).joined(separator: ",")), or all")
    }
    return set
  }
}

extension Pass {
  /// `forward,backwardData` or `all`.
  static func parseList(_ text: String) throws -> [Pass] {
    if text == "all" { return allCases }
    return try commaSeparated(text) {
      guard let pass = Pass(rawValue: $0) else {
        throw ValidationError("passes are \(allCases.map(\.rawValue).joined(separator: ",")), or all")
      }
      return pass
    }
  }
}

func printJSON(_ value: some Encodable) throws { try printJSON(value, .prettyPrinted) }

/// On one line: the last one is what Benchmarks/peers/compare.py reads.
func printJSONLine(_ value: some Encodable) throws { try printJSON(value, []) }

private func printJSON(_ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
  print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
