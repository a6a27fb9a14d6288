// The flags that decide what the nets are: `train`, `inspect` and `generate` have them.

import ArgumentParser
import CommandSupport
import Configuration

struct NetworkOptions: ParsableArguments {
  /// Of commands that draw pictures: few people have a file that doesn't say what its net is.
  static let titleOfGenerators = "The net of --generator"

  @Option(
    help: ArgumentHelp(
      """
      A whole configuration, of which other flags change single values: \
      \(TrainingConfiguration.presets.map(\.preset).joined(separator: ", ")).
      """, valueName: "name"))
  var preset: String?

  @OptionGroup var parameters: ParameterOptions<NetParameters>

  var overrides: [ConfigurationOverride] { parameters.overrides() }
  var isEmpty: Bool { preset == nil && overrides.isEmpty }
}

enum NetParameters: ParameterSelection {
  typealias Parameters = TrainingParameters
  static let selected = TrainingParameters.declared.all.filter { $0.section == .nets }
}

enum StepParameters: ParameterSelection {
  typealias Parameters = TrainingParameters
  static let selected = TrainingParameters.declared.all.filter { $0.section == .steps }
}

enum PictureParameters: ParameterSelection {
  typealias Parameters = TrainingParameters
  static let selected = TrainingParameters.declared.all.filter { $0.section == .pictures }
}
