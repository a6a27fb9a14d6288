import Compute
import ReferenceKernels
import Testing

/// Pictures of one shape, and which changes are made.
struct AugmentationCase: Sendable, CustomTestStringConvertible, CustomStringConvertible {
  var size: Int
  var channels: Int
  var color: Bool
  var translate: Bool
  var cutout: Bool
  let batch = 5

  static let all: [AugmentationCase] = [16, 32, 48, 64].flatMap { size in
    [1, 3, 4].flatMap { channels in
      (0..<8).map { kinds in
        AugmentationCase(
          size: size, channels: channels, color: kinds & 1 != 0, translate: kinds & 2 != 0, cutout: kinds & 4 != 0)
      }
    }
  }

  var shape: [Int] { [batch, channels, size, size] }
  var count: Int { shape.reduce(1, *) }
  var description: String {
    "mb\(batch)ic\(channels)ih\(size)\(color ? " color" : "")\(translate ? " translate" : "")\(cutout ? " cutout" : "")"
  }
  var testDescription: String { description }

  func layout(halo: Int) -> ActivationLayout {
    ActivationLayout(.interleaved, channels: channels, height: size, width: size, halo: halo)
  }

  /// A change of each picture: as the definition draws it, and as the engine is told.
  func drawn(_ data: inout TestData) -> [(definition: ReferenceAugmentation, parameters: AugmentationParameters)] {
    (0..<batch).map { n in
      var (definition, parameters) = (ReferenceAugmentation(), AugmentationParameters())
      if color {
        let u = data.uniform(3, 0, 1)
        (definition.brightness, definition.saturation, definition.contrast) = (Double(u[0]), Double(u[1]), Double(u[2]))
        (parameters.brightness, parameters.saturation, parameters.contrast) = (u[0] - 0.5, 2 * u[1], u[2] + 0.5)
      }
      if translate {
        // The first two go as far as they can.
        let reach = size / 8
        let (y, x) =
          n == 0
          ? (reach, -reach)
          : n == 1 ? (-reach, reach) : (data.below(2 * reach + 1) - reach, data.below(2 * reach + 1) - reach)
        definition.translation = (y, x)
        (parameters.shiftY, parameters.shiftX) = (y, x)
      }
      if cutout {
        let (y, x) = n == 0 ? (0, size) : n == 1 ? (size, 0) : (data.below(size + 1), data.below(size + 1))
        definition.cutout = (y, x)
        let side = 0..<size
        parameters.cutRows = (y - size / 4..<y + size / 4).clamped(to: side)
        parameters.cutColumns = (x - size / 4..<x + size / 4).clamped(to: side)
      }
      return (definition, parameters)
    }
  }
}

/// Protects: the engine's augmentation is the paper's, its adjoint is the adjoint, and neither's bits depend on threads
/// or instruction set.
@Suite struct AugmentationTests {
  @Test(arguments: AugmentationCase.all) func isTheDefinitions(c: AugmentationCase) {
    var data = TestData(seed: c.size + c.channels)
    let values = data.uniform(c.count)
    let changes = c.drawn(&data)
    var expected = ReferenceTensor(c.shape, values)
    for (n, change) in changes.enumerated() { expected = change.definition.apply(expected, picture: n) }
    var first: [Float]?
    for device in (1...3).flatMap(devices) {
      for (from, to) in [(1, 1), (0, 2)] {
        let repro = "setAugmented \(c), halo \(from) to \(to), \(device.instructionSet), \(device.threads) threads"
        let result = GuardedActivations(c.layout(halo: to), batch: c.batch)
        result.activations.setAugmented(
          GuardedActivations(c.layout(halo: from), batch: c.batch, values: values).activations,
          changes.map(\.parameters), on: device)
        // A value is at most 2 * 1.5 * 1, so are the parts that cancel.
        expectEqual(result.values, expected, bound: c.color ? { _ in 30 * unitRoundoff } : nil, repro)
        result.expectCleanFrame(repro)
        expectSameBits(result.values, first ?? result.values, repro)
        first = result.values
      }
    }
  }

  /// <A x, y> = <x, A^T y> for the linear part A of the definition: what it makes of x, less what it makes of zeros.
  @Test(arguments: AugmentationCase.all) func theGradientIsTheAdjoint(c: AugmentationCase) {
    var data = TestData(seed: 100 + c.size + c.channels)
    let (x, y) = (data.uniform(c.count), data.uniform(c.count))
    let changes = c.drawn(&data)
    var (image, origin) = (ReferenceTensor(c.shape, x), ReferenceTensor(shape: c.shape))
    for (n, change) in changes.enumerated() {
      image = change.definition.apply(image, picture: n)
      origin = change.definition.apply(origin, picture: n)
    }
    let left = ReferenceTensor.dot(image.combined(with: origin, -), ReferenceTensor(c.shape, y))
    var first: [Float]?
    for device in (1...3).flatMap(devices) {
      let repro = "setAugmentationGradient \(c), \(device.instructionSet), \(device.threads) threads"
      let result = GuardedActivations(c.layout(halo: 1), batch: c.batch)
      result.activations.setAugmentationGradient(
        GuardedActivations(c.layout(halo: 2), batch: c.batch, values: y).activations, changes.map(\.parameters),
        on: device)
      let right = zip(x, result.values).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      // Errors of single values add up as a walk does.
      let bound = 30 * unitRoundoff * Double(c.count).squareRoot()
      #expect(abs(left - right) <= (c.color ? bound : 1e-12 * Double(c.count)), "\(repro): \(left) and \(right)")
      result.expectCleanFrame(repro)
      expectSameBits(result.values, first ?? result.values, repro)
      first = result.values
    }
  }

  /// Parameters that change nothing change no bit.
  @Test func nothingIsChangedByNothing() {
    let c = AugmentationCase(size: 16, channels: 3, color: false, translate: false, cutout: false)
    var data = TestData(seed: 1)
    var values = data.uniform(c.count)
    (values[0], values[1]) = (-0.0, .leastNonzeroMagnitude)
    let source = GuardedActivations(c.layout(halo: 1), batch: c.batch, values: values)
    for device in devices(threads: 2) {
      let target = GuardedActivations(c.layout(halo: 1), batch: c.batch)
      let none = [AugmentationParameters](repeating: AugmentationParameters(), count: c.batch)
      target.activations.setAugmented(source.activations, none, on: device)
      expectSameBits(target.values, values, "forward")
      target.activations.setAugmentationGradient(source.activations, none, on: device)
      expectSameBits(target.values, values, "adjoint")
    }
  }
}
