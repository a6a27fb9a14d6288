import Foundation
import Testing

/// Protects: the same seed gives the same run on every machine. What decides a run's bits calls none of libm's
/// functions whose bits no standard defines; ElementaryFunctions has those that are needed. (floor, sqrt and the like
/// are exact.)
@Suite struct LibmSymbolsTests {
  static let modules =
    KernelObjects.pages + [
      "ElementaryFunctions", "Randomness", "Images", "Datasets", "Compute", "Graph", "TensorFiles", "Configuration",
      "Training", "WGAN",
    ]

  static let inexact: Set<String> = {
    let names = [
      "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "cospi", "erf", "erfc", "exp",
      "exp10", "exp2", "expm1", "hypot", "lgamma", "log", "log10", "log1p", "log2", "pow", "powi", "sin", "sincos",
      "sinh", "sinpi", "tan", "tanh", "tgamma",
    ]
    return Set(names + names.map { $0 + "f" })
  }()

  @Test(arguments: modules) func callsNoInexactFunction(_ module: String) throws {
    for object in try KernelObjects.files(of: module) {
      let called = try KernelObjects.run("nm", ["--undefined-only", object.path])
        .split(whereSeparator: \.isWhitespace).map(String.init)
      let inexact = called.filter { Self.inexact.contains($0) }
      #expect(inexact.isEmpty, "\(module) calls \(inexact): its bits are each machine's own")
    }
  }
}
