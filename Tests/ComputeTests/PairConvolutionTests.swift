import Compute
import ReferenceKernels
import Testing

/// Protects: `--precision bf16` computes what ReferenceKernels says it does, to the bit: the passes of every layer
/// between a net's first and last, and of shapes that fill no block. (ConvolutionTests runs the same drivers with any
/// number of threads, any cache, every epilogue.)
@Suite struct PairConvolutionTests {
  /// The definition's loops are slow: one picture of the largest planes, two of the others.
  static let shapes = ConvolutionTests.pairShapes

  @Test(.enabled(if: Device.supportsBFloat16), arguments: shapes, Pass.allCases)
  func bitsAreTheDefinitions(_ shape: ConvolutionCase, pass: Pass) {
    var data = TestData(seed: 9000 + shape.batch)
    let (shapeA, shapeB) = shape.operandShapes(pass)
    let a = data.uniform(shapeA.reduce(1, *))
    let b = data.uniform(shapeB.reduce(1, *))
    let (referenceA, referenceB) = (ReferenceTensor(shapeA, a), ReferenceTensor(shapeB, b))
    let c = shape.convolution
    let definition = ReferenceConvolution(kernel: c.kernel, stride: c.stride, padding: c.padding)
    let expected =
      switch pass {
      case .forward: definition.bfloat16Forward(source: referenceA, weights: referenceB)
      case .backwardData:
        definition.bfloat16BackwardData(
          diffDestination: referenceA, weights: referenceB, sourceSize: (c.inputSize, c.inputSize))
      case .backwardWeights: definition.bfloat16BackwardWeights(source: referenceA, diffDestination: referenceB)
      }
    let device = Device(threads: 2)
    expectSameBits(shape.run(pass, a, b, on: device), expected.floats, shape.repro(pass, device))
  }

  /// First and last layers multiply Floats, and so does what is one position.
  @Test func onlyMiddleLayersMultiplyBFloat16() {
    for shape in ConvolutionTests.netShapes {
      let c = shape.convolution
      #expect(c.multipliesBFloat16 == (c.form == .blocked && c.outputSize > 1))
    }
  }

  /// The shape alone decides what runs, so that a run's bits are the same on every machine: not threads, not caches.
  @Test(.enabled(if: Device.supportsBFloat16)) func theShapeDecides() {
    func method(_ shape: ConvolutionCase, _ choice: AlgorithmChoice) -> [String] {
      let methods = [Device(threads: 1), Device(threads: 7, firstCacheBytes: 1, cacheBytes: 1)].flatMap { device in
        let primitive = ConvolutionPrimitive(
          shape.convolution, batch: shape.batch, choice: choice, precision: .bfloat16, on: device)
        return Pass.allCases.map { primitive.algorithm($0).rawValue + " " + primitive.precision.rawValue }
      }
      return Set(methods).sorted()
    }
    let few = ConvolutionCase(mb: 7, ic: 256, ih: 8, oc: 512)
    let enough = ConvolutionCase(mb: 8, ic: 256, ih: 8, oc: 512)
    #expect(method(few, .auto) == ["direct bf16"] && method(few, .winograd) == ["winograd bf16"])
    #expect(method(enough, .auto) == ["winograd bf16"] && method(enough, .direct) == ["direct bf16"])
    // 3x3: fp32's fast method, where there is work enough for it.
    let few3 = ConvolutionCase(mb: 7, ic: 32, ih: 4, oc: 32, kh: 3, sh: 1, ph: 1)
    let enough3 = ConvolutionCase(mb: 8, ic: 32, ih: 4, oc: 32, kh: 3, sh: 1, ph: 1)
    #expect(method(few3, .auto) == ["direct bf16"] && method(few3, .winograd) == ["winograd fp32"])
    #expect(method(enough3, .auto) == ["winograd fp32"] && method(enough3, .direct) == ["direct bf16"])
  }

  /// A refusal says what is missing and what to do.
  @Test func otherDevicesRefuse() {
    for device in devices(threads: 1) {
      #expect(device.refusal(.float32) == nil)
      if device.instructionSet == .avx512 && Device.supportsBFloat16 {
        #expect(device.refusal(.bfloat16) == nil)
      } else {
        #expect(device.refusal(.bfloat16)?.contains("AVX512_BF16") == true)
      }
    }
  }
}
