// What a configuration asks of the processor.

import Compute

extension TrainingConfiguration {
  /// - Throws: where the device can't compute as the configuration says.
  package func check(on device: Device) throws(ConfigurationError) {
    guard let refusal = device.refusal(self.precision) else { return }
    throw ConfigurationError(
      TrainingParameters.declared.precision.name,
      "\(self.precision.text): \(refusal); a new run can have \(\.precision, .float32)")
  }
}
