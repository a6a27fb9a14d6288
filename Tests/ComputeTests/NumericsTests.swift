import Compute
import Foundation
import ReferenceKernels
import Testing

/// Protects the accuracy that docs/Numerics.md states: each pass on random data next to Double. A sum of K products of
/// both signs, in order, each step rounded by at most u = 2^-24 of what it holds, has an rms error of about u * sqrt(K
/// / 6) of the outputs' standard deviation (a random walk whose partial sums grow with the root of the terms).
///
/// The fast method may err up to three times as much as the direct one. Of bf16, whose operands are rounded by up to
/// 2^-9 of them, each method's error is that of this rounding.
///
/// With WGAN_NUMERICS=1 the test prints the table of docs/Numerics.md.
@Suite struct NumericsTests {
  /// The seed nets' convolutions with a few pictures.
  static let layers = [
    ConvolutionCase(.picture, mb: 2, ic: 3, ih: 64, oc: 64),
    ConvolutionCase(mb: 2, ic: 64, ih: 32, oc: 128),
    ConvolutionCase(mb: 2, ic: 128, ih: 16, oc: 256),
    // Eight tiles: the fewest that `auto` gives to the fast method.
    ConvolutionCase(mb: 8, ic: 256, ih: 8, oc: 512),
    ConvolutionCase(mb: 2, ic: 64, ih: 32, oc: 64, kh: 3, sh: 1, ph: 1),
    ConvolutionCase(mb: 2, ic: 512, ih: 4, oc: 100, sh: 1, ph: 0),
  ]

  @Test(arguments: layers, Pass.allCases) func errorIsThatOfOneSumInOrder(_ shape: ConvolutionCase, pass: Pass) {
    var data = TestData(seed: 8000)
    let (shapeA, shapeB) = shape.operandShapes(pass)
    let a = data.uniform(shapeA.reduce(1, *))
    let b = data.uniform(shapeB.reduce(1, *))
    let expected = shape.reference(pass, ReferenceTensor(shapeA, a), ReferenceTensor(shapeB, b)).values
    let deviation = rootMeanSquare(expected)
    // Of the kernel's taps only those of one phase reach a pixel of backwardData.
    let c = shape.convolution
    let phases = pass != .backwardData ? 1 : c.outputSize == 1 ? c.kernel * c.kernel : c.stride * c.stride
    let terms = shape.depth(pass) / phases
    for device in devices(threads: 2) {
      var direct = 0.0
      let fp32 = [shape, shape.fast].compactMap(\.self)
      for shape in fp32 + (device.refusal(.bfloat16) == nil ? fp32.compactMap(\.bfloat16) : []) {
        let result = shape.run(pass, a, b, on: device)
        let errors = zip(result, expected).map { Double($0) - $1 }
        let rms = rootMeanSquare(errors) / deviation
        let largest = (errors.map(abs).max() ?? 0) / deviation
        if shape.algorithm == .direct { direct = rms }
        let own = shape.precision == .float32 ? unitRoundoff * Double(terms).squareRoot() : 3e-3
        let bound = shape.algorithm == .direct ? own : 3 * direct
        #expect(rms <= bound, "\(shape.repro(pass, device)): rms \(rms) of the standard deviation, above \(bound)")
        if ProcessInfo.processInfo.environment["WGAN_NUMERICS"] != nil {
          let cells = [
            "mb\(shape.batch)\(shape.convolution.description)", pass.rawValue, device.instructionSet.rawValue,
            "\(terms)", shape.algorithm.rawValue, shape.primitive(on: device).precision.rawValue,
          ]
          print("| " + cells.joined(separator: " | ") + String(format: " | %.1e | %.1e |", rms, largest))
        }
      }
    }
  }

  private func rootMeanSquare(_ values: [Double]) -> Double {
    (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
  }
}
