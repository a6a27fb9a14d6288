// The tensors of one net in a file of weights: found under whatever names they have, and checked against the net.

import TensorFiles
import Configuration
import SystemSupport
import Graph
import Training

/// A file's weights for one net. All that a net needs is there and has the net's shapes; nothing else is.
package struct NetWeights: Sendable {
  private let role: NetRole
  /// A parameter's name, and the file's tensor.
  private let places: [(name: String, tensor: StoredTensor)]

  /// - Parameter live: where the file is a checkpoint with an averaged generator, too, not that one.
  /// - Throws: `Failure(.badData)` that names the first tensor that differs and how; `Failure(.usage)` where the file
  ///   was trained as another net whose tensors have the same shapes; `NetworkError`.
  package init(
    in file: borrowing WeightsFile, for role: NetRole, of configuration: TrainingConfiguration, live: Bool = true
  ) throws {
    let path = file.path
    let parameters = ParameterTable(try configuration.network(role).fused()).all
    var others = configuration
    others.blockOrder = .convolutionNormActivation
    do {
      let averaged = NetRole.averagedGeneratorGroup
      let isAveraged = role == .generator && !live && file.tensors.contains { $0.name.hasPrefix(averaged + ".") }
      let found = try Self.find(
        isAveraged ? averaged : role.rawValue, role, parameters, of: others.network(role), in: file.tensors)
      let hasNorms = parameters.contains(where: \.isBuffer)
      if let origin = found.names.origin, hasNorms, configuration.blockOrder != .convolutionNormActivation {
        throw Failure(
          .usage,
          "\(path): has the names of \(origin) nets, whose blocks are conv-norm-act: give --block-order "
            + BlockOrder.convolutionNormActivation.rawValue)
      }
      places = found.places
    } catch let problem as FormatProblem {
      throw Failure(.badData, "\(path): isn't this \(role.rawValue): \(problem)")
    }
    if let theirs = try file.provenance?.configuration.network(role),
      let difference = theirs.firstDifference(from: configuration.network(role))
    {
      throw Failure(
        .usage, "\(path): was trained as another \(role.rawValue): \(difference); give the flags that it had")
    }
    self.role = role
  }

  /// Parameters and running statistics, as the trainer's and sampler's: "generator.initial.conv.weight".
  /// - Parameter file: the one that they were found in.
  /// - Throws: `Failure`, also where a tensor isn't finite, by the file's name of it.
  package func tensors(of file: borrowing WeightsFile) throws -> TensorSet {
    var result = TensorSet([])
    for (name, stored) in places {
      var tensor = try file.read(stored, as: stored.name)
      try TensorSet([tensor]).refuseNonFinite(file.path)
      tensor.name = "\(role.rawValue).\(name)"
      result.append(tensor)
    }
    return result
  }

  /// - Parameters:
  ///   - group: of our checkpoints.
  ///   - network: with blocks in other programs' order.
  private static func find(
    _ group: String, _ role: NetRole, _ parameters: [Parameter], of network: Network, in tensors: [StoredTensor]
  ) throws(FormatProblem) -> (names: TensorNames, places: [(name: String, tensor: StoredTensor)]) {
    let all = tensors.map { tensor in
      var tensor = tensor
      tensor.name = TensorNames.withoutDataParallel(tensor.name)
      return tensor
    }
    let (names, prefix) = try namesAndPrefix(group, role, parameters, of: network, in: all)
    var byName: [String: StoredTensor] = [:]
    for tensor in all where tensor.name.hasPrefix(prefix) {
      byName[String(tensor.name.dropFirst(prefix.count))] = tensor
    }
    // Named as the file does: that is where a person will look.
    let expected = parameters.map { ($0, $0.isBuffer, names.name(of: $0, in: network) ?? $0.name) }
    let known = Set(expected.map(\.2))
    let unexpected = all.first { tensor in
      guard tensor.name.hasPrefix(prefix) else { return false }
      let name = tensor.name.dropFirst(prefix.count)
      return !known.contains(String(name)) && name.split(separator: ".").last != Substring(TensorNames.batchCount)
    }
    var places: [(name: String, tensor: StoredTensor)] = []
    for (parameter, _, name) in expected {
      guard let tensor = byName[name] else {
        if let other = otherNet(of: all) { throw FormatProblem(other) }
        throw FormatProblem(
          "tensor \(shown(prefix + name)) is missing" + (unexpected.map { ", \(shown($0.name)) is there" } ?? ""))
      }
      guard tensor.shape == parameter.shape else {
        throw FormatProblem("tensor \(shown(tensor.name)) has shape \(tensor.shape), the net's has \(parameter.shape)")
      }
      guard tensor.type != .int64 else { throw FormatProblem("tensor \(shown(tensor.name)) has whole numbers") }
      places.append((parameter.name, tensor))
    }
    if let unexpected {
      throw FormatProblem("tensor \(shown(unexpected.name)) is unexpected: the net has no such tensor")
    }
    return (names, places)
  }

  /// Whose net this is, by names that no DCGAN has; nil where that isn't known.
  private static func otherNet(of tensors: [StoredTensor]) -> String? {
    func has(_ part: String) -> Bool { tensors.contains { $0.name.contains(part) } }
    let program =
      has("GE.initial_conv.") || has("D.residual_layers.")
      ? "lightweight-gan's" : has("synthesis.b4.") || has("mapping.fc0.") ? "StyleGAN's" : nil
    return program.map { "it is \($0), which has other layers than a DCGAN: nothing of it fits" }
  }

  /// The names whose first parameter is in the file, and what stands before it there.
  private static func namesAndPrefix(
    _ group: String, _ role: NetRole, _ parameters: [Parameter], of network: Network, in tensors: [StoredTensor]
  ) throws(FormatProblem) -> (names: TensorNames, prefix: String) {
    let own = group + "."
    for names in TensorNames.allCases {
      guard let first = parameters.first.flatMap({ names.name(of: $0, in: network) }) else { continue }
      var prefixes: [String] = []
      for tensor in tensors where tensor.name == first || tensor.name.hasSuffix("." + first) {
        prefixes.append(String(tensor.name.dropLast(first.count)))
      }
      if prefixes.contains(own) { return (names, own) }
      if prefixes.contains("") { return (names, "") }
      if prefixes.count > 1 {
        throw FormatProblem(
          "it has several nets (\(prefixes.prefix(3).map { shown($0.dropLast()) }.joined(separator: ", "))): save the "
            + "\(role.rawValue)'s state_dict by itself")
      }
      if let prefix = prefixes.first { return (names, prefix) }
    }
    // Theirs by the look of it: then the difference is told in their names.
    let theirs = tensors.contains { $0.name.hasPrefix("main.initial:") || $0.name.hasPrefix("main.final:") }
    let dotted = tensors.contains { $0.name.hasPrefix("main.initial.") }
    return (
      theirs ? .authors : dotted ? .authorsWithDots : .blog, tensors.contains { $0.name.hasPrefix(own) } ? own : ""
    )
  }
}

extension WeightsFile {
  /// nil where the file says nothing of it: another program's.
  package var provenance: Provenance? {
    get throws { try Provenance(metadata: metadata, source: path) }
  }
}

extension Network {
  /// One line; nil where both compute the same.
  func firstDifference(from other: Network) -> String? {
    if input != other.input { return "its input is \(input), here it's \(other.input)" }
    for i in 0..<max(layers.count, other.layers.count) {
      let (theirs, ours) = (layers.dropFirst(i).first, other.layers.dropFirst(i).first)
      if theirs != ours {
        func words(_ layer: Layer?) -> String { layer.map { "\($0)" } ?? "nothing" }
        return "its layer \(i + 1) is \(words(theirs)), here it's \(words(ours))"
      }
    }
    return nil
  }
}
