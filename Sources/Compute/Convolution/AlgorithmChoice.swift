// How a person wants convolutions to be computed: the one public name of this module, for the library's settings.

/// How convolutions are computed. Each gives the same bits for any number of threads; the two methods round
/// differently.
public enum AlgorithmChoice: String, Codable, Sendable, CaseIterable {
  /// Winograd's fast method where a rule over shapes expects it to be faster.
  case auto
  /// As convolutions are defined.
  case direct
  /// Fast wherever there is a fast method, however few the pictures.
  case winograd
}
