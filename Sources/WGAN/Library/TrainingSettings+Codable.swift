// Settings in files: the object "training" of a run's config.json, in any format that has a coder.

import Configuration

extension TrainingSettings: Codable {
  /// Reads what ``encode(to:)`` writes, of this version or an earlier one, or the object `training` of a run's
  /// config.json: such settings hold out the same share as that run. (Which pictures it takes is its own matter.)
  ///
  /// - Throws: ``WGANError`` of kind `invalidSettings` for a key that isn't known, or a value that no GAN can have;
  ///   `DecodingError` where a key is missing or its value has the wrong type.
  public init(from decoder: any Decoder) throws {
    do {
      let configuration = try TrainingConfiguration(from: decoder)
      self.init(configuration: configuration, heldOut: configuration.heldOut)
    } catch let unknown as UnknownField {
      throw WGANError(.invalidSettings, "settings: \(unknown)")
    }
    try validate()
  }

  /// Writes every value, and the preset's name. A penalty's weight is written as the number in use, so it stays what it
  /// is whatever `auto` means one day.
  public func encode(to encoder: any Encoder) throws { try configuration.encode(to: encoder) }
}
