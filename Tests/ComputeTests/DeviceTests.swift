import Compute
import Testing

/// Protects: the choice of an instruction set.
@Suite struct DeviceTests {
  @Test func environmentChoosesTheInstructionSet() throws {
    func chosen(_ environment: [String: String]) throws -> InstructionSet {
      try Device.fromEnvironment(environment, threads: 1).instructionSet
    }
    for set in Device.supported {
      #expect(try chosen(["WGAN_ISA": set.rawValue, "PATH": "/bin"]) == set)
    }
    #expect(try chosen(["WGAN_ISA": ""]) == Device.best)
    #expect(try chosen([:]) == Device.best)
    let error = #expect(throws: UnknownInstructionSet.self) { try chosen(["WGAN_ISA": "mmx"]) }
    #expect(error?.description.contains("mmx") == true && error?.description.contains("portable") == true)
  }

  /// Every machine runs the portable kernels, and the list goes from the slowest to the best.
  @Test func portableIsAlwaysThere() {
    #expect(Device.supported.first == .portable)
    #expect(Device.supported.last == Device.best)
    #expect(Set(Device.supported).count == Device.supported.count)
  }

  /// Protects `wgan-bench conv --only`: a part's device leaves out the other part and nothing else. The direct method
  /// has no transforms, so its products alone are all of it; without products nothing is added up.
  @Test(arguments: InstructionSet.allCases.filter(Device.supported.contains), [Pass.forward, .backwardData])
  func aPartLeavesOutTheOtherOne(set: InstructionSet, pass: Pass) throws {
    let device = Device(instructionSet: set, threads: 2)
    let direct = ConvolutionCase(mb: 2, ic: 16, ih: 8, oc: 32)
    let fast = try #require(direct.fast)
    func ones(_ shape: [Int]) -> [Float] { Array(repeating: 1, count: shape.reduce(1, *)) }
    for one in [direct, fast] {
      let (a, b) = one.operandShapes(pass)
      func values(_ part: ConvolutionPart?) -> [Float] {
        one.run(pass, ones(a), ones(b), on: part.map { device.only($0) } ?? device)
      }
      #expect((values(.products) == values(nil)) == (one.algorithm == .direct))
      #expect(values(.rest) != values(nil))
    }
  }
}
