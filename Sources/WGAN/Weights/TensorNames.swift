// How other programs name a net's tensors.
//
// Before a name may stand a prefix: "generator." in our checkpoints, "state_dict." where a dictionary holds the net's,
// "module." where torch.nn.DataParallel was saved. The last says nothing and is dropped wherever it stands.
//
// The WGAN authors (Arjovsky, Chintala and Bottou; models/dcgan.py of their repository) put their channels into the
// names:
//
//     ours                       theirs, A and B the channels in and out      the same before PyTorch forbade dots
//     initial.conv (critic)      main.initial:A-B:conv                        main.initial.conv.A-B
//     initial.conv (generator)   main.initial:A-B:convt                       main.initial.A-B.convt
//     initial.bn                 main.initial:B:batchnorm                     main.initial.B.batchnorm
//     pyramid.I.conv             main.pyramid:A-B:conv (generator: convt)     main.pyramid.A-B.conv
//     pyramid.I.bn               main.pyramid:B:batchnorm                     main.pyramid.B.batchnorm
//     extra.I.conv               main.extra-layers-I:B:conv                   main.extra-layers-I.B.conv
//     extra.I.bn                 main.extra-layers-I:B:batchnorm              main.extra-layers-I.B.batchnorm
//     final (critic)             main.final:A-1:conv                          main.final.A-1.conv
//     final (generator)          main.final:A-B:convt                         main.final.A-B.convt
//
// PyTorch's DCGAN example and tutorial have one Sequential, which numbers its modules: activations count too.
//
//     ours                                   theirs
//     initial.conv, initial.bn (generator)   main.0, main.1
//     pyramid.I.conv, pyramid.I.bn           main.3, main.4, then main.6, main.7 ... (critic: main.2, main.3 ...)
//     final                                  the last one with weights

import Graph

enum TensorNames: CaseIterable {
  /// Ours, and the blog post's.
  case blog
  case authors
  case authorsWithDots
  case sequential

  /// Whose nets these are whose blocks are conv-norm-act; nil for ours, which may be either.
  var origin: String? {
    switch self {
    case .blog: nil
    case .authors, .authorsWithDots: "the WGAN authors'"
    case .sequential: "PyTorch's DCGAN example's"
    }
  }

  /// The name of a net's parameter; nil where the others have no such parameter.
  ///
  /// - Parameter network: the net, with blocks in the others' order.
  func name(of parameter: Parameter, in network: Network) -> String? {
    let separator: String
    switch self {
    case .blog: return parameter.name
    case .authors: separator = ":"
    case .authorsWithDots: separator = "."
    case .sequential: return Self.sequentialName(of: parameter, in: network)
    }
    var path = parameter.name.split(separator: ".").map(String.init)
    guard let leaf = path.popLast() else { return nil }
    let shape = parameter.shape
    let kind: String
    func convolution(inputs: Int, outputs: Int, _ operation: String) -> String {
      if path.last == "conv" { path.removeLast() }
      return switch (path.first, self, operation) {
      case ("extra", _, _): [String(outputs), operation].joined(separator: separator)
      case ("initial", .authorsWithDots, "conv"): "conv.\(inputs)-\(outputs)"
      default: ["\(inputs)-\(outputs)", operation].joined(separator: separator)
      }
    }
    switch parameter.kind {
    case .convolutionWeight: kind = convolution(inputs: shape[1], outputs: shape[0], "conv")
    case .transposedConvolutionWeight: kind = convolution(inputs: shape[0], outputs: shape[1], "convt")
    case .linearWeight, .bias: return nil  // Ours are theirs: "main.0.weight".
    case .gamma, .beta, .runningMean, .runningVariance:
      guard path.popLast() == "bn" else { return nil }
      kind = [String(shape[0]), "batchnorm"].joined(separator: separator)
    }
    let place: String
    switch (path.first, path.count) {
    case ("extra", 2): place = "extra-layers-" + path[1]
    case ("pyramid", 2): place = "pyramid"
    case ("initial", 1), ("final", 1): place = path[0]
    default: return nil
    }
    return "main." + place + separator + kind + "." + leaf
  }

  /// "pyramid.0.bn.weight" -> "main.4.weight"
  private static func sequentialName(of parameter: Parameter, in network: Network) -> String? {
    let index = network.layers.firstIndex { layer in
      switch layer {
      case .convolution(let name, _, _, _, _), .transposedConvolution(let name, _, _, _, _), .batchNorm(let name):
        parameter.name.hasPrefix(name + ".")
      case .linear, .view, .activation, .tanh: false
      }
    }
    guard let index, let leaf = parameter.name.split(separator: ".").last else { return nil }
    return "main.\(index).\(leaf)"
  }

  /// "module.initial.conv.weight" -> "initial.conv.weight".
  static func withoutDataParallel(_ name: String) -> String {
    var name = name[...]
    if name.hasPrefix("module.") { name = name.dropFirst("module.".count) }
    return name.split(separator: ".module.", omittingEmptySubsequences: false).joined(separator: ".")
  }

  /// PyTorch's count of a norm's batches: a norm with a momentum doesn't use it.
  static let batchCount = "num_batches_tracked"
}
